"""Pages that are printed, from a screen by day and by night."""

from __future__ import annotations

from pathlib import Path

import pytest

from servers.chromium import Page
from servers.pdf_colours import fills


@pytest.mark.parametrize(
    "path", ["index.html", "subscribe/index.html", "atom.xml", "posts/a-key-and-a-kettle/index.html"]
)
def test_a_page_is_printed_by_night_as_by_day(site: Path, page: Page, path: str) -> None:
    assert_white_paper(page, (site / path).as_uri())


def test_the_page_for_unsubscribing_is_printed_by_night_as_by_day(address: str, page: Page) -> None:
    assert_white_paper(page, f"{address}u/")


def assert_white_paper(page: Page, where: str) -> None:
    printed = {}
    for dark in (False, True):
        page.resize(800, dark=dark)
        page.open(where)
        printed[dark] = fills(page.pdf())
    assert printed[True] == printed[False]
    for shade in printed[True]:
        assert max(shade) - min(shade) < 0.01, "shades of grey"
        assert shade == (1.0, 1.0, 1.0) or max(shade) <= 0.6, "on white"

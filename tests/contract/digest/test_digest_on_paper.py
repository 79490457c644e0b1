"""A mail that is printed, from a screen by day and by night."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from briefingfeed.preview.framing import Scheme, framed
from servers.chromium import Page, chromium
from servers.pdf_colours import fills

BLACK, GREY, WHITE = (0.0,) * 3, (0.6,) * 3, (1.0,) * 3


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with chromium(tmp_path_factory.mktemp("browser")) as browser:
        yield browser.page()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_paper_is_white_whatever_the_screen(page: Path, tab: Page, dark: bool) -> None:
    tab.resize(800, dark=dark)
    tab.open(page.as_uri())
    printed = fills(tab.pdf())
    assert set(printed) == {BLACK, GREY, WHITE}
    assert printed[BLACK] > 1


def test_paper_is_white_even_where_a_program_makes_the_dark_rules_hold_everywhere(
    page: Path, tab: Page, tmp_path: Path
) -> None:
    rewritten = tmp_path / "rewritten.html"
    rewritten.write_text(framed(page.read_text("utf-8"), Scheme.DARK, {}), "utf-8")
    tab.resize(800)
    tab.open(rewritten.as_uri())
    assert set(fills(tab.pdf())) == {BLACK, GREY, WHITE}

"""The page that stands where there is nothing to see."""

from __future__ import annotations

from pathlib import Path

import pytest

from briefingfeed.preview.framing import Scheme, said
from servers.chromium import chromium


@pytest.mark.parametrize("around", [Scheme.LIGHT, Scheme.DARK])
def test_why_there_is_nothing_to_see_can_be_read_whatever_is_around_it(tmp_path: Path, around: Scheme) -> None:
    """A frame without a ground of its own shows that of the page around it."""
    with chromium(tmp_path) as browser:
        page = browser.page()
        for scheme, dark in ((Scheme.LIGHT, around is Scheme.DARK), (Scheme.DARK, around is Scheme.DARK)):
            file = tmp_path / f"{scheme}.html"
            file.write_text(said("There is no edition.", scheme), "utf-8")
            page.resize(800, dark=dark)
            page.open(file.as_uri())
            ground = page.run("getComputedStyle(document.documentElement).backgroundColor")
            ink = page.run("getComputedStyle(document.body).color")
            assert "rgba" not in ground, "seen through"
            assert ground != ink
            assert (ground == "rgb(255, 255, 255)") == (scheme is Scheme.LIGHT)

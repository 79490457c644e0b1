from __future__ import annotations

import re
from pathlib import Path

import pytest
from lxml import html

from .conftest import DARK, Browser, Colour

SCHEMES = re.compile(r"--(paper|tint|action): #([0-9a-f]{6});")


def colours_of(style: Path, *, dark: bool) -> dict[str, Colour]:
    """Return the named colours of a stylesheet of ours: the light ones come first, then the dark ones."""
    found = SCHEMES.findall(style.read_text())
    light, night = dict(found[:3]), dict(found[3:6])
    return {name: (*bytes.fromhex(value),) for name, value in (night if dark else light).items()}  # type: ignore[misc]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [375, 1200])
@pytest.mark.parametrize("path", ["atom.xml", "topics/housing/rss.xml"])
def test_39_feed_in_a_browser_is_a_page(browser: Browser, site: Path, path: str, width: int, dark: bool) -> None:
    seen = browser.colours(path, *([DARK] if dark else []), width=width)
    assert sum(seen.values()) == width * 900
    named = colours_of(site / "assets" / "feed.css", dark=dark)

    assert max(seen, key=lambda colour: seen[colour]) == named["paper"]
    assert seen[named["tint"]] > 20_000
    assert seen[named["action"]] > 100


def test_every_address_gets_a_button_that_copies_it(browser: Browser) -> None:
    page = html.fromstring(browser.document("subscribe/"))
    fields, buttons = page.xpath("//input"), page.xpath("//button")

    assert len(fields) == len(buttons) > 10
    assert {button.text for button in buttons} == {"Copy"}
    labels = [label.get("id") for label in page.xpath("//label")]
    assert [button.get("aria-describedby") for button in buttons] == labels


def test_without_scripts_there_are_the_addresses_and_no_dead_button(browser: Browser) -> None:
    # By any other spelling of its address the page may run no script.
    page = html.fromstring(browser.document("/subscribe/"))

    assert len(page.xpath("//input[@readonly]")) > 10
    assert page.xpath("//button") == []

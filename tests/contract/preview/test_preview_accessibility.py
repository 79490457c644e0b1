"""The page for everybody: axe-core finds nothing, wide and narrow, by day and by night; nothing runs off a phone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from servers.chromium import Page

AXE = Path(__file__).parents[2] / "setup" / "node" / "node_modules" / "axe-core" / "axe.min.js"
POST = "posts/2026-11-11-how-long-did-you-wait.md"


def violations(page: Page) -> list[str]:
    page.run(f"{AXE.read_text(encoding='utf-8')};0")
    found = page.run(
        "axe.run(document, {iframes: false, resultTypes: ['violations']}).then((result) => JSON.stringify("
        "result.violations.map((each) => `${each.id}: ${each.nodes.map((node) => node.target).join(' ')}`)))"
    )
    return list(json.loads(found))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [375, 1200])
def test_axe_finds_nothing_anywhere(page: Page, width: int, dark: bool) -> None:
    page.resize(width, dark=dark)
    for name, ready in (("edition:weekly", ".facts"), (POST, "#field-body")):
        page.run(f"location.hash = encodeURIComponent({json.dumps(name)})")
        page.wait(f"document.querySelector({json.dumps(ready)})")
        for pane in ("list", "write", "look"):
            page.run(f"document.querySelector('.panes button[data-pane={pane}]').click()")
            assert violations(page) == [], (name, pane)
            assert page.run("document.documentElement.scrollWidth <= innerWidth"), (name, pane)
    page.run("document.querySelector('#new').click()")
    page.wait("document.querySelector('dialog[open]')")
    assert violations(page) == []
    page.press("Escape")
    assert page.complaints() == []


def test_all_of_it_is_reached_by_the_keyboard(page: Page) -> None:
    page.run(f"location.hash = encodeURIComponent({json.dumps(POST)})")
    page.wait("document.querySelector('#field-body')")
    page.run("document.body.focus(); document.activeElement.blur()")
    reached = set()
    for _ in range(120):
        page.press("Tab")
        reached.add(page.run("document.activeElement.id || document.activeElement.textContent"))
    assert {"new", "search", "field-ready", "field-title", "field-body", "Bold", "Picture", "Save", "Phone"} <= reached

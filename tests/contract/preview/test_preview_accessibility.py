"""The page for everybody: axe-core finds nothing, wide and narrow, by day and by night; nothing runs off a phone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from servers.chromium import Page

from .conftest import Desk

AXE = Path(__file__).parents[2] / "setup" / "node" / "node_modules" / "axe-core" / "axe.min.js"
POST = "posts/2026-11-11-how-long-did-you-wait.md"


def violations(page: Page) -> list[str]:
    page.run(f"{AXE.read_text(encoding='utf-8')};0")
    found = page.run(
        "axe.run(document, {iframes: false, resultTypes: ['violations']}).then((result) => JSON.stringify("
        "result.violations.map((each) => `${each.id}: ${each.nodes.map((node) => node.target).join(' ')}`)))"
    )
    return list(json.loads(found))


LONG = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen" * 3


@pytest.mark.parametrize("width", [375, 800, 1200])
def test_axe_finds_nothing_where_there_is_much_to_mend_and_no_word_is_too_long(
    desk: Desk, page: Page, width: int
) -> None:
    (desk.posts / "2026-11-20-broken.md").write_text("---\ntitle: [oops\n---\n")
    (desk.posts / f"2026-11-20-{LONG[:100]}.md").write_text(
        f"---\ntitle: {LONG}\nemail: true\n---\n\n[here](https://x)\n"
    )
    page.resize(width, dark=width == 800)
    page.wait("document.querySelectorAll('.remark-list li').length > 1")
    for pane in ("list", "write", "look"):
        page.run(f"document.querySelector('.panes button[data-pane={pane}]').click()")
        assert violations(page) == [], pane
        for part in ("left", "middle"):
            assert page.run(
                f"(({{scrollWidth, clientWidth}}) => scrollWidth <= clientWidth)(document.getElementById('{part}'))"
            )


def test_what_is_pressed_on_a_phone_is_as_large_as_a_finger(page: Page) -> None:
    page.resize(375)
    page.run(f"location.hash = encodeURIComponent({json.dumps(POST)})")
    page.wait("document.querySelector('#field-body')")
    for pane in ("list", "write", "look"):
        page.run(f"document.querySelector('.panes button[data-pane={pane}]').click()")
        small = page.run(
            "[...document.querySelectorAll('button, select, summary, .cards a')].map((each) => [each, each"
            ".getBoundingClientRect()]).filter(([, box]) => box.width && Math.min(box.width, box.height) < 43.5)"
            ".map(([each]) => each.textContent)"
        )
        assert small == [], pane


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

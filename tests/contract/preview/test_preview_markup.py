"""The page's markup, as it is served and as its scripts have made it, judged by html-validate."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from servers.chromium import Page

from .conftest import Desk

JUDGE = Path(__file__).parents[2] / "setup" / "node" / "node_modules" / "html-validate" / "bin" / "html-validate.mjs"
RULES = {"root": True, "extends": ["html-validate:standard"], "rules": {"no-inline-style": "off"}}
"""Frames get their size from the window, as a style of their own."""
POST, BROKEN = "posts/2026-11-11-how-long-did-you-wait.md", "posts/2026-11-20-broken.md"


def judged(folder: Path, documents: dict[str, str]) -> str:
    (folder / "rules.json").write_text(json.dumps(RULES), "utf-8")
    for name, document in documents.items():
        (folder / f"{name}.html").write_text(document, "utf-8")
    files = [str(folder / f"{name}.html") for name in documents]
    command = ["node", str(JUDGE), "--config", str(folder / "rules.json"), *files]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return f"{done.stdout}{done.stderr}"


def test_html_validate_finds_nothing_in_what_is_served(desk: Desk, tmp_path: Path) -> None:
    (desk.folder / BROKEN).write_text("---\ntitle: [oops\n---\n")
    frames = {
        "page": f"/frame/dark/site?of={POST}",
        "edition": "/frame/light/site?of=edition:weekly",
        "feed": "/frame/dark/feed?of=edition:weekly",
        "said": f"/frame/light/mail?of={BROKEN}",
    }
    with desk.guest() as guest:
        guest.get("/state")
        documents = {name: guest.get(address).text for name, address in frames.items()}
        documents["desk"] = guest.get("/").text
    assert judged(tmp_path, documents) == ""


def test_html_validate_finds_nothing_in_what_the_scripts_make(desk: Desk, page: Page, tmp_path: Path) -> None:
    (desk.folder / BROKEN).write_text("---\ntitle: [oops\n---\n")
    page.wait("document.querySelector('.remark-list li')")
    documents = {}
    for name, of, ready in (
        ("edition", "edition:weekly", ".facts"),
        ("form", POST, "#field-body"),
        ("whole", BROKEN, "#field-whole"),
    ):
        page.run(f"location.hash = encodeURIComponent({json.dumps(of)})")
        page.wait(f"document.querySelector({json.dumps(ready)})")
        documents[name] = document_of(page)
    for part in ("text", "source"):
        page.click(f"[data-choice='part:{part}']")
        page.wait(f"document.querySelector('#stage pre.{part}')")
        documents[part] = document_of(page)
    page.click("#new")
    page.wait("document.querySelector('dialog[open]')")
    documents["dialog"] = document_of(page)
    assert judged(tmp_path, documents) == ""


def document_of(page: Page) -> str:
    return "<!DOCTYPE html>\n" + str(page.run("document.documentElement.outerHTML"))

"""When a disk, a file or another tab is in the way: nothing is lost, and people are told in words."""

from __future__ import annotations

import json
import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from servers.chromium import Chromium, Page

from .conftest import Desk, at_the_desk, publication

IS_ROOT = os.geteuid() == 0
POST = "posts/2026-11-09-a-key-and-a-kettle.md"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40_000
LIMIT = 2 * 1024 * 1024


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Desk]:
    """A desk whose posts are on a disk of their own where we may mount one."""
    folder = publication(tmp_path / "publication")
    posts = folder / "posts"
    files = {file.name: file.read_bytes() for file in posts.iterdir() if file.is_file()}
    if IS_ROOT:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", posts], check=True)
    try:
        for name, content in files.items():
            (posts / name).write_bytes(content)
        with at_the_desk(folder) as desk:
            yield desk
    finally:
        if IS_ROOT:
            subprocess.run(["umount", "-l", posts], check=True)


def fill_up(desk: Desk) -> None:
    if not IS_ROOT:
        resource.prlimit(desk.process.pid, resource.RLIMIT_FSIZE, (10, 10))
        return
    with suppress(OSError), (desk.posts / "fill").open("wb", buffering=0) as out:
        while True:
            out.write(bytes(512))


def lock(desk: Desk) -> None:
    if IS_ROOT:
        subprocess.run(["mount", "-o", "remount,ro", desk.posts], check=True)
    else:
        desk.posts.chmod(0o555)


@pytest.mark.parametrize("spoil", [fill_up, lock], ids=["full", "read-only"])
def test_what_cannot_be_written_is_told_and_leaves_the_old_file(
    small_disk: Desk, spoil: Callable[[Desk], None]
) -> None:
    desk = small_disk
    with desk.guest() as guest:
        opened = guest.get("/form", params={"of": POST}).json()
        spoil(desk)
        before = desk.files()
        form = {**opened["form"], "body": "Longer. " * 1000}
        saved = guest.post("/form", json={"of": POST, "base": opened["base"], "form": form})
        begun = guest.post("/posts", json={"title": "Another"})
        put = guest.post("/pictures", params={"of": POST, "name": "x.png"}, content=PNG)
        for answer in (saved, begun, put):
            assert answer.status_code == 422, answer.text
            assert answer.json()["message"]
            assert answer.json()["remedy"]
        assert desk.files() == before
        assert guest.get("/form", params={"of": POST}).json() == opened


ODD = {
    "posts/2026-11-20-latin.md": (b"---\ntitle: Caf\xe9\ndate: 2026-11-20\n---\n\nCaf\xe9.\n", "not UTF-8"),
    "posts/2026-11-20-large.md": (
        b"---\ntitle: L\ndate: 2026-11-20\n---\n\n" + b"x " * (LIMIT // 2),
        "larger than 2 MB",
    ),
}


@pytest.mark.parametrize("path", ODD)
def test_a_file_that_is_no_text_or_too_large_is_said_to_be_and_stays(desk: Desk, page: Page, path: str) -> None:
    content, words = ODD[path]
    (desk.folder / path).write_bytes(content)
    page.wait(f"document.querySelector('#posts').textContent.includes({json.dumps(path[6:])})")
    page.run(f"location.hash = encodeURIComponent({json.dumps(path)})")
    page.wait(f"document.querySelector('#middle .trouble')?.textContent.includes({json.dumps(words)})")
    with desk.guest() as guest:
        assert save_whole(guest, path, "Mine").is_error
    assert (desk.folder / path).read_bytes() == content


def save_whole(guest: httpx.Client, path: str, text: str) -> httpx.Response:
    return guest.post("/form", json={"of": path, "base": "x", "whole": text})


def test_a_post_is_begun_while_the_settings_are_broken(desk: Desk) -> None:
    with desk.guest() as guest:
        guest.get("/state")
        (desk.folder / "briefingfeed.toml").write_text("[publication\n")
        begun = guest.post("/posts", json={"title": "Nevertheless"})
        assert begun.status_code == 200, begun.text
        assert guest.get("/form", params={"of": begun.json()["path"]}).json()["form"]["title"] == "Nevertheless"
        assert guest.get("/state").json()["trouble"]


def test_a_post_of_almost_2_mb_is_opened_saved_and_shown(desk: Desk) -> None:
    file = desk.posts / "2026-11-20-long.md"
    head = "---\ntitle: Long\ndate: 2026-11-20\n---\n\n"
    file.write_text(head + "Ten words that are said again and again and again. " * 40_000)
    of = {"of": "posts/2026-11-20-long.md"}
    with desk.guest() as guest:
        guest.get("/state")
        opened = guest.get("/form", params=of).json()
        form = {**opened["form"], "title": "Longer"}
        assert guest.post("/form", json={**of, "base": opened["base"], "form": form}).status_code == 200
        assert guest.get("/frame/light/mail", params=of).status_code == 200
        form["body"] += "More. " * 40_000
        base = guest.get("/form", params=of).json()["base"]
        refused = guest.post("/form", json={**of, "base": base, "form": form})
    assert "title: Longer\n" in file.read_text()
    assert refused.status_code == 422
    assert "2 MB" in refused.json()["message"]
    assert file.stat().st_size <= LIMIT


def test_what_was_written_in_a_post_that_was_deleted_meanwhile_becomes_a_new_one(desk: Desk, page: Page) -> None:
    choose(page, POST)
    page.type("#field-title", "Still here")
    (desk.folder / POST).unlink()
    page.wait("document.querySelector('#conflict h2')?.textContent === 'This post was deleted'")
    assert page.run("document.querySelector('#field-title').value") == "Still here"
    page.click("#conflict button")
    page.wait("location.hash.includes('still-here')")
    page.wait("document.querySelector('#field-title')?.value === 'Still here'")
    (file,) = desk.posts.glob("*-still-here.md")
    assert "kettle" in file.read_text()


def test_a_post_that_was_deleted_is_left_if_nothing_was_written_in_it(desk: Desk, page: Page) -> None:
    choose(page, POST)
    (desk.folder / POST).unlink()
    page.wait("document.querySelector('.facts')")


def test_two_tabs_show_what_either_saves_and_neither_overwrites_the_other(
    desk: Desk, page: Page, browser: Chromium
) -> None:
    other = browser.page()
    other.open(f"{desk.address}/")
    for tab in (page, other):
        tab.wait("document.querySelector('#posts li')")
        choose(tab, POST)
    page.type("#field-title", "From the first")
    save(page)
    other.wait("document.querySelector('#field-title').value === 'From the first'")

    other.type("#field-title", "From the second")
    page.type("#field-title", "From the first again")
    save(page)
    other.wait("document.querySelector('#status').textContent.includes('changed in its file')")
    other.press("s", control=True)
    other.wait("document.querySelector('#conflict [role=alert]')")
    assert "title: From the first again\n" in (desk.folder / POST).read_text()
    assert "title: From the second\n" in next(desk.posts.glob("_*yours*")).read_text()


def choose(page: Page, path: str) -> None:
    page.run(f"location.hash = encodeURIComponent({json.dumps(path)})")
    page.wait("document.querySelector('#field-title')")


def save(page: Page) -> None:
    page.press("s", control=True)
    page.wait("document.querySelector('#saved').textContent.startsWith('Saved')")

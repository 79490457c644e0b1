"""`build --publish`, `--accept-as-new`, `--against` and `ids adopt`, by the real command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from servers.hub_server import running_hub

SETTINGS = """\
[publication]
title = "Harbour Notes"
url = "{url}"
timezone = "Europe/London"

[feeds]
websub_hub = "{hub}"
topics = false
authors = false
"""
FEEDS = {"atom.xml", "rss.xml", "feed.json"}


class Desk:
    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "posts").mkdir()
        for day in (1, 2, 3):
            self.post(day)
        self.settings()

    def settings(self, url: str = "http://localhost:8000", hub: str = "http://127.0.0.1:1/") -> None:
        (self.root / "briefingfeed.toml").write_text(SETTINGS.format(url=url, hub=hub))

    def post(self, day: int, head: str = "", text: str = "Words") -> None:
        file = self.root / "posts" / f"2026-01-0{day}-quay-{day}.md"
        file.write_text(f"---\ntitle: Quay {day}\n{head}---\n\n{text} of day {day}.\n")

    def run(self, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "briefingfeed", *arguments],
            cwd=self.root,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == code, done.stderr
        return done


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_publish_tells_the_hub_of_changes_and_again_what_failed(desk: Desk) -> None:
    with running_hub() as hub:
        desk.settings(hub=hub.url)
        desk.run("build")
        assert hub.pings == [], "only with --publish"
        hub.status = 500
        done = desk.run("build", "--publish")
        assert "warning: The WebSub hub could not be told of 3 changed feeds: it answers 500" in done.stderr
        assert desk.run("build", "--publish").stderr == "", "the words come once"
        hub.status = 202
        hub.pings.clear()
        told = json.loads(desk.run("build", "--publish", "--json").stdout)["hub"]
        assert told["trouble"] is None
        assert {topic.rpartition("/")[2] for topic in hub.topics} == FEEDS
        hub.pings.clear()
        desk.run("build", "--publish")
        assert hub.pings == []
        desk.post(3, text="Other words")
        desk.run("build", "--publish")
        assert {topic.rpartition("/")[2] for topic in hub.topics} == FEEDS


def test_the_hub_is_told_only_when_the_new_bytes_are_there(desk: Desk) -> None:
    seen: list[bool] = []
    with running_hub() as hub:
        desk.settings(hub=hub.url)
        hub.on_ping = lambda: seen.append(b"Quay 3" in (desk.root / "public" / "atom.xml").read_bytes())
        desk.run("build", "--publish")
    assert seen == [True, True, True]


def test_changed_ids_are_refused_until_they_are_accepted(desk: Desk) -> None:
    desk.run("build")
    before = (desk.root / "public" / "atom.xml").read_bytes()
    desk.post(2, head="id: tag:harbour.example,2026:other\n")

    words = desk.run("build", code=1).stderr

    assert "feed readers would show 1 old post as new" in words
    assert "posts/2026-01-02-quay-2.md: was tag:localhost,2026-01-02:quay-2" in words
    assert "--accept-as-new" in words
    assert (desk.root / "public" / "atom.xml").read_bytes() == before
    desk.run("build", "--accept-as-new")
    assert b"tag:harbour.example,2026:other" in (desk.root / "public" / "atom.xml").read_bytes()
    desk.run("build")


def test_ids_are_adopted_from_a_file_and_the_guard_compares_with_it(desk: Desk) -> None:
    entries = "".join(
        f"<entry><id>tag:blogger.com,1999:blog-1.post-{day}</id><title>Quay {day}</title>"
        f"<link href='https://old.example/2026/01/quay-{day}.html'/>"
        f"<published>2026-01-0{day}T09:00:00Z</published></entry>"
        for day in (1, 2, 3, 4)
    )
    (desk.root / "old.xml").write_text(f"<feed xmlns='http://www.w3.org/2005/Atom'>{entries}</feed>")
    assert "3 old posts as new" in desk.run("build", "--against", "old.xml", code=1).stderr

    assert len(desk.run("ids", "adopt", "old.xml", "--dry-run").stdout.splitlines()) == 3
    assert not (desk.root / "ids.toml").exists()
    done = desk.run("ids", "adopt", "old.xml")

    assert "posts/2026-01-01-quay-1.md  tag:blogger.com,1999:blog-1.post-1" in done.stdout
    assert "No post here is https://old.example/2026/01/quay-4.html" in done.stderr
    desk.run("build", "--against", "old.xml")
    assert b"blog-1.post-3" in (desk.root / "public" / "feed.json").read_bytes()
    assert json.loads(desk.run("ids", "adopt", "old.xml", "--json").stdout)["settled"] == 3
    (desk.root / "ids.toml").write_text("nonsense")
    assert "ids.toml: error" in desk.run("build", code=1).stderr

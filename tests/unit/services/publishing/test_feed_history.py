"""What a published feed and its older documents say was shown."""

from __future__ import annotations

import json
from pathlib import Path

from briefingfeed.services.publishing.feed_history import read_folder

HOME = "https://harbour.example/"


def publish(folder: Path, name: str, title: str, *ids: str, older: str | None = None) -> None:
    items = [{"id": f"tag:harbour.example,2026:{each}", "url": f"{HOME}{each}", "title": title} for each in ids]
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": "Notes", "feed_url": HOME + name, "items": items}
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(feed | ({"next_url": HOME + older} if older else {})), "utf-8")


def shown(folder: Path) -> list[tuple[str, str]]:
    return [(entry.id.rpartition(":")[2], entry.title) for entry in read_folder(folder)]


def test_an_entry_is_what_the_newest_document_says(tmp_path: Path) -> None:
    publish(tmp_path, "feed.json", "corrected", "b", "c", older="archive/feed.json")
    publish(tmp_path, "archive/feed.json", "as it was", "a", "b")
    assert shown(tmp_path) == [("b", "corrected"), ("c", "corrected"), ("a", "as it was")]


def test_documents_that_name_each_other_are_read_once(tmp_path: Path) -> None:
    publish(tmp_path, "feed.json", "new", "b", older="archive/feed.json")
    publish(tmp_path, "archive/feed.json", "old", "a", older="feed.json")
    assert shown(tmp_path) == [("b", "new"), ("a", "old")]

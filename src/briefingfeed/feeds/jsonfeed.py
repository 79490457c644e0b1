"""JSON Feed 1.1: what stands above the items of a document, and each item by itself, on one line."""

from __future__ import annotations

import json

from briefingfeed.feeds.addresses import JSON
from briefingfeed.feeds.enclosures import Enclosure
from briefingfeed.feeds.entry import Entry, EntryAuthor
from briefingfeed.feeds.feed import Document

VERSION = "https://jsonfeed.org/version/1.1"

JSON_TAIL = b"\n ]\n}\n"


def open_json_feed(document: Document) -> bytes:
    """Return a JSON Feed up to its first item; `JSON_TAIL` ends it.

    An older page of a feed has the feed's own `feed_url`, which is its identity.
    """
    feed = document.feed
    head: dict[str, object] = {
        "version": VERSION,
        "title": feed.title,
        "home_page_url": feed.home,
        "feed_url": document.address(JSON, feed.folder),
        "next_url": document.address(JSON, document.older) if document.older is not None else None,
        "description": feed.subtitle,
        "language": feed.language,
        "authors": [{"name": feed.publisher, "url": feed.home}],
        "hubs": [{"type": "WebSub", "url": feed.hub}] if feed.hub and not document.is_archive else None,
        "items": [],
    }
    return json.dumps(_given(head), ensure_ascii=False, indent=1).removesuffix("]\n}").encode() + b"\n"


def make_item(entry: Entry) -> dict[str, object]:
    item: dict[str, object] = {
        "id": entry.id,
        "url": entry.url,
        "title": entry.title,
        "summary": entry.summary if entry.content is not None else None,
        "content_html": entry.content,
        "content_text": entry.summary if entry.content is None else None,
        "image": entry.image,
        "date_published": entry.published.isoformat(),
        "date_modified": entry.updated.isoformat(),
        "authors": [_author(author) for author in entry.authors] or None,
        "tags": list(entry.topics) or None,
        "language": entry.language,
        "attachments": [_attachment(file) for file in entry.enclosures] or None,
    }
    return _given(item)


def _author(author: EntryAuthor) -> dict[str, object]:
    return _given({"name": author.name, "url": author.url})


def _attachment(file: Enclosure) -> dict[str, object]:
    return {"url": file.url, "mime_type": file.media_type, "size_in_bytes": file.length}


def _given(members: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in members.items() if value is not None}

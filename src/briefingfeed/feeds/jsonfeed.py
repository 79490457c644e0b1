"""JSON Feed 1.1."""

from __future__ import annotations

import json
from collections.abc import Sequence

from briefingfeed.feeds.addresses import JSON
from briefingfeed.feeds.entry import Entry, EntryAuthor, ascii_url, one_line
from briefingfeed.models.settings import PublicationSettings

VERSION = "https://jsonfeed.org/version/1.1"


def write_json_feed(entries: Sequence[Entry], publication: PublicationSettings) -> bytes:
    home = ascii_url(f"{publication.url}/")
    feed: dict[str, object] = {
        "version": VERSION,
        "title": one_line(publication.title),
        "home_page_url": home,
        "feed_url": ascii_url(f"{publication.url}/{JSON}"),
        "description": one_line(publication.tagline) or None,
        "language": publication.language,
        "authors": [{"name": one_line(publication.title), "url": home}],
        "items": [_item(entry) for entry in entries],
    }
    return (json.dumps(_given(feed), ensure_ascii=False, indent=1) + "\n").encode()


def _item(entry: Entry) -> dict[str, object]:
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
    }
    return _given(item)


def _author(author: EntryAuthor) -> dict[str, object]:
    return _given({"name": author.name, "url": author.url})


def _given(members: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in members.items() if value is not None}

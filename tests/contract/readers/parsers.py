"""Readers without a memory, on which others are built: feedparser, and rss-parser and feedsmith of npm."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import feedparser

from contract.readers.programs import Item, Stateless, run

HERE = Path(__file__).parent
NODE_MODULES = HERE.parents[1] / "setup" / "node" / "node_modules"


class Feedparser(Stateless):
    asks_at = 2
    _etag: str | None = None
    _modified: str | None = None

    def parse(self) -> Iterable[Item]:
        found = feedparser.parse(self.address, etag=self._etag, modified=self._modified)
        assert not found.bozo, found.bozo_exception
        self._etag, self._modified = found.get("etag", self._etag), found.get("modified", self._modified)
        for entry in found.entries:
            yield Item(
                id=entry.id,
                title=entry.title,
                url=entry.link,
                author=entry.author,
                content=entry.content[0].value if "content" in entry else entry.summary,
                published=datetime(*entry.published_parsed[:6], tzinfo=UTC),
                updated=datetime(*entry.updated_parsed[:6], tzinfo=UTC) if found.version == "atom10" else None,
                enclosures=tuple(enclosure.href for enclosure in entry.enclosures),
            )


class RssParser(Stateless):
    def parse(self) -> Iterable[Item]:
        for item in node("rss_parser.cjs", self.address)["items"]:
            file = item.get("enclosure")
            yield Item(
                id=item.get("id") or item["guid"],
                title=item["title"],
                url=item["link"],
                author=item.get("creator") or item["author"],
                content=item.get("content:encoded") or item["content"],
                published=datetime.fromisoformat(item["isoDate"]),
                enclosures=(file["url"],) if file else None,  # it does not look for them in Atom
            )


class Feedsmith(Stateless):
    formats = ("atom.xml", "rss.xml", "feed.json")

    def parse(self) -> Iterable[Item]:
        found = node("feedsmith.cjs", self.address)
        shape: Callable[[Mapping[str, Any]], Item] = {"atom": _atom, "rss": _rss, "json": _json}[found["format"]]
        return map(shape, found["feed"].get("entries") or found["feed"]["items"])


def _atom(entry: Mapping[str, Any]) -> Item:
    links = {rel: tuple(x["href"] for x in entry["links"] if x["rel"] == rel) for rel in ("alternate", "enclosure")}
    return Item(
        id=entry["id"],
        title=entry["title"]["value"],
        url=links["alternate"][0],
        author=", ".join(author["name"] for author in entry["authors"]),
        content=entry["content"]["value"],
        published=datetime.fromisoformat(entry["published"]),
        updated=datetime.fromisoformat(entry["updated"]),
        enclosures=links["enclosure"],
    )


def _rss(item: Mapping[str, Any]) -> Item:
    return Item(
        id=item["guid"]["value"],
        title=item["title"],
        url=item["link"],
        author=", ".join(item["dc"]["creators"]),
        content=item["content"]["encoded"] if "content" in item else item["description"],
        published=parsedate_to_datetime(item["pubDate"]),
        enclosures=tuple(enclosure["url"] for enclosure in item.get("enclosures", ())),
    )


def _json(item: Mapping[str, Any]) -> Item:
    return Item(
        id=item["id"],
        title=item["title"],
        url=item["url"],
        author=", ".join(author["name"] for author in item["authors"]),
        content=item["content_html"],
        published=datetime.fromisoformat(item["date_published"]),
        updated=datetime.fromisoformat(item["date_modified"]),
        enclosures=tuple(attachment["url"] for attachment in item.get("attachments", ())),
    )


def node(script: str, address: str) -> Any:
    return json.loads(run("node", HERE / script, address, NODE_PATH=str(NODE_MODULES)))

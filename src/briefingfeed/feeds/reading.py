"""Reads a published Atom, RSS or JSON Feed document back, ours or another program's. Nothing is fetched.

A document may come from anywhere: no entity is resolved, no address is opened, and what is not there is None.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from lxml import etree
from lxml.etree import _Element

from briefingfeed.errors import BriefingfeedError

_ATOM = "{http://www.w3.org/2005/Atom}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_OLDER = ("prev-archive", "next")
"""Of archived and of paged feeds (RFC 5005), in the order in which they are believed."""
_SPACES = " \t\r\n"


class UnreadableFeedError(BriefingfeedError):
    """The document is no feed that can be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadEntry:
    """An entry as a feed reader would remember it. Times are aware UTC."""

    id: str
    url: str
    title: str
    published: datetime | None
    updated: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFeed:
    entries: tuple[ReadEntry, ...]
    """In the document's order; those without id and address are left out."""
    address: str | None
    """Where the feed says that it is found."""
    older: str | None
    """Where its next older entries are, made absolute if the document says where it is itself."""


def read_feed(content: bytes, address: str | None = None) -> ReadFeed:
    """Read a document. `address`, where it was found, makes its links absolute. Raises UnreadableFeedError."""
    if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
        return _read_json(content, address)
    root = _parse(content, address)
    if root.tag == f"{_ATOM}feed":
        return _read_atom(root, address)
    channel = root.find("channel")
    if root.tag == "rss" and channel is not None:
        return _read_rss(channel, address)
    raise _unreadable("this is neither Atom nor RSS nor a JSON Feed", address)


def instant(text: str | None) -> datetime | None:
    """Read a date of Atom or JSON Feed (RFC 3339) or of RSS (RFC 822); None if it is none or has no zone."""
    words = (text or "").strip()
    found: datetime | None = None
    with suppress(ValueError, OverflowError):
        found = datetime.fromisoformat(words) if words[:4].isdigit() else parsedate_to_datetime(words)
    if found is None or found.tzinfo is None:
        return None
    try:
        return found.astimezone(UTC)
    except OverflowError:
        return None


def _parse(content: bytes, address: str | None) -> _Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        return etree.fromstring(content.lstrip(b" \t\r\n"), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise _unreadable(f"this is no whole XML document: {error}", address) from error


def _read_atom(root: _Element, address: str | None) -> ReadFeed:
    links = {link.get("rel", "alternate"): link.get("href", "") for link in root.iterfind(f"{_ATOM}link")}
    entries = []
    for element in root.iterfind(f"{_ATOM}entry"):
        published, updated = (instant(element.findtext(f"{_ATOM}{name}")) for name in ("published", "updated"))
        entries.append(
            _entry(
                element.findtext(f"{_ATOM}id"),
                _alternate(element),
                _plain(element.find(f"{_ATOM}title")),
                published or updated,
                updated,
            )
        )
    return _feed(entries, links, root.findtext(f"{_ATOM}generator"), address)


def _alternate(entry: _Element) -> str | None:
    found = [link for link in entry.iterfind(f"{_ATOM}link") if link.get("rel", "alternate") == "alternate"]
    pages = [link for link in found if link.get("type", "text/html") == "text/html"]
    return (pages or found)[0].get("href") if found else None


def _read_rss(channel: _Element, address: str | None) -> ReadFeed:
    links = {link.get("rel", "alternate"): link.get("href", "") for link in channel.iterfind(f"{_ATOM}link")}
    entries = []
    for item in channel.iterfind("item"):
        guid, link = item.findtext("guid"), item.findtext("link")
        published = instant(item.findtext("pubDate")) or instant(item.findtext(f"{_DC}date"))
        entries.append(_entry(guid or link, link or guid, _plain(item.find("title")), published, None))
    return _feed(entries, links, channel.findtext("generator"), address)


def _read_json(content: bytes, address: str | None) -> ReadFeed:
    try:
        feed = json.loads(content)
        items = feed.get("items", [])
        if "jsonfeed.org/version/" not in feed["version"]:
            raise ValueError("it has another version")
        entries = [_item(item) for item in items]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _unreadable(f"this is no JSON Feed: {error}", address) from error
    links = {"self": _text(feed.get("feed_url")), "next": _text(feed.get("next_url"))}
    return _feed(entries, links, None, address)


def _item(item: Mapping[str, Any]) -> ReadEntry | None:
    published, updated = instant(_text(item.get("date_published"))), instant(_text(item.get("date_modified")))
    return _entry(_text(item.get("id")), _text(item.get("url")), _text(item.get("title")), published, updated)


def _feed(
    entries: list[ReadEntry | None], links: Mapping[str, str], generator: str | None, address: str | None
) -> ReadFeed:
    base = address or links.get("self") or ""
    older = next((links[relation] for relation in _OLDER if links.get(relation)), None)
    if older is None and address and generator and "wordpress.org" in generator and any(entries):
        older = _next_page(address)
    return ReadFeed(
        entries=tuple(entry for entry in entries if entry),
        address=links.get("self") or None,
        older=_joined(base, older) if older else None,
    )


def _next_page(address: str) -> str:
    """WordPress has all its posts in pages, but does not say so in the feed."""
    parts = urlsplit(address)
    query = dict(parse_qsl(parts.query))
    page = int(query["paged"]) + 1 if query.get("paged", "").isdecimal() else 2
    return urlunsplit(parts._replace(query=urlencode({**query, "paged": page})))


def _entry(
    id_: str | None, url: str | None, title: str | None, published: datetime | None, updated: datetime | None
) -> ReadEntry | None:
    id_, url = (id_ or "").strip(_SPACES), (url or "").strip(_SPACES)
    if not id_ and not url:
        return None
    return ReadEntry(
        id=id_ or url, url=url, title=" ".join((title or "").split()), published=published, updated=updated
    )


def _plain(element: _Element | None) -> str:
    """Return the text of a title; what it holds as HTML is taken as text, as nothing but matching depends on it."""
    return "" if element is None else "".join(_texts(element))


def _texts(element: _Element) -> Iterator[str]:
    for text in element.itertext(with_tail=False):
        yield str(text)


def _text(value: object) -> str:
    return str(value) if isinstance(value, str | int) else ""


def _joined(base: str, address: str) -> str | None:
    try:
        return urljoin(base, address)
    except ValueError:
        return None


def _unreadable(reason: str, address: str | None) -> UnreadableFeedError:
    return UnreadableFeedError(reason, where=address, remedy="name the address of a feed, not of a page")

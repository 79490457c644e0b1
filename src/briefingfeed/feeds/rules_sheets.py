"""Sheet: a feed document as the rules see it, whatever its format. What is missing is None or empty; nothing is judged.

Everything is read from the bytes that would be published, with a strict parser.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

from lxml import etree
from lxml.etree import _Element

from briefingfeed.feeds.addresses import ATOM, JSON, OPML, RSS, Format
from briefingfeed.feeds.planning import ARCHIVE, AUTHORS, OPEN_CALLS, TOPICS
from briefingfeed.models.archive import EDITIONS

ATOM_NS = "{http://www.w3.org/2005/Atom}"
CONTENT_NS = "{http://purl.org/rss/1.0/modules/content/}"
DC_NS = "{http://purl.org/dc/elements/1.1/}"
HISTORY_NS = "{http://purl.org/syndication/history/1.0}"
MEDIA_NS = "{http://search.yahoo.com/mrss/}"
XML_NS = "{http://www.w3.org/XML/1998/namespace}"

_FORMATS: dict[str, Format] = {kind.file: kind for kind in (ATOM, RSS, JSON)}
_SUBSCRIBED = (OPEN_CALLS, TOPICS, AUTHORS, EDITIONS)


class Role(Enum):
    """What a published document is for."""

    SUBSCRIBED = "subscribed"
    """A feed: the newest entries."""
    ARCHIVE = "archive"
    """Older entries of a feed (RFC 5005)."""
    LIST = "list"
    """The list of feeds (OPML)."""


def role_of(path: str) -> Role | None:
    """Return what the file at `path`, relative to the output folder, is for; None if it is no feed document."""
    folder, _, name = path.rpartition("/")
    if path == OPML:
        return Role.LIST
    if name not in _FORMATS:
        return None
    if not folder or f"{folder}/".startswith(_SUBSCRIBED):
        return Role.SUBSCRIBED
    return Role.ARCHIVE if folder.startswith(ARCHIVE) else None


class Link(NamedTuple):
    rel: str
    href: str
    type: str
    hreflang: str
    length: str


class Item(NamedTuple):
    """An entry. Dates as they are written."""

    id: str | None
    title: str | None
    links: tuple[Link, ...]
    """In RSS and JSON Feed the address is an `alternate`, a file an `enclosure`."""
    published: str | None
    updated: str | None
    summary: str | None
    """Plain text in Atom and JSON Feed, HTML in RSS."""
    content: str | None
    authors: tuple[str, ...]
    topics: tuple[str, ...]
    names: tuple[str, ...]
    """Of the elements, or of the members, in their order."""
    source: Any
    """The element, or the JSON object."""

    @property
    def url(self) -> str | None:
        for link in self.links:
            if link.rel == "alternate":
                return link.href
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    path: str
    kind: Format
    role: Role
    id: str | None
    title: str | None
    subtitle: str | None
    updated: str | None
    language: str | None
    links: tuple[Link, ...]
    items: tuple[Item, ...]
    is_archive: bool
    is_complete: bool
    source: Any
    """The `feed` or `channel` element, or the JSON object."""

    def hrefs(self, *relations: str) -> list[str]:
        return [link.href for link in self.links if link.rel in relations]


def read_sheet(path: str, content: bytes) -> Sheet:
    """Read one of our feed documents. Raises ValueError if it is not what its name says."""
    kind = _FORMATS[path.rpartition("/")[2]]
    role = role_of(path) or Role.SUBSCRIBED
    if kind is JSON:
        return _json(path, role, json.loads(content))
    root = read_xml(content)
    if kind is ATOM:
        if root.tag != f"{ATOM_NS}feed":
            raise ValueError("its root is no Atom feed")
        return _atom(path, role, root)
    channel = root.find("channel")
    if root.tag != "rss" or root.get("version") != "2.0" or channel is None:
        raise ValueError("its root is no RSS 2.0 with a channel")
    return _rss(path, role, channel)


def read_xml(content: bytes) -> _Element:
    """Parse strictly. Raises ValueError."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True, remove_comments=True)
    try:
        return etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(str(error)) from error


def _atom(path: str, role: Role, root: _Element) -> Sheet:
    return Sheet(
        path=path,
        kind=ATOM,
        role=role,
        id=root.findtext(f"{ATOM_NS}id"),
        title=root.findtext(f"{ATOM_NS}title"),
        subtitle=root.findtext(f"{ATOM_NS}subtitle"),
        updated=root.findtext(f"{ATOM_NS}updated"),
        language=root.get(f"{XML_NS}lang"),
        links=tuple(_links(root)),
        items=tuple(_atom_item(element) for element in root.iterchildren(f"{ATOM_NS}entry")),
        is_archive=root.find(f"{HISTORY_NS}archive") is not None,
        is_complete=root.find(f"{HISTORY_NS}complete") is not None,
        source=root,
    )


def _atom_item(element: _Element) -> Item:
    texts: dict[str, str] = {}
    links, authors, topics = [], [], []
    names = tuple([str(child.tag) for child in element])
    for tag, child in zip(names, element, strict=True):
        if tag == _LINK:
            links.append(_link(child))
        elif tag == _CATEGORY:
            topics.append(child.get("term", ""))
        elif tag == _AUTHOR:
            authors.append(child.findtext(f"{ATOM_NS}name") or "")
        else:
            texts[tag] = child.text or ""
    get = texts.get
    return Item(
        get(_ID), get(_TITLE), tuple(links), get(_PUBLISHED), get(_UPDATED), get(_SUMMARY), get(_CONTENT),
        tuple(authors), tuple(topics), names, element,
    )  # fmt: skip


_LINK, _CATEGORY, _AUTHOR, _ID, _TITLE, _PUBLISHED, _UPDATED, _SUMMARY, _CONTENT = (
    ATOM_NS + name
    for name in ("link", "category", "author", "id", "title", "published", "updated", "summary", "content")
)


def _rss(path: str, role: Role, channel: _Element) -> Sheet:
    home = channel.findtext("link")
    links = [*([Link("alternate", home, "text/html", "", "")] if home is not None else []), *_links(channel)]
    return Sheet(
        path=path,
        kind=RSS,
        role=role,
        id=None,
        title=channel.findtext("title"),
        subtitle=channel.findtext("description"),
        updated=channel.findtext("lastBuildDate"),
        language=channel.findtext("language"),
        links=tuple(links),
        items=tuple(_rss_item(element) for element in channel.iterchildren("item")),
        is_archive=channel.find(f"{HISTORY_NS}archive") is not None,
        is_complete=channel.find(f"{HISTORY_NS}complete") is not None,
        source=channel,
    )


def _rss_item(element: _Element) -> Item:
    texts: dict[str, str] = {}
    links, authors, topics = [], [], []
    names = tuple([str(child.tag) for child in element])
    for tag, child in zip(names, element, strict=True):
        if tag == "link":
            links.append(Link("alternate", child.text or "", "text/html", "", ""))
        elif tag == "enclosure":
            get = child.get
            links.append(Link("enclosure", get("url", ""), get("type", ""), "", get("length", "")))
        elif tag == _LINK:
            links.append(_link(child))
        elif tag == "category":
            topics.append(child.text or "")
        elif tag in _NAMES:
            authors.append(child.text or "")
        else:
            texts[tag] = child.text or ""
    description, encoded = texts.get("description"), texts.get(f"{CONTENT_NS}encoded")
    whole = description if encoded is None else encoded
    return Item(
        texts.get("guid"), texts.get("title"), tuple(links), texts.get("pubDate"), None,
        description if encoded is not None else None, whole, tuple(authors), tuple(topics), names, element,
    )  # fmt: skip


_NAMES = frozenset({"author", f"{DC_NS}creator"})


def _links(element: _Element) -> Iterator[Link]:
    for link in element.iterchildren(_LINK):
        yield _link(link)


def _link(element: _Element) -> Link:
    get = element.get
    return Link(get("rel", "alternate"), get("href", ""), get("type", ""), get("hreflang", ""), get("length", ""))


def _json(path: str, role: Role, feed: Any) -> Sheet:
    if not isinstance(feed, dict) or not isinstance(feed.get("items"), list):
        raise ValueError("it is no JSON object with a list of items")
    links = [Link(relation, _text(feed[name]), "", "", "") for relation, name in _JSON_LINKS if name in feed]
    links += [Link("hub", _text(hub.get("url")), "", "", "") for hub in feed.get("hubs", ()) if isinstance(hub, dict)]
    return Sheet(
        path=path,
        kind=JSON,
        role=role,
        id=None,
        title=_given(feed.get("title")),
        subtitle=_given(feed.get("description")),
        updated=None,
        language=_given(feed.get("language")),
        links=tuple(links),
        items=tuple(_json_item(item) for item in feed["items"] if isinstance(item, dict)),
        is_archive=False,
        is_complete=False,
        source=feed,
    )


_JSON_LINKS = (("self", "feed_url"), ("alternate", "home_page_url"), ("next", "next_url"))


def _json_item(item: Mapping[str, Any]) -> Item:
    links = [Link("alternate", _text(item["url"]), "text/html", "", "")] if "url" in item else []
    links += [
        Link("enclosure", _text(file.get("url")), _text(file.get("mime_type")), "", _text(file.get("size_in_bytes")))
        for file in item.get("attachments", ())
    ]
    return Item(
        _given(item.get("id")), _given(item.get("title")), tuple(links), _given(item.get("date_published")),
        _given(item.get("date_modified")), _given(item.get("summary")), _given(item.get("content_html")),
        tuple(_text(author.get("name")) for author in item.get("authors", ())), tuple(item.get("tags", ())),
        tuple(item), item,
    )  # fmt: skip


def _given(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _text(value: object) -> str:
    return "" if value is None else str(value)

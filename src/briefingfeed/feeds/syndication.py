"""Atom (RFC 4287) and RSS 2.0, by feedgen: what stands above the entries of a document, and each entry by itself.

An entry is written as the only one of a bare document whose root declares the same prefixes as every other, and cut out
of it. So its bytes mean the same wherever they are put. Its content, most of its bytes, is escaped once for both.
"""

from __future__ import annotations

from datetime import UTC, datetime

from feedgen.feed import FeedEntry, FeedGenerator
from lxml import etree

from briefingfeed.feeds.addresses import ATOM, RSS, Format
from briefingfeed.feeds.entry import Entry
from briefingfeed.feeds.extension import ATOM_PREFIXES, CONTENT_ENTITY, RSS_PREFIXES, EntryExtension, FeedExtension
from briefingfeed.feeds.feed import Document

GENERATOR = "briefingfeed"
"""Without a version: an upgrade of ours is no reason for every reader to fetch the feed anew."""

NEVER = datetime(2000, 1, 1, tzinfo=UTC)
"""When a feed without entries was updated. Any fixed past instant does; the first entry is later."""

ATOM_TAIL = b"</feed>\n"
RSS_TAIL = b"  </channel>\n</rss>\n"

_ROOM = f"&{CONTENT_ENTITY};".encode()
_XMLNS = "http://www.w3.org/2005/Atom"


def open_atom(document: Document, updated: datetime | None) -> bytes:
    """Return an Atom document up to its first entry; `ATOM_TAIL` ends it."""
    feed = _new_feed(document, ATOM, ATOM_PREFIXES, updated or NEVER)
    for relation, address in document.links(ATOM)[1:]:
        feed.link(rel=relation, href=address, **_typed(relation, ATOM))
    feed.id(document.feed.id)
    feed.author({"name": document.feed.publisher, "uri": document.feed.home})
    if document.feed.subtitle:
        feed.subtitle(document.feed.subtitle)
    return bytes(feed.atom_str(pretty=True)).removesuffix(ATOM_TAIL)


def open_rss(document: Document, updated: datetime | None) -> bytes:
    """Return an RSS document up to its first item; `RSS_TAIL` ends it."""
    feed = _new_feed(document, RSS, RSS_PREFIXES, updated or NEVER)
    feed.briefingfeed.links = [
        {"href": address, "rel": relation, **_typed(relation, RSS)} for relation, address in document.links(RSS)[1:]
    ]
    feed.description(document.feed.subtitle or document.feed.title)
    feed.docs("https://www.rssboard.org/rss-specification")
    feed.lastBuildDate(updated or NEVER)
    return _as_plain_text(bytes(feed.rss_str(pretty=True))).removesuffix(RSS_TAIL)


def write_entry(entry: Entry, publisher: str) -> tuple[bytes, bytes]:
    """Return the entry as the only one of a bare Atom and of a bare RSS document, with room for its content."""
    element = FeedEntry()
    element.register_extension("briefingfeed", EntryExtension)
    element.briefingfeed.entry = entry
    element.briefingfeed.publisher = publisher
    element.guid(entry.id, permalink=False)
    element.title(entry.title)
    element.link([{"href": entry.url, "rel": "alternate"}])
    element.updated(entry.updated)
    element.category([{"term": topic} for topic in entry.topics])
    element.author([{"name": author.name, "uri": author.url} for author in entry.authors])
    if entry.summary is not None:
        element.summary(entry.summary)
    if entry.content is not None:
        element.content(CONTENT_ENTITY, type="html")
    if entry.comments:
        element.comments(entry.comments.page)
    if entry.enclosures:
        # RSS takes the last link of this kind; Atom's links are made anew.
        first = entry.enclosures[0]
        element.enclosure(first.url, first.length, first.media_type)
    atom = etree.Element("feed", xmlns=_XMLNS, nsmap=ATOM_PREFIXES)
    atom.append(element.atom_entry())
    rss = etree.Element("rss", version="2.0", nsmap=RSS_PREFIXES)
    etree.SubElement(rss, "channel").append(element.rss_entry())
    return (
        etree.tostring(atom, pretty_print=True, encoding="UTF-8"),
        _as_plain_text(etree.tostring(rss, pretty_print=True, encoding="UTF-8")),
    )


def escape_content(content: str) -> bytes:
    """Return the text as XML has it, the same in both formats."""
    return content.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").encode()


def fill(bare: bytes, content: bytes) -> bytes:
    """Return a bare document with the content put where room was left for it."""
    return bare.replace(_ROOM, content)


def cut_entry(atom: bytes) -> bytes:
    """Return the entry out of its bare Atom document, its line breaks with it."""
    return atom[atom.index(b"  <entry") : -len(ATOM_TAIL)]


def cut_item(rss: bytes) -> bytes:
    """Return the item out of its bare RSS document, its line breaks with it."""
    return rss[rss.index(b"    <item") : -len(RSS_TAIL)]


def _new_feed(document: Document, kind: Format, prefixes: dict[str, str], updated: datetime) -> FeedGenerator:
    feed = FeedGenerator()
    feed.register_extension("briefingfeed", FeedExtension)
    feed.briefingfeed.document = document
    feed.briefingfeed.prefixes = prefixes
    feed.generator(GENERATOR)
    feed.title(document.feed.title)
    feed.language(document.feed.language)
    feed.updated(updated)
    feed.link(rel="self", href=document.address(kind), type=kind.media_type)
    # feedgen takes the last link as RSS's <link>, whatever its relation.
    feed.link(rel="alternate", href=document.feed.home, type="text/html")
    return feed


def _as_plain_text(rss: bytes) -> bytes:
    """Write marks as the RSS Advisory Board wants them in plain text, so that no reader takes a title for HTML."""
    return rss.replace(b"&amp;", b"&#x26;").replace(b"&lt;", b"&#x3C;")


def _typed(relation: str, kind: Format) -> dict[str, str]:
    return {} if relation == "hub" else {"type": kind.media_type}

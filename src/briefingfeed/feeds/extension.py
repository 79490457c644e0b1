"""What feedgen 1.0.0 leaves out or gets wrong, put right on the elements it has made.

feedgen calls an extension after it has written all core elements of a feed or an entry. Its Atom elements carry no
namespace until they are written out (the `xmlns` is a plain attribute), so they are found by their bare names.
"""

from __future__ import annotations

from collections.abc import Sequence
from email.utils import format_datetime

from feedgen.ext.base import BaseEntryExtension, BaseExtension
from lxml.etree import Entity, SubElement, _Element
from markupsafe import escape

from briefingfeed.feeds.entry import Comments, Entry
from briefingfeed.feeds.feed import Document
from briefingfeed.feeds.stylesheet import stylesheet_instruction

_ATOM = "http://www.w3.org/2005/Atom"
_CONTENT = "http://purl.org/rss/1.0/modules/content/"
_DC = "http://purl.org/dc/elements/1.1/"
_HISTORY = "http://purl.org/syndication/history/1.0"
_MEDIA = "http://search.yahoo.com/mrss/"
_SLASH = "http://purl.org/rss/1.0/modules/slash/"
_THREAD = "http://purl.org/syndication/thread/1.0"
_WFW = "http://wellformedweb.org/CommentAPI/"
_XML = "http://www.w3.org/XML/1998/namespace"

ATOM_PREFIXES = {"fh": _HISTORY, "media": _MEDIA, "thr": _THREAD}
RSS_PREFIXES = {
    "atom": _ATOM,
    "content": _CONTENT,
    "dc": _DC,
    "fh": _HISTORY,
    "media": _MEDIA,
    "slash": _SLASH,
    "wfw": _WFW,
}
"""Declared by every document, used or not: an entry's bytes are the same in each."""

CONTENT_ENTITY = "content"
"""Stands for an entry's content until its bytes are put in: `&content;`, which no text can be mistaken for."""


class FeedExtension(BaseExtension):  # type: ignore[misc]
    """Completes what stands above the entries. Set `document` and `prefixes` before the feed is written."""

    def __init__(self) -> None:
        self.document: Document | None = None
        self.prefixes: dict[str, str] = {}
        self.links: Sequence[dict[str, str]] = ()
        """Those that RSS shall carry beside `self`."""

    def extend_ns(self) -> dict[str, str]:
        return self.prefixes

    def extend_atom(self, feed: _Element) -> _Element:
        self._dress(feed)
        self._mark(feed)
        return feed

    def extend_rss(self, rss: _Element) -> _Element:
        channel = rss[0]
        own = channel.find(f"{{{_ATOM}}}link")
        place = channel.index(own) + 1 if own is not None else len(channel)
        for offset, link in enumerate(self.links):
            channel.insert(place + offset, channel.makeelement(f"{{{_ATOM}}}link", link))
        self._dress(rss)
        self._mark(channel)
        return rss

    def _dress(self, root: _Element) -> None:
        if self.document:
            root.addprevious(stylesheet_instruction(self.document.folder))

    def _mark(self, element: _Element) -> None:
        if self.document and self.document.is_marked_archive:
            SubElement(element, f"{{{_HISTORY}}}archive")
        if self.document and self.document.feed.is_complete:
            SubElement(element, f"{{{_HISTORY}}}complete")


class EntryExtension(BaseEntryExtension):  # type: ignore[misc]
    """Completes one entry. Set `entry` (and `publisher`, for RSS) before it is written."""

    def __init__(self) -> None:
        self.entry: Entry | None = None
        self.publisher = ""

    def extend_atom(self, element: _Element) -> _Element:
        entry = self._required()
        self._repair_links(element, entry)
        # Given to feedgen, it would stand in RSS too, beside ours.
        SubElement(element, "published").text = entry.published.isoformat()
        content = element.find("content")
        if content is not None:
            _leave_room(content)
            # Addresses in it are absolute already; this is for readers that resolve fragments against it.
            content.set(f"{{{_XML}}}base", entry.url)
        if entry.language:
            element.set(f"{{{_XML}}}lang", entry.language)
        _add_thumbnail(element, entry)
        if entry.comments:
            SubElement(element, f"{{{_THREAD}}}total").text = str(entry.comments.count)
        return element

    def extend_rss(self, element: _Element) -> _Element:
        entry = self._required()
        description, encoded = element.find("description"), element.find(f"{{{_CONTENT}}}encoded")
        if description is not None and entry.summary is not None:
            # A description is HTML; feedgen has put the plain text there.
            description.text = str(escape(entry.summary))
        elif description is not None:
            _leave_room(description)
        if encoded is not None:
            _leave_room(encoded)
        # feedgen's own dates switch the process to another locale and back.
        SubElement(element, "pubDate").text = format_datetime(entry.published)
        for name in [author.name for author in entry.authors] or [self.publisher]:
            SubElement(element, f"{{{_DC}}}creator").text = name
        if entry.language:
            SubElement(element, f"{{{_DC}}}language").text = entry.language
        _add_thumbnail(element, entry)
        if entry.comments:
            SubElement(element, f"{{{_WFW}}}commentRss").text = entry.comments.feed
            SubElement(element, f"{{{_SLASH}}}comments").text = str(entry.comments.count)
        return element

    def _required(self) -> Entry:
        if self.entry is None:
            raise ValueError("an entry extension without its entry")
        return self.entry

    @staticmethod
    def _repair_links(element: _Element, entry: Entry) -> None:
        """feedgen keeps only the address of an entry's link."""
        for link in element.findall("link"):
            element.remove(link)
        SubElement(element, "link", href=entry.url, rel="alternate", type="text/html")
        for file in entry.enclosures:
            SubElement(element, "link", href=file.url, rel="enclosure", type=file.media_type, length=str(file.length))
        if entry.comments:
            _add_replies(element, entry.comments)


def _leave_room(element: _Element) -> None:
    element.text = None
    element.append(Entity(CONTENT_ENTITY))


def _add_replies(element: _Element, comments: Comments) -> None:
    link = SubElement(element, "link", href=comments.feed, rel="replies", type="application/atom+xml")
    link.set(f"{{{_THREAD}}}count", str(comments.count))


def _add_thumbnail(element: _Element, entry: Entry) -> None:
    if entry.image:
        SubElement(element, f"{{{_MEDIA}}}thumbnail", url=entry.image)

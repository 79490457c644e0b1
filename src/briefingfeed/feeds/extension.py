"""What feedgen 1.0.0 leaves out or gets wrong, put right on the elements it has made.

feedgen calls an extension after it has written all core elements of a feed or an entry. Its Atom elements carry no
namespace until they are written out (the `xmlns` is a plain attribute), so they are found by their bare names.
"""

from __future__ import annotations

from collections.abc import Sequence
from email.utils import format_datetime

from feedgen.ext.base import BaseEntryExtension, BaseExtension
from lxml.etree import SubElement, _Element

from briefingfeed.feeds.entry import Entry

_DC = "http://purl.org/dc/elements/1.1/"
_MEDIA = "http://search.yahoo.com/mrss/"
_XML = "http://www.w3.org/XML/1998/namespace"


class FeedExtension(BaseExtension):  # type: ignore[misc]
    """Declares the prefixes that entries use. One that no entry uses is not declared."""

    def __init__(self) -> None:
        self.entries: Sequence[Entry] = ()
        self.names_creators = False

    def extend_ns(self) -> dict[str, str]:
        namespaces = {}
        if self.names_creators:
            namespaces["dc"] = _DC
        if any(entry.image for entry in self.entries):
            namespaces["media"] = _MEDIA
        return namespaces


class EntryExtension(BaseEntryExtension):  # type: ignore[misc]
    """Completes one entry. Set `entry` (and `creators`, for RSS) before the feed is written."""

    def __init__(self) -> None:
        self.entry: Entry | None = None
        self.creators: Sequence[str] = ()

    def extend_atom(self, element: _Element) -> _Element:
        entry = self._required()
        self._repair_links(element, entry)
        content = element.find("content")
        if content is not None:
            # Addresses in it are absolute already; this is for readers that resolve fragments against it.
            content.set(f"{{{_XML}}}base", entry.url)
        if entry.language:
            element.set(f"{{{_XML}}}lang", entry.language)
        _add_thumbnail(element, entry)
        return element

    def extend_rss(self, element: _Element) -> _Element:
        entry = self._required()
        # feedgen's own dates switch the process to another locale and back.
        SubElement(element, "pubDate").text = format_datetime(entry.published)
        for name in self.creators:
            SubElement(element, f"{{{_DC}}}creator").text = name
        _add_thumbnail(element, entry)
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


def _add_thumbnail(element: _Element, entry: Entry) -> None:
    if entry.image:
        SubElement(element, f"{{{_MEDIA}}}thumbnail", url=entry.image)

"""Reads back what is about to be published: a broken feed is never written."""

from __future__ import annotations

import json
from collections.abc import Sequence

from lxml import etree
from markupsafe import escape

from briefingfeed.errors import BriefingfeedError
from briefingfeed.feeds.entry import Entry, one_line

_ATOM = "{http://www.w3.org/2005/Atom}"
_RSS_CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"

_Found = Sequence[tuple[str | None, str | None]]
"""Id and text of each entry, as a reader gets them."""


def prove_xml(document: bytes, entries: Sequence[Entry], path: str) -> None:
    """Raise BriefingfeedError unless a strict parser finds exactly these entries, in order."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=False, huge_tree=True)
    try:
        root = etree.fromstring(document, parser)
    except etree.XMLSyntaxError as error:
        raise _broken(path, str(error)) from error
    atom = [
        (entry.findtext(f"{_ATOM}id"), entry.findtext(f"{_ATOM}content") or entry.findtext(f"{_ATOM}summary"))
        for entry in root.iterfind(f"{_ATOM}entry")
    ]
    rss = [
        (item.findtext("guid"), item.findtext(_RSS_CONTENT) or item.findtext("description"))
        for item in root.iterfind("channel/item")
    ]
    _compare(atom or rss, entries, path)


def prove_json(document: bytes, entries: Sequence[Entry], path: str) -> None:
    """Raise BriefingfeedError unless the document holds exactly these entries, in order."""
    try:
        items = json.loads(document)["items"]
        found = [(item["id"], item.get("content_html") or item.get("content_text")) for item in items]
    except (ValueError, KeyError) as error:
        raise _broken(path, str(error)) from error
    _compare(found, entries, path)


def prove_ids(entries: Sequence[Entry]) -> None:
    """Raise BriefingfeedError if two entries share an id, or one has an id that no feed can carry."""
    owners: dict[str, Entry] = {}
    for entry in entries:
        if entry.id != one_line(entry.id) or not entry.id:
            raise BriefingfeedError(
                f"this id cannot be written into a feed: {entry.id!r}",
                where=entry.path,
                remedy="give the post an `id:` without spaces and control characters",
            )
        owner = owners.setdefault(entry.id, entry)
        if owner is not entry:
            raise BriefingfeedError(
                f"has the same id as {owner.path}: {entry.id}",
                where=entry.path,
                remedy="give one of the two another `id:`",
            )


def _compare(found: _Found, entries: Sequence[Entry], path: str) -> None:
    for position, entry in enumerate(entries):
        texts = (entry.content, entry.summary, str(escape(entry.summary or "")))
        if position >= len(found) or found[position][0] != entry.id or found[position][1] not in texts:
            raise _broken(path, "this post does not come back from it as it went in", where=entry.path)
    if len(found) != len(entries):
        raise _broken(path, f"it holds {len(found)} entries instead of {len(entries)}")


def _broken(path: str, reason: str, *, where: str | None = None) -> BriefingfeedError:
    return BriefingfeedError(
        f"{path} would be broken, so nothing was published: {reason}",
        where=where,
        remedy="please report this with the post; until then set `feed: false` in it"
        if where
        else "please report this",
    )

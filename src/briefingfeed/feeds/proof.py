"""Reads back what is about to be published: a broken feed is never written.

Each entry is proved once, by itself; each document by what stands above and below its entries. As both declare the same
prefixes, they are sound together.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from lxml import etree
from lxml.etree import _Element
from markupsafe import escape

from briefingfeed.errors import BriefingfeedError
from briefingfeed.feeds.characters import one_line
from briefingfeed.feeds.entry import Entry
from briefingfeed.feeds.extension import CONTENT_ENTITY
from briefingfeed.models.post import Post

_ATOM = "{http://www.w3.org/2005/Atom}"
_RSS_CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"

_ATOM_LINK = f"{_ATOM}link"
_ATOM_UPDATED = f"{_ATOM}updated"
_ATOM_TEXTS = tuple(f"{_ATOM}{name}" for name in ("id", "title", "summary", "content"))
_RSS_TEXTS = ("guid", "title", "link", "description")

_DECLARED = f"<!DOCTYPE feed [<!ENTITY {CONTENT_ENTITY} ''>]>".encode()

_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, recover=False, huge_tree=True)


def prove_atom_entry(bare: bytes, entry: Entry) -> None:
    """Raise BriefingfeedError unless a strict parser finds exactly this entry, its content included."""
    found = _only(_parse(bare, entry.path), f"{_ATOM}entry", entry)
    texts = {str(child.tag): child.text for child in found}
    addresses = [child.get("href") for child in found if child.tag == _ATOM_LINK]
    _same([texts.get(tag) for tag in _ATOM_TEXTS], [entry.id, entry.title, entry.summary, entry.content], entry)
    _same(texts.get(_ATOM_UPDATED), entry.updated.isoformat(), entry)
    _same(addresses[: 1 + len(entry.enclosures)], [entry.url, *(file.url for file in entry.enclosures)], entry)


def prove_rss_item(bare: bytes, entry: Entry) -> None:
    """Raise BriefingfeedError unless a strict parser finds exactly this item, with room for its content.

    What will be put in there is what `prove_atom_entry` read.
    """
    found = _only(_parse(_DECLARED + bare, entry.path), "channel/item", entry)
    texts = {str(child.tag): child.text for child in found}
    summary = None if entry.summary is None else str(escape(entry.summary))
    _same([texts.get(tag) for tag in _RSS_TEXTS], [entry.id, entry.title, entry.url, summary], entry)
    room = "description" if summary is None else _RSS_CONTENT
    rooms = [child.tag for child in found for _ in child]
    _same(rooms, [room] if entry.content is not None else [], entry)


def prove_json_item(written: bytes, item: dict[str, object], entry: Entry) -> None:
    """Raise BriefingfeedError unless the item reads back as it went in."""
    try:
        found = json.loads(written)
    except ValueError as error:
        raise _broken(str(error), where=entry.path) from error
    _same(found, item, entry)


def prove_xml_frame(frame: bytes, prefixes: Mapping[str, str], path: str) -> None:
    """Raise BriefingfeedError unless `frame`, a document without its entries, can hold what a bare document held."""
    root = _parse(frame, path)
    declared = {prefix: name for prefix, name in root.nsmap.items() if prefix}
    if root.tag not in {f"{_ATOM}feed", "rss"} or declared != prefixes:
        raise _broken("it cannot hold its entries", where=path)
    if root.find(f"{_ATOM}entry") is not None or root.find("channel/item") is not None:
        raise _broken("it holds an entry that is none of ours", where=path)


def prove_json_frame(frame: bytes, path: str) -> None:
    """Raise BriefingfeedError unless `frame` is a JSON Feed without items."""
    try:
        items = json.loads(frame)["items"]
    except (ValueError, KeyError) as error:
        raise _broken(str(error), where=path) from error
    if items != []:
        raise _broken("it holds an item that is none of ours", where=path)


def prove_ids(posts: Iterable[Post]) -> None:
    """Raise BriefingfeedError if two posts share an id, or one has an id that no feed can carry."""
    owners: dict[str, Post] = {}
    for post in posts:
        if post.id != one_line(post.id) or not post.id:
            raise BriefingfeedError(
                f"this id cannot be written into a feed: {post.id!r}",
                where=post.path,
                remedy="give the post an `id:` without spaces and control characters",
            )
        owner = owners.setdefault(post.id, post)
        if owner is not post:
            raise BriefingfeedError(
                f"has the same id as {owner.path}: {post.id}",
                where=post.path,
                remedy="give one of the two another `id:`",
            )


def _parse(document: bytes, where: str) -> _Element:
    try:
        return etree.fromstring(document, _PARSER)
    except etree.XMLSyntaxError as error:
        raise _broken(str(error), where=where) from error


def _only(root: _Element, path: str, entry: Entry) -> _Element:
    found = root.findall(path)
    if len(found) != 1:
        raise _broken(f"it comes back as {len(found)} entries", where=entry.path)
    return found[0]


def _same(found: object, given: object, entry: Entry) -> None:
    if found != given:
        raise _broken("this post does not come back from it as it went in", where=entry.path)


def _broken(reason: str, *, where: str) -> BriefingfeedError:
    return BriefingfeedError(
        f"a feed would be broken, so nothing was published: {reason}",
        where=where,
        remedy="please report this with the post; until then set `feed: false` in it"
        if where.endswith((".md", ".markdown"))
        else "please report this",
    )

"""Reads back what is about to be published: a broken feed is never written."""

from __future__ import annotations

import json
from collections.abc import Sequence

from lxml import etree

from briefingfeed.errors import BriefingfeedError
from briefingfeed.feeds.entry import Entry

_ATOM_ID = "{http://www.w3.org/2005/Atom}entry/{http://www.w3.org/2005/Atom}id"


def prove_xml(document: bytes, entries: Sequence[Entry], path: str) -> None:
    """Raise BriefingfeedError unless a strict parser finds exactly these entries, in order."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=False, huge_tree=True)
    try:
        root = etree.fromstring(document, parser)
    except etree.XMLSyntaxError as error:
        raise _broken(path, str(error)) from error
    found = [element.text or "" for element in (*root.iterfind(_ATOM_ID), *root.iterfind("channel/item/guid"))]
    _compare(found, entries, path)


def prove_json(document: bytes, entries: Sequence[Entry], path: str) -> None:
    """Raise BriefingfeedError unless the document holds exactly these entries, in order."""
    try:
        found = [item["id"] for item in json.loads(document)["items"]]
    except (ValueError, KeyError) as error:
        raise _broken(path, str(error)) from error
    _compare(found, entries, path)


def prove_ids(entries: Sequence[Entry]) -> None:
    """Raise BriefingfeedError if two entries share an id."""
    owners: dict[str, Entry] = {}
    for entry in entries:
        owner = owners.setdefault(entry.id, entry)
        if owner is not entry:
            raise BriefingfeedError(
                f"has the same id as {owner.path}: {entry.id}",
                where=entry.path,
                remedy="give one of the two another `id:`",
            )


def _compare(found: Sequence[str], entries: Sequence[Entry], path: str) -> None:
    for position, entry in enumerate(entries):
        if position >= len(found) or found[position] != entry.id:
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

"""Rules for documents taken together: formats that say the same, archives that hold each entry once, a list of all."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from lxml.etree import _Element

from briefingfeed.feeds.addresses import ATOM, FORMATS, JSON, OPML, Format
from briefingfeed.feeds.rules_items import instant
from briefingfeed.feeds.rules_sheets import Item, Role, Sheet
from briefingfeed.feeds.rules_table import ERROR, Rule, SetTest, Site

_Sheets = dict[str, Sheet]


def _formats_differ(sheets: _Sheets, _: Site) -> Iterator[tuple[str, str]]:
    folders: dict[str, list[Sheet]] = {}
    for path, sheet in sheets.items():
        folders.setdefault(path.rpartition("/")[0], []).append(sheet)
    for found in folders.values():
        for one, other in pairwise(found):
            if len(one.items) != len(other.items):
                yield other.path, f"{len(other.items)} entries, and {len(one.items)} in {one.path}"
            for first, second in zip(one.items, other.items, strict=False):
                if name := _difference(first, second):
                    yield other.path, f"{name} of {second.id} is another in {one.path}"
                    break


def _difference(a: Item, b: Item) -> str | None:
    for name, first, second in (
        ("id", a.id, b.id),
        ("title", a.title, b.title),
        ("address", a.url, b.url),
        ("content", a.content, b.content if a.content is not None else None),
        ("topics", a.topics, b.topics),
    ):
        if first != second and not (name == "content" and None in (first, second)):
            return name
    return None if instant(a.published or "") == instant(b.published or "") else "date"


def _entries_differ(sheets: _Sheets, _: Site) -> Iterator[tuple[str, str]]:
    """An entry is the same in every feed that holds it."""
    seen: dict[tuple[str, str | None], tuple[str, tuple[object, ...]]] = {}
    for path, sheet in sheets.items():
        for item in sheet.items:
            says = (item.title, item.published, item.updated, item.content, item.summary, item.links)
            other, said = seen.setdefault((sheet.kind.name, item.id), (path, says))
            if says != said:
                yield path, f"{item.id} is another in {other}"


def _ids_of_feeds(sheets: _Sheets, _: Site) -> Iterator[tuple[str, str]]:
    owners: dict[str, str] = {}
    main = sheets.get(ATOM.file)
    for path, sheet in sheets.items():
        if sheet.kind is not ATOM or not sheet.id:
            continue
        if sheet.role is Role.ARCHIVE:
            if main and sheet.id != main.id:
                yield path, "an archive document has another id than its feed"
        elif owners.setdefault(sheet.id, path) != path:
            yield path, f"the same id as {owners[sheet.id]}"


def _chain(sheets: _Sheets, site: Site) -> Iterator[tuple[str, str]]:
    """From the feed back, archive by archive, each entry is met once. Only asked if all documents are here."""
    for kind in FORMATS:
        archives = {path for path, sheet in sheets.items() if sheet.kind is kind and sheet.role is Role.ARCHIVE}
        if kind.file in sheets and (archives or _older(sheets[kind.file], site)):
            yield from _follow(sheets, kind, archives, site)


def _follow(sheets: _Sheets, kind: Format, archives: set[str], site: Site) -> Iterator[tuple[str, str]]:
    met: set[str] = set()
    path = _older(sheets[kind.file], site)
    while path in archives:
        archives.remove(path)
        ids = [item.id or "" for item in sheets[path].items]
        yield from ((path, f"{id_} was met before") for id_ in ids if id_ in met)
        met.update(ids)
        path = _older(sheets[path], site)
    if path:
        yield kind.file, f"it leads to {path}, which is not there or was met before"
    yield from ((left, "no document leads to it") for left in sorted(archives))
    lost = [item.id for item in sheets[kind.file].items if item.id not in met]
    yield from ((kind.file, f"{id_} is in no archive document") for id_ in lost)


def _older(sheet: Sheet, site: Site) -> str:
    found = sheet.hrefs("next" if sheet.kind is JSON else "prev-archive")
    return found[0].removeprefix(f"{site.url}/") if found else ""


RULES: tuple[tuple[Rule, SetTest], ...] = (
    (Rule("FormatsDiffer", "3, 18", ERROR, "checklist", "the formats of a feed don't say the same"), _formats_differ),
    (Rule("EntriesDiffer", "32", ERROR, "checklist", "an entry is not the same in all feeds"), _entries_differ),
    (Rule("FeedIds", "4", ERROR, "RFC 4287 4.2.6; RFC 5005", "the ids of feeds are mixed up"), _ids_of_feeds),
)

WHOLE_RULES: tuple[tuple[Rule, SetTest], ...] = (
    (Rule("BrokenChain", "26, 27, 28", ERROR, "RFC 5005 4", "the archives don't hold each entry once"), _chain),
)


def unlisted(opml: _Element, paths: list[str], site: Site) -> Iterator[str]:
    """Yield the feeds that the list of all does not name."""
    listed = {outline.get("xmlUrl") for outline in opml.iter("outline")}
    for path in paths:
        if path.endswith(ATOM.file) and f"{site.url}/{path}" not in listed:
            yield path


UNLISTED = Rule("UnlistedFeed", "37", ERROR, "checklist", f"{OPML} does not list a feed")

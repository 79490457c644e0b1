"""The keys of a head: ours, the names that other generators use, and typed values with their lines."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING

from briefingfeed.posts import dates

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date
    from zoneinfo import ZoneInfo

    from briefingfeed.posts.dates import Moment
    from briefingfeed.posts.findings import Findings
    from briefingfeed.posts.frontmatter import Document, Entry, Value

NAMES: Mapping[str, tuple[str, ...]] = {
    "title": ("title",),
    "date": ("date", "publishdate", "pubdate", "published"),
    "updated": ("updated", "lastmod", "modified", "last_modified_at", "last_modified"),
    "id": ("id",),
    "url": ("url", "permalink"),
    "authors": ("authors", "author"),
    "standfirst": ("standfirst",),
    "contact": ("contact",),
    "topics": ("topics", "tags", "tag", "categories", "category"),
    "summary": ("summary", "description", "excerpt"),
    "draft": ("draft",),
    "slug": ("slug",),
    "aliases": ("aliases", "alias", "redirect_from"),
    "image": ("image", "featured_image", "cover", "images"),
    "image_alt": ("image_alt", "imagealt"),
    "closes": ("closes",),
    "call_to_action": ("call_to_action", "calltoaction"),
    "corrections": ("corrections",),
    "feed": ("feed",),
    "email": ("email",),
    "email_subject": ("email_subject", "emailsubject"),
    "comments": ("comments",),
    "language": ("language", "lang"),
}
"""Our key -> the lower-case names under which it is looked for, the first that is there counts."""

_FOREIGN = frozenset(
    {"layout", "type", "status", "params", "permalink", "excerpt", "subtitle", "share", "pin", "cover", "expirydate"}
    | {"build", "linktitle", "translationkey", "template", "series", "guid", "locale", "excerpt_separator", "thumbnail"}
    | {"source", "link", "name", "news", "note", "notes", "comment", "disqus", "top", "location", "closed", "contents"}
)
"""Names of other generators and themes that are near to one of ours, or looked at elsewhere: never a misspelling."""

_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})
_SEPARATORS = re.compile(r"[,;]")


class Fields:
    """Typed access to the entries of one head. What is wrong goes to the findings; the value is then None.

    `params` of Hugo is looked into for keys that do not stand at the top.
    """

    def __init__(self, document: Document, zone: ZoneInfo, findings: Findings) -> None:
        self._zone = zone
        self._findings = findings
        self._entries: dict[str, Entry] = {}
        self._used: set[str] = set()
        for entry in document.entries:
            name = entry.key.lower()
            if name in self._entries:
                message = f"The key {entry.key} appears twice; this one counts."
                findings.warning(message, "Delete the other one.", entry.line)
            self._entries[name] = entry
        self._unfold_params()

    def _unfold_params(self) -> None:
        params = self._entries.get("params")
        if params and isinstance(params.value, dict):
            for key, value in params.value.items():
                self._entries.setdefault(key.lower(), type(params)(key, value, params.line))

    def entry(self, key: str) -> Entry | None:
        """Return the first entry with a value under any name of one of our keys."""
        for name in NAMES[key]:
            entry = self._entries.get(name)
            if entry is not None:
                self._used.add(name)
                if entry.value is not None and entry.value != "":
                    return entry
        return None

    def named(self, name: str) -> Entry | None:
        """Return the entry with a value under exactly this name."""
        entry = self._entries.get(name)
        if entry is not None:
            self._used.add(name)
        return entry if entry is not None and entry.value not in (None, "") else None

    def raw(self, name: str) -> Value:
        """Return the value of a key that is not ours, without marking it as used."""
        entry = self._entries.get(name)
        return entry.value if entry else None

    def line(self, key: str) -> int | None:
        entry = self.entry(key)
        return entry.line if entry else None

    def drop(self, name: str) -> None:
        """Forget an entry whose meaning elsewhere is another (such as Jekyll's `published: false`)."""
        self._entries.pop(name, None)

    def text(self, key: str) -> str | None:
        """One line of text; runs of white space become one space."""
        entry = self.entry(key)
        if entry is None:
            return None
        if not isinstance(entry.value, str):
            self._findings.error(f"{entry.key} must be a text.", f"Write it as {entry.key}: some words", entry.line)
            return None
        return " ".join(entry.value.split()) or None

    def flag(self, key: str) -> bool | None:
        entry = self.entry(key)
        if entry is None:
            return None
        word = entry.value.lower() if isinstance(entry.value, str) else ""
        if word in _TRUE or word in _FALSE:
            return word in _TRUE
        self._findings.error(
            f"{entry.key} must be true or false.", f"Write {entry.key}: true or {entry.key}: false", entry.line
        )
        return None

    def texts(self, entry: Entry, *, spaces: bool = False) -> list[str]:
        """A list of texts, or one text that commas, semicolons or (as Jekyll has it) spaces divide."""
        if isinstance(entry.value, str):
            divided = bool(_SEPARATORS.search(entry.value))
            items: Iterable[Value] = (
                _SEPARATORS.split(entry.value)
                if divided
                else entry.value.split() if spaces else entry.value.split("\n")
            )  # fmt: skip
        elif isinstance(entry.value, list):
            items = entry.value
        else:
            items = [entry.value]
        texts = [" ".join(item.split()) for item in items if isinstance(item, str)]
        if any(item is not None and not isinstance(item, str) for item in items):
            message = f"{entry.key} must be a list of words."
            self._findings.error(message, f"Write it as {entry.key}: [housing, energy]", entry.line)
        return [text for text in texts if text]

    def moment(self, key: str) -> Moment | None:
        entry = self.entry(key)
        return None if entry is None else self.moment_of(entry.value, entry)

    def moment_of(self, value: Value, entry: Entry) -> Moment | None:
        try:
            return dates.read_moment(value if isinstance(value, str) else "", self._zone)
        except dates.DateError as error:
            self._findings.error(f"{entry.key}: {error}", dates.REMEDY, entry.line)
            return None

    def day_of(self, value: Value, entry: Entry) -> date | None:
        moment = self.moment_of(value, entry)
        return moment.at.date() if moment else None

    def extra(self) -> dict[str, object]:
        """What is not ours, as written; a key that looks like a slip of the pen is told."""
        rest = {name: entry for name, entry in self._entries.items() if name not in self._used}
        for name, entry in rest.items():
            meant = _meant(name)
            if meant:
                message = f"There is no key {entry.key}; it was left out of account. Did you mean {meant}?"
                self._findings.warning(message, f"Write {meant}: instead of {entry.key}:", entry.line)
        return {entry.key: entry.value for entry in rest.values()}


@lru_cache(maxsize=4096)
def _meant(name: str) -> str | None:
    if name in _FOREIGN or any(name in names for names in NAMES.values()):
        return None
    close = get_close_matches(name.replace("-", "_"), NAMES, n=1, cutoff=0.8)
    return close[0] if close else None

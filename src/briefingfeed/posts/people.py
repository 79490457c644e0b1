"""Who wrote a post: authors.toml, and the ways in which a head names people."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields as dataclass_fields
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from briefingfeed.models.post import Author
from briefingfeed.posts.characters import decode, without_illegal
from briefingfeed.posts.findings import Findings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from briefingfeed.models.problem import Problem
    from briefingfeed.posts.frontmatter import Entry, Value

_KEYS = tuple(field.name for field in dataclass_fields(Author))
_SPELLINGS = {"organization": "organisation", "website": "url", "link": "url"}
_KEY_LIKE = re.compile(r"[a-z0-9][a-z0-9_.-]*")
_TRUE = frozenset({"true", "yes", "on", "1"})


def load_authors(file: Path) -> tuple[Mapping[str, Author], list[Problem]]:
    """Read authors.toml: a table per person, its name the key that posts use. A missing file is an empty one."""
    findings = Findings(file.name)
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        return {}, []
    except OSError as error:
        findings.error(f"The file cannot be read ({error.strerror}).", "Check its permissions.")
        return {}, list(findings.problems)
    text = decode(data, findings)
    authors: dict[str, Author] = {}
    try:
        people = tomllib.loads(text or "")
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"line (\d+)", str(error))
        findings.error(
            f"This is not right TOML: {error}.",
            'Write a person as [key] on one line and name = "Full Name" below it.',
            int(place.group(1)) if place else None,
        )
        people = {}
    for key, table in people.items():
        author = _person(key, table, _line(text or "", key), findings)
        if author:
            authors[key] = author
    return authors, list(findings.problems)


def _person(key: str, table: object, line: int | None, findings: Findings) -> Author | None:
    if not isinstance(table, dict):
        findings.error(f"{key} is not a person.", f'Write [{key}] on one line and name = "Full Name" below it.', line)
        return None
    return _author({str(name): value for name, value in table.items()}, f"[{key}]", line, findings)


def _line(text: str, key: str) -> int | None:
    place = re.search(rf"^[ \t]*\[?[ \t]*[\"']?{re.escape(key)}[\"']?[ \t]*[\]=]", text, re.MULTILINE)
    return text.count("\n", 0, place.start()) + 1 if place else None


def _author(
    table: Mapping[str, object], where: str, line: int | None, findings: Findings, known: Author | None = None
) -> Author | None:
    """Make an author of a mapping; `known` (of authors.toml) gives what it leaves out."""
    values: dict[str, str] = {}
    for written, value in table.items():
        name = _SPELLINGS.get(written.lower(), written.lower())
        if name not in _KEYS:
            meant = get_close_matches(name, _KEYS, n=1)
            remedy = f"Did you mean {meant[0]}?" if meant else f"These are known: {', '.join(_KEYS)}."
            findings.warning(f"{where} has an unknown key {written}.", remedy, line)
        elif isinstance(value, str | bool | int):
            values[name] = " ".join(without_illegal(str(value)).split())
        elif value is not None:
            findings.error(f"{name} of {where} must be a text.", f'Write {name} = "…" or leave it out.', line)
            return None
    if not values.get("name") and known is None:
        findings.error(f"{where} has no name.", "Give the person a name.", line)
        return None
    if "url" in values and not values["url"].startswith(("https://", "http://")):
        findings.warning(
            f"The url of {where} is not a full web address; it was left out.", "Begin it with https://", line
        )
        del values["url"]
    base = known or Author(name=values["name"])
    return replace(
        base,
        name=values.get("name") or base.name,
        role=values.get("role") or base.role,
        organisation=values.get("organisation") or base.organisation,
        url=values.get("url") or base.url,
        email=values.get("email") or base.email,
        guest=values["guest"].lower() in _TRUE if "guest" in values else base.guest,
    )


def read_authors(
    entry: Entry | None, people: Mapping[str, Author], findings: Findings, *, divided: bool
) -> tuple[Author, ...]:
    """Return the authors that a head names: keys of authors.toml, names, mappings, or a list of these.

    Args:
        divided: one text may hold several people, between commas or semicolons (Pelican).
    """
    if entry is None:
        return ()
    items = entry.value if isinstance(entry.value, list) else [entry.value]
    if len(items) == 1 and isinstance(items[0], str):
        parts = [part.strip() for part in re.split(r"[;\n]" if ";" in items[0] else r"[,\n]", items[0])]
        if divided or (len(parts) > 1 and all(part in people for part in parts)):
            items = list(parts)
    found = [_one(item, entry, people, findings) for item in items if item]
    return tuple(dict.fromkeys(author for author in found if author))


def _one(item: Value, entry: Entry, people: Mapping[str, Author], findings: Findings) -> Author | None:
    if isinstance(item, dict):
        named = item.get("name")
        known = people.get(named) if isinstance(named, str) else None
        table = {key: value for key, value in item.items() if not (known and key == "name")}
        return _author(table, "an author", entry.line, findings, known)
    if not isinstance(item, str):
        findings.error(f"{entry.key} must be names.", f"Write it as {entry.key}: [Amara Osei, Li Wei]", entry.line)
        return None
    name = " ".join(item.split())
    if name in people:
        return people[name]
    close = get_close_matches(name, people, n=1, cutoff=0.75) if _KEY_LIKE.fullmatch(name) else []
    if close:
        findings.warning(
            f"authors.toml has no {name}; it is published as a name. Did you mean {close[0]}?",
            f"Write {close[0]}, or add [{name}] to authors.toml.",
            entry.line,
        )
    return Author(name=name) if name else None

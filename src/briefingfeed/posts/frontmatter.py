"""The head of a post: where it ends, which syntax it is written in, and its keys with their lines.

Three syntaxes: YAML between `---`, TOML between `+++`, and Pelican's bare `Key: value` lines. Every scalar comes out
as text, so that `no` stays a word and `1.10` keeps its zero; `fields` gives values their types.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum

from briefingfeed.posts.characters import without_illegal
from briefingfeed.posts.yaml_head import YamlError, read_yaml

LIMIT = 65_536
"""Characters that a head may have."""

Value = str | list["Value"] | dict[str, "Value"] | None


class Syntax(StrEnum):
    YAML = "yaml"
    TOML = "toml"
    BARE = "bare"
    """Pelican's, without fences."""


@dataclass(frozen=True, slots=True)
class Entry:
    key: str
    """As written."""
    value: Value
    line: int


@dataclass(frozen=True, slots=True)
class Document:
    syntax: Syntax | None
    """None: the file has no head at all."""
    entries: tuple[Entry, ...]
    body: str
    body_line: int
    """Line of the file, from 1, in which the body begins."""


class HeadError(Exception):
    """The head cannot be read. `line` counts from 1 in the whole file."""

    def __init__(self, message: str, remedy: str, line: int) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.line = line


_FENCE = re.compile(r"(?P<fence>---|\+\+\+)[ \t]*(?:\n|\Z)")
_CLOSERS = {
    "---": re.compile(r"^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.MULTILINE),
    "+++": re.compile(r"^\+\+\+[ \t]*(?:\n|\Z)", re.MULTILINE),
}
_BARE = re.compile(r"([A-Za-z][A-Za-z0-9_-]*)[ \t]*:(?:[ \t]+|(?=\n)|\Z)(.*)")
_TOML_PLACE = re.compile(r" \(at line (\d+), column \d+\)$")


@dataclass(frozen=True, slots=True)
class Head:
    """Where the head of a text stands: offsets into it."""

    syntax: Syntax
    start: int
    """First character after the opening fence; for a bare head its first line."""
    end: int
    """First character of the closing fence; for a bare head the end of its last line."""
    body: int


def find_head(text: str) -> Head | None:
    """Return where the head stands, or None if the text has none.

    Raises:
        HeadError: an opening fence that is never closed.
    """
    first = len(text) - len(text.lstrip("\n"))
    opened = _FENCE.match(text, first)
    if not opened:
        return _find_bare(text, first)
    fence = opened.group("fence")
    closed = _CLOSERS[fence].search(text, opened.end())
    if not closed:
        message = f"The front matter that begins here with {fence} is never closed."
        raise HeadError(message, f"Put a line with just {fence} between the front matter and the text.", first + 1)
    syntax = Syntax.YAML if fence == "---" else Syntax.TOML
    return Head(syntax, opened.end(), closed.start(), closed.end())


def split(text: str) -> Document:
    """Split a post's text (line ends `\\n`) into its head's entries and its body.

    Raises:
        HeadError: the head is unclosed, too large, or wrong in its own syntax.
    """
    head = find_head(text)
    if head is None:
        return Document(None, (), text, 1)
    line = text.count("\n", 0, head.start) + 1
    source = text[head.start : head.end]
    if len(source) > LIMIT:
        message = f"The front matter is longer than {LIMIT:,} characters."
        raise HeadError(message, "Move what is text below the closing line of the front matter.", line)
    if head.syntax is Syntax.YAML:
        entries = _yaml_entries(source, line)
    elif head.syntax is Syntax.TOML:
        entries = _toml_entries(source, line)
    else:
        entries = _bare_entries(source, line)
    return Document(head.syntax, entries, text[head.body :], text.count("\n", 0, head.body) + 1)


def _yaml_entries(source: str, first_line: int) -> tuple[Entry, ...]:
    try:
        pairs = read_yaml(source)
    except YamlError as error:
        raise HeadError(error.message, error.remedy, first_line + error.line) from error
    return tuple(Entry(key, value, first_line + line) for key, value, line in pairs)


def _toml_entries(source: str, first_line: int) -> tuple[Entry, ...]:
    try:
        table = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        place = _TOML_PLACE.search(str(error))
        line = int(place.group(1)) - 1 if place else source.count("\n")
        words = _TOML_PLACE.sub("", str(error)).removesuffix(" (at end of document)")
        raise HeadError(
            f"This line of the front matter is not right TOML: {words}.",
            'Between +++ lines, texts stand in quotes and follow an equals sign: title = "Our reply".',
            first_line + line,
        ) from error
    except RecursionError as error:
        raise HeadError("The front matter is nested too deeply.", "Write it without so many brackets.", 1) from error
    return tuple(Entry(key, _as_text(value), first_line + _toml_line(source, key)) for key, value in table.items())


def _toml_line(source: str, key: str) -> int:
    name = re.escape(key)
    place = re.search(rf"^[ \t]*(?:\[+[ \t]*)?[\"']?{name}[\"']?[ \t]*[=.\]]", source, re.MULTILINE)
    return source.count("\n", 0, place.start()) if place else 0


def _as_text(value: object) -> Value:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, list):
        return [_as_text(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _as_text(item) for key, item in value.items()}
    return without_illegal(str(value))


def _find_bare(text: str, first: int) -> Head | None:
    """Find Pelican's head: `Key: value` lines up to the first empty one, a title or date among them."""
    position, keys = first, set[str]()
    while position < len(text):
        stop = text.find("\n", position)
        stop = len(text) if stop < 0 else stop
        line = text[position:stop]
        entry = _BARE.match(line)
        if entry:
            keys.add(entry.group(1).lower())
        elif not line.strip():
            break
        elif not (keys and line[0] in " \t"):
            return None
        position = stop + 1
    if not keys & {"title", "date"}:
        return None
    end = min(position, len(text))
    return Head(Syntax.BARE, first, end, end)


def _bare_entries(source: str, first_line: int) -> tuple[Entry, ...]:
    entries: list[Entry] = []
    for number, line in enumerate(source.split("\n")):
        found = _BARE.match(line)
        if found:
            entries.append(Entry(found.group(1), found.group(2).strip(), first_line + number))
        elif line.strip():
            last = entries.pop()
            entries.append(Entry(last.key, f"{last.value}\n{line.strip()}".strip(), last.line))
    return tuple(Entry(entry.key, entry.value or None, entry.line) for entry in entries)

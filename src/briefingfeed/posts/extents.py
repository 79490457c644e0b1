"""Where each key of a head stands in its file: which lines are its own, and where on them its value is. Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from briefingfeed.posts.frontmatter import Syntax

if TYPE_CHECKING:
    from collections.abc import Iterator

    from briefingfeed.posts.frontmatter import Document, Head


@dataclass(frozen=True, slots=True)
class Extent:
    name: str
    """The key in lower case."""
    first: int
    """Line of the file, from 0."""
    end: int
    """The line behind its last one; comments and empty lines that follow are not its own."""
    value: tuple[int, int] | None = None
    """First column of the value on its only line, and the one behind its last; None if it has several lines."""
    quote: str = ""
    """The mark in which a text stands, if any."""


def extents(flat: str, head: Head, document: Document) -> list[Extent]:
    """Return the extents of a head's keys in their order. Those that cannot be told are left out.

    `flat` is the file's text with `\\n` as its line ends.
    """
    lines = flat.split("\n")
    last = flat.count("\n", 0, head.end)
    firsts = [entry.line - 1 for entry in document.entries]
    if head.syntax is Syntax.YAML:
        values = _yaml_values(flat[head.start : head.end])
        begin = flat.count("\n", 0, head.start)
    else:
        values, begin = {}, 0
    found = []
    for number, entry in enumerate(document.entries):
        first = firsts[number]
        following = min((line for line in firsts if line > first), default=last)
        if head.syntax is Syntax.YAML:
            value = values.get(first - begin)
            is_literal = value is not None and value.is_literal
            end = _without_comments(lines, first, following, is_literal=is_literal)
            found.append(
                Extent(entry.key.lower(), first, end, value.columns if value else None, value.quote if value else "")
            )
        elif head.syntax is Syntax.TOML:
            found.append(_toml(entry.key, lines, first, following))
        else:
            found.append(_bare(entry.key, lines, first, following))
    return found


@dataclass(frozen=True, slots=True)
class _Value:
    columns: tuple[int, int] | None
    quote: str
    is_literal: bool
    """Written below its key behind | or >, where a # is no comment."""


def _yaml_values(source: str) -> dict[int, _Value]:
    """Return the values by the line, from 0, in which their keys begin."""
    found: dict[int, _Value] = {}
    events = yaml.parse(source, Loader=yaml.CBaseLoader)
    for event in events:
        if isinstance(event, yaml.MappingStartEvent):
            break
    for key in events:
        if isinstance(key, yaml.MappingEndEvent):
            break
        first = next(events)
        last = _end_of(first, events)
        start, end, line = first.start_mark, last.end_mark, key.end_mark
        if start is None or end is None or line is None or key.start_mark is None:
            continue
        style = first.style if isinstance(first, yaml.ScalarEvent) else ""
        is_on_line = start.line == end.line == line.line and end.column > start.column
        columns = (start.column, end.column) if is_on_line else None
        if start.line == end.line == line.line and isinstance(first, yaml.ScalarEvent) and not first.value:
            columns = columns or (line.column + 1, line.column + 1)
        found[key.start_mark.line] = _Value(columns, style if style in ("'", '"') else "", style in ("|", ">"))
    return found


def _end_of(first: yaml.Event, events: Iterator[yaml.Event]) -> yaml.Event:
    """Take the events of one value and return its last."""
    depth, event = 0, first
    while True:
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth == 0:
            return event
        event = next(events)


def _without_comments(lines: Sequence[str], first: int, end: int, *, is_literal: bool) -> int:
    while end > first + 1:
        line = lines[end - 1]
        is_comment = line.startswith("#") if is_literal else line.lstrip().startswith("#")
        if line.strip() and not is_comment:
            break
        end -= 1
    return end


def _toml(key: str, lines: Sequence[str], first: int, following: int) -> Extent:
    """A value ends where it can be read; a table goes on to the next."""
    if lines[first].lstrip().startswith("["):
        return Extent(key.lower(), first, _without_comments(lines, first, following, is_literal=False))
    for end in range(first + 1, following + 1):
        if _reads("\n".join(lines[first:end])):
            break
    else:
        return Extent(key.lower(), first, following)
    if end > first + 1:
        return Extent(key.lower(), first, end)
    line = lines[first]
    start = line.find("=") + 1
    start += len(line[start:]) - len(line[start:].lstrip())
    comments = (place for place, sign in enumerate(line) if sign == "#" and place > start and _reads(line[:place]))
    stop = next(comments, len(line))
    return Extent(key.lower(), first, end, (start, start + len(line[start:stop].rstrip())))


def _reads(source: str) -> bool:
    try:
        return len(tomllib.loads(source)) == 1
    except tomllib.TOMLDecodeError:
        return False


def _bare(key: str, lines: Sequence[str], first: int, following: int) -> Extent:
    end = first + 1
    while end < following and lines[end].strip():
        end += 1
    start = lines[first].find(":") + 1
    start += len(lines[first][start:]) - len(lines[first][start:].lstrip())
    return Extent(key.lower(), first, end, (start, len(lines[first])) if end == first + 1 else None)

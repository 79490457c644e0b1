"""Changing single keys of a post's head, or its text, without touching any other byte of the file.

Where a value stands in its file is found by ways that fit most heads; whether the file then says what it should, and
nothing else has changed, is read back each time. What cannot be done so is refused.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from briefingfeed.errors import RefusedError
from briefingfeed.posts.extents import extents
from briefingfeed.posts.frontmatter import HeadError, Syntax, find_head, split
from briefingfeed.posts.wording import Word, block, phrase

if TYPE_CHECKING:
    from briefingfeed.posts.extents import Extent
    from briefingfeed.posts.frontmatter import Document, Head, Value

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_ENDS = ("\r\n", "\r", "\n")
_END = "\n"

Edit = tuple[int, int, Sequence[str]]
"""First line and the line behind the last, from 0, and the lines that take their place."""


def amend(data: bytes, key: str, value: Value, after: Sequence[str] = ()) -> bytes:
    """Return a file's bytes with `key` set to `value` in its head; None takes the key out.

    The key is found whatever its capitals. A new one goes behind the last of the keys `after` that is there, else to
    the end. The same bytes come back if the head says it already.

    Raises RefusedError if that cannot be done without touching something else, or if the head cannot be read.
    """
    mark, text = _decoded(data)
    flat = _flat(text)
    try:
        head, before = find_head(flat), split(flat)
    except HeadError as error:
        raise RefusedError(error.message, remedy=error.remedy) from error
    if head is None:
        raise RefusedError("The file has no front matter.", remedy="Begin it with a line ---, and end it with another.")
    if [each for each in _said(before, key) if each is not None] == ([] if value is None else [value]):
        return data
    for edits in _proposals(flat, head, before, key, value, after):
        changed = _edited(text, edits)
        if _is_right(_flat(changed), before, key, value):
            return mark + changed.encode()
    raise RefusedError(
        f"The line “{key}” of this post is written so that it cannot be changed here.",
        remedy="Change it in the file itself; everything else can be changed here.",
    )


def begin_head(data: bytes) -> bytes:
    """Return a file without any front matter with an empty one."""
    mark, text = _decoded(data)
    end = next((end for end in _ENDS if end in text), "\n")
    return mark + f"---{end}---{end}{end}{text}".encode()


def text_of(data: bytes) -> str:
    """Return what stands below the head, without empty lines around it. Raises HeadError and RefusedError."""
    return split(_flat(_decoded(data)[1])).body.strip("\n")


def with_text(data: bytes, body: str) -> bytes:
    """Return a file's bytes with another text below its head; lines that are the same keep their bytes.

    Raises HeadError and RefusedError.
    """
    mark, text = _decoded(data)
    before = split(_flat(text)).body
    body = _flat(body).strip("\n")
    words = before.strip("\n")
    if body == words:
        return data
    lead, trail = before.split(words, 1) if words else (before, "")
    old, new = _lines(before), _lines(f"{lead or _END}{body}{trail or _END}")
    first = len(_lines(_flat(text))) - len(old)
    same = _same(old, new)
    same_end = _same(old[same:][::-1], new[same:][::-1])
    edit = (first + same, first + len(old) - same_end, new[same : len(new) - same_end])
    changed = mark + _edited(text, [edit]).encode()
    if text_of(changed) != body:
        raise RefusedError("This text cannot stand in a file.", remedy="Look for invisible characters in it.")
    return changed


def _proposals(
    flat: str, head: Head, before: Document, key: str, value: Value, after: Sequence[str]
) -> Iterator[list[Edit]]:
    """Yield ways in which the head may be made to say it, the one that changes least first."""
    lines = flat.split("\n")
    found = extents(flat, head, before)
    own = [extent for extent in found if extent.name == key.lower()]
    if value is None:
        yield [(extent.first, extent.end, ()) for extent in own]
        return
    for extent in own[-1:]:
        yield from _replacements(lines, extent, head, value)
    written = _written(before, key)
    for new in _wordings(written, value, head, ""):
        gone: list[Edit] = [(extent.first, extent.end, ()) for extent in own]
        if own:
            yield [*gone[:-1], (own[-1].first, own[-1].end, new)]
        for place in _places(flat, head, found, after):
            yield [*gone, (place, place, new)]


def _replacements(lines: Sequence[str], extent: Extent, head: Head, value: Value) -> Iterator[list[Edit]]:
    """Yield those that keep what stands beside the value on its line."""
    if extent.value is None:
        return
    start, end = extent.value
    line = lines[extent.first]
    try:
        words = phrase(value, head.syntax, extent.quote)
    except ValueError:
        return
    space = "" if line[:start].endswith((" ", "\t")) or head.syntax is Syntax.BARE else " "
    yield [(extent.first, extent.first + 1, [f"{line[:start]}{space}{words}{line[end:]}"])]


def _wordings(key: str, value: Value, head: Head, indent: str) -> Iterator[list[str]]:
    """Yield lines that say it."""
    mark = " = " if head.syntax is Syntax.TOML else ": "
    if head.syntax is Syntax.YAML and isinstance(value, list) and any(isinstance(item, dict) for item in value):
        yield [f"{key}:", *block(value, f"{indent}  ")]
    for each in (value, str(value)) if isinstance(value, Word) else (value,):
        try:
            yield [f"{key}{mark}{phrase(each, head.syntax)}"]
        except ValueError:
            continue


def _places(flat: str, head: Head, found: Iterable[Extent], after: Sequence[str]) -> Iterator[int]:
    """Yield lines before which a new one may go. Behind a TOML table a key would belong to that."""
    rank = {name: number for number, name in enumerate(after)}
    known = [(rank[extent.name], extent.end) for extent in found if extent.name in rank]
    if known:
        yield max(known)[1]
    first, last = flat.count("\n", 0, head.start), flat.count("\n", 0, head.end)
    yield from (first, last) if head.syntax is Syntax.TOML else (last, first)


def _edited(text: str, edits: Iterable[Edit]) -> str:
    """Return the text with its lines replaced; new ones end as those around them do."""
    lines = _LINE.findall(text)
    for first, end, new in sorted(edits, reverse=True):
        around = [*lines[first:end], *lines[:first][::-1], *lines[end:]]
        mark = next((each for line in around for each in _ENDS if line.endswith(each)), "\n")
        fresh = [f"{line}{mark}" for line in new]
        if first and fresh and not lines[first - 1].endswith(_ENDS):
            lines[first - 1] += mark
        if fresh and end > first and not lines[end - 1].endswith(_ENDS):
            fresh[-1] = fresh[-1].removesuffix(mark)
        lines[first:end] = fresh
    return "".join(lines)


def _is_right(changed: str, before: Document, key: str, value: Value) -> bool:
    """Whether the head now says what it said before, but for the key, and the text below is the same."""
    try:
        after = split(changed)
    except HeadError:
        return False
    if after.syntax is not before.syntax or after.body != before.body:
        return False
    rest = [[(each.key, each.value) for each in some.entries if not _is(each.key, key)] for some in (before, after)]
    return rest[0] == rest[1] and _said(after, key)[-1:] == _expected(value, before.syntax)


def _expected(value: Value, syntax: Syntax | None) -> list[Value]:
    if value is None:
        return []
    return [phrase(value, Syntax.BARE)] if syntax is Syntax.BARE else [value]


def _lines(flat: str) -> list[str]:
    """Return the lines of a text; behind the last line end there is none."""
    return flat.removesuffix("\n").split("\n") if flat else []


def _said(document: Document, key: str) -> list[Value]:
    return [entry.value for entry in document.entries if _is(entry.key, key)]


def _written(document: Document, key: str) -> str:
    return next((entry.key for entry in reversed(document.entries) if _is(entry.key, key)), key)


def _is(written: str, key: str) -> bool:
    return written.lower() == key.lower()


def _same(one: Sequence[str], other: Sequence[str]) -> int:
    """Return how many lines at the beginning are the same."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _decoded(data: bytes) -> tuple[bytes, str]:
    mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    try:
        return mark, data[len(mark) :].decode()
    except UnicodeDecodeError as error:
        raise RefusedError(
            "This file is not UTF-8 text, so it cannot be changed here.",
            remedy="Open it in your editor and save it again with the encoding UTF-8.",
        ) from error


def _flat(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")

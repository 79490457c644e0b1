"""Writing an id into a post's head without touching any other byte of the file: what `ids write` does."""

from __future__ import annotations

import codecs
import json
import re
from typing import TYPE_CHECKING

from briefingfeed.errors import RefusedError
from briefingfeed.posts.frontmatter import HeadError, Syntax, find_head, split

if TYPE_CHECKING:
    from briefingfeed.posts.frontmatter import Document, Head

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9+.,:/_~@%?=&;()!*$'-]*")
_LINE_END = re.compile(rb"\r\n|\r|\n")


def insert_id(data: bytes, post_id: str) -> bytes:
    """Return a file's bytes with a line for its id in the head, in the head's own syntax and line ends.

    They come back as they are if the post has an id already, or if the head cannot be read: loading tells that.

    Raises:
        RefusedError: the head is sound, but written so that no line can be added to it.
    """
    mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    source = data[len(mark) :]
    try:
        text = _text(source)
        head = find_head(text)
        before = split(text)
    except (HeadError, UnicodeDecodeError):
        return data
    if head is None or any(entry.key.lower() == "id" for entry in before.entries):
        return data
    line = _line(head, post_id)
    for place in _places(head):
        changed = _inserted(source, text.count("\n", 0, place), line)
        if _is_right(_text(changed), before, post_id):
            return mark + changed
    raise RefusedError(
        "The front matter of a post is written so that no line can be added to it.",
        remedy=f"Write this into it by hand: {line}",
    )


def _text(source: bytes) -> str:
    return source.decode().replace("\r\n", "\n").replace("\r", "\n")


def _line(head: Head, post_id: str) -> str:
    if head.syntax is Syntax.TOML:
        return f"id = {json.dumps(post_id, ensure_ascii=False)}"
    plain = _PLAIN.fullmatch(post_id) or head.syntax is Syntax.BARE
    return f"id: {post_id if plain else json.dumps(post_id, ensure_ascii=False)}"


def _places(head: Head) -> tuple[int, ...]:
    """Last in the head, or first: behind a TOML table a key would belong to it, and an indented head ends with it."""
    return (head.start, head.end) if head.syntax is not Syntax.YAML else (head.end, head.start)


def _inserted(source: bytes, lines: int, line: str) -> bytes:
    """Put a line behind the given number of lines, with the line end that the file has there."""
    ends = list(_LINE_END.finditer(source))
    end = ends[max(lines - 1, 0)].group() if ends else b"\n"
    offset = ends[lines - 1].end() if lines else 0
    return source[:offset] + line.encode() + end + source[offset:]


def _is_right(changed: str, before: Document, post_id: str) -> bool:
    """Whether the head now says what it said before, and the id."""
    try:
        after = split(changed)
    except HeadError:
        return False
    said = [(entry.key, entry.value) for entry in after.entries]
    rest = [(entry.key, entry.value) for entry in before.entries]
    added = ("id", post_id)
    return added in said and [pair for pair in said if pair != added] == rest and after.body == before.body

"""Lines of plain text: how wide they are on a screen, and where they may be broken. Pure."""

from __future__ import annotations

import re
import unicodedata

WIDTH = 72
"""Columns of the text part: leaves room for the marks of somebody who quotes it."""

_LEAST_WIDTH = 24
"""Columns that text keeps however deeply it is nested."""

_SPACES = re.compile(r"[ \t\n\r\f\v]+")
_NOT_BEFORE = "、。，．・：；？！）］｝〉》」』】〕”’…ー々"
"""Signs of East Asian writing that no line begins with."""


def columns(text: str) -> int:
    """Return how many columns `text` takes: two for wide characters (UAX 11), none for combining ones."""
    if text.isascii():
        return len(text)
    return sum(_columns_of(character) for character in text)


def wrap(text: str, *, first: str = "", rest: str = "", width: int = WIDTH) -> list[str]:
    """Break `text` at its spaces into lines of at most `width` columns, the first led by `first`, others by `rest`.

    A word is never broken, however long, so that URLs stay whole; East Asian text may break between characters. A line
    break in `text` is kept. There is always at least one line.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        rooms = [max(width - columns(lead), _LEAST_WIDTH) for lead in (rest if lines else first, rest)]
        for line in broken(paragraph, *rooms):
            lines.append(((rest if lines else first) + line).rstrip(" "))
    return lines


def broken(paragraph: str, first_room: int, rest_room: int) -> list[str]:
    """Break one paragraph so that its first line takes `first_room` columns and the others `rest_room`, if words do."""
    lines: list[str] = []
    line, used = "", 0
    for word in _SPACES.split(paragraph.strip(" \t\n\r\f\v")):
        for number, piece in enumerate(_pieces(word)):
            gap = " " if line and number == 0 else ""
            taken = columns(piece)
            if line and used + len(gap) + taken > (rest_room if lines else first_room):
                lines.append(line)
                line, used, gap = "", 0, ""
            line += gap + piece
            used += len(gap) + taken
    return [*lines, line]


def underlined(text: str, sign: str, *, width: int = WIDTH) -> list[str]:
    """Return the lines of a heading, underlined as wide as its widest line."""
    lines = wrap(text, width=width)
    return [*lines, sign * max(columns(line) for line in lines)]


def longest_word(text: str) -> int:
    """Return the columns of the longest piece of `text` that `wrap` would not break."""
    return max(columns(piece) for word in _SPACES.split(text) for piece in _pieces(word) or [""])


def padded(text: str, width: int, *, right: bool = False, centre: bool = False) -> str:
    """Fill `text` with spaces to `width` columns."""
    spaces = max(width - columns(text), 0)
    left = spaces if right else spaces // 2 if centre else 0
    return " " * left + text + " " * (spaces - left)


def _columns_of(character: str) -> int:
    if unicodedata.east_asian_width(character) in "WF":
        return 2
    return 0 if unicodedata.category(character) in {"Mn", "Me", "Cf"} else 1


def _pieces(word: str) -> list[str]:
    """Cut a word where it may be broken without a space: around wide characters."""
    if word.isascii():
        return [word]
    pieces: list[str] = []
    after_wide = False
    for character in word:
        wide = unicodedata.east_asian_width(character) in "WF"
        joins = character in _NOT_BEFORE or unicodedata.combining(character) or not (wide or after_wide)
        if pieces and joins:
            pieces[-1] += character
        else:
            pieces.append(character)
        after_wide = wide
    return pieces

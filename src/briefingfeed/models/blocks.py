"""A post's body as a small tree: what the text part of a mail, summaries and checks are written from.

It is made from the Markdown parser's events, never scraped from HTML. Links and image addresses in it are absolute,
the same as in the body's HTML. Raw HTML in a post appears here as its text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

# Inlines


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class Code:
    text: str


@dataclass(frozen=True, slots=True)
class Emphasis:
    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Strong:
    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Strikethrough:
    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Link:
    url: str
    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Image:
    url: str
    alt: str


@dataclass(frozen=True, slots=True)
class LineBreak:
    """A line break the author asked for; a soft break is a space in `Text`."""


@dataclass(frozen=True, slots=True)
class FootnoteReference:
    label: str


Inline = Text | Code | Emphasis | Strong | Strikethrough | Link | Image | LineBreak | FootnoteReference

# Blocks


@dataclass(frozen=True, slots=True)
class Heading:
    level: int
    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Quotation:
    """`source` is the last paragraph if it begins with an em dash and a space; the dash is not part of it."""

    children: tuple[Block, ...]
    source: tuple[Inline, ...] | None = None


@dataclass(frozen=True, slots=True)
class List:
    items: tuple[tuple[Block, ...], ...]
    start: int | None = None
    """First number of a numbered list; None: bullets."""


@dataclass(frozen=True, slots=True)
class CodeBlock:
    text: str
    language: str = ""


class Alignment(StrEnum):
    NONE = "none"
    LEFT = "left"
    CENTRE = "centre"
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class Table:
    header: tuple[tuple[Inline, ...], ...]
    rows: tuple[tuple[tuple[Inline, ...], ...], ...]
    alignments: tuple[Alignment, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """A thematic break."""


@dataclass(frozen=True, slots=True)
class Footnote:
    """The note that a FootnoteReference of the same label points to. Stands last in a body."""

    label: str
    children: tuple[Block, ...]


Block = Heading | Paragraph | Quotation | List | CodeBlock | Table | Rule | Footnote


@dataclass(frozen=True, slots=True)
class Body:
    """The same text twice: sanitised HTML for every page, feed and mail, and the tree."""

    html: str
    blocks: tuple[Block, ...]


def plain_text(inlines: Iterable[Inline]) -> str:
    """Return the words of a line without their marks; an image counts as its alternative text."""
    return "".join(_words(inline) for inline in inlines)


def _words(inline: Inline) -> str:
    match inline:
        case Text(text) | Code(text):
            return text
        case Image(alt=alt):
            return alt
        case LineBreak():
            return " "
        case FootnoteReference():
            return ""
        case _:
            return plain_text(inline.children)

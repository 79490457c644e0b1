"""A post's body as plain text, written from its block tree.

Nothing here recurses: a tree may be nested as deeply as somebody likes to type `>`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from briefingfeed.models.blocks import (
    Block,
    Code,
    CodeBlock,
    Emphasis,
    Footnote,
    FootnoteReference,
    Heading,
    Image,
    Inline,
    LineBreak,
    Link,
    List,
    Paragraph,
    Quotation,
    Rule,
    Strikethrough,
    Strong,
    Table,
    Text,
)
from briefingfeed.newsletter.tables import table_lines
from briefingfeed.newsletter.wrap import WIDTH, columns, underlined, wrap

_DEEPEST = 36
"""Columns of indentation after which deeper nesting is not shown any more."""

_MARKS: dict[type, str] = {Emphasis: "_", Strong: "*", Strikethrough: "~"}


@dataclass(frozen=True, slots=True)
class BodyText:
    """A body as lines, and the addresses that its numbers `[1]` stand for, in order."""

    lines: tuple[str, ...]
    links: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join(self.lines)


def body_text(blocks: Sequence[Block], *, width: int = WIDTH) -> BodyText:
    """Write `blocks` as text of `width` columns: a blank line between blocks, each link as its words and a number."""
    writer = _Writer(width=width)
    writer.write(blocks)
    return BodyText(lines=tuple(writer.lines), links=tuple(writer.links))


@dataclass(frozen=True, slots=True)
class _Gap:
    """A blank line between two blocks."""

    lead: str


@dataclass(slots=True)
class _Writer:
    width: int
    lines: list[str] = field(default_factory=list)
    links: dict[str, int] = field(default_factory=dict)

    def write(self, blocks: Sequence[Block]) -> None:
        """Write the tree in order, with a stack of what is still to be written and the leads of its lines."""
        waiting: list[tuple[Block | _Gap, str, str]] = _children(blocks, "", "")[::-1]
        while waiting:
            block, first, rest = waiting.pop()
            match block:
                case _Gap(lead):
                    self.lines.append(lead.rstrip())
                case List():
                    waiting += self._items(block, first, rest)[::-1]
                case Quotation():
                    waiting += self._quotation(block, first, rest)[::-1]
                case Footnote(label, children):
                    mark = f"{_note(label)} "
                    waiting += _children(children or (Paragraph(()),), *_deeper(first, rest, mark, "  "))[::-1]
                case _:
                    self.lines += self._leaf(block, first, rest)

    def _leaf(self, block: Block, first: str, rest: str) -> list[str]:
        room = self.width - columns(rest)
        match block:
            case Heading(level, children):
                lines = underlined(self._inline(children), "=" if level <= 1 else "-", width=room)
            case Paragraph(children):
                return wrap(self._inline(children), first=first, rest=rest, width=self.width)
            case CodeBlock(text):
                lines = [f"    {line}".rstrip() for line in text.rstrip("\n").split("\n")]
            case Table(header, rows, alignments):
                lines = table_lines(
                    [self._cell(cell) for cell in header],
                    [[self._cell(cell) for cell in row] for row in rows],
                    alignments,
                    width=room,
                )
            case Rule():
                lines = ["* * *"]
            case _:
                raise TypeError(block)
        return [(lead + line).rstrip() for lead, line in zip([first, *[rest] * len(lines)], lines, strict=False)]

    def _items(self, block: List, first: str, rest: str) -> list[tuple[Block | _Gap, str, str]]:
        tight = all(sum(not isinstance(child, List) for child in item) <= 1 for item in block.items)
        last = (block.start or 0) + len(block.items) - 1
        entries: list[tuple[Block | _Gap, str, str]] = []
        for number, item in enumerate(block.items):
            mark = "- " if block.start is None else f"{block.start + number}. ".ljust(len(str(last)) + 2)
            if entries and not tight:
                entries.append((_Gap(rest), "", ""))
            item_first, item_rest = _deeper(rest if entries else first, rest, mark, " " * len(mark))
            entries += _children(item or (Paragraph(()),), item_first, item_rest, tight=tight)
        return entries

    def _quotation(self, block: Quotation, first: str, rest: str) -> list[tuple[Block | _Gap, str, str]]:
        children = block.children
        if block.source is not None:
            children = (*children, Paragraph((Text("— "), *block.source)))
        return _children(children or (Paragraph(()),), *_deeper(first, rest, "> ", "> "))

    def _cell(self, cell: Sequence[Inline]) -> str:
        return " ".join(self._inline(cell).split())

    def _inline(self, children: Iterable[Inline]) -> str:
        """Write inlines as one string; a line break the author asked for is a newline in it."""
        written: list[str] = []
        waiting: list[Inline | str] = [*reversed(tuple(children))]
        while waiting:
            match waiting.pop():
                case str(mark) | Text(mark):
                    written.append(mark)
                case Code(text):
                    written.append(f"`{text}`")
                case Link(url, children):
                    waiting += [self._link_mark(url, children), *children[::-1]]
                case Image(url, alt):
                    written.append(f"[Image: {alt}] {self._number(url)}" if alt else "")
                case LineBreak():
                    written.append("\n")
                case FootnoteReference(label):
                    written.append(f" {_note(label)}")
                case Emphasis(children) | Strong(children) | Strikethrough(children) as marked:
                    mark = _MARKS[type(marked)]
                    waiting += [mark, *children[::-1], mark]
        return "".join(written)

    def _link_mark(self, url: str, children: Sequence[Inline]) -> str:
        """Return what follows a link's words: its number, or nothing if the words are the address itself."""
        words = "".join(child.text for child in children if isinstance(child, Text))
        if url in {words, f"mailto:{words}"}:
            return ""
        return f" {self._number(url)}"

    def _number(self, url: str) -> str:
        return f"[{self.links.setdefault(url, len(self.links) + 1)}]"


def _note(label: str) -> str:
    return f"[note\N{NO-BREAK SPACE}{label}]"


def _children(
    blocks: Sequence[Block], first: str, rest: str, *, tight: bool = False
) -> list[tuple[Block | _Gap, str, str]]:
    entries: list[tuple[Block | _Gap, str, str]] = []
    for block in blocks:
        if entries and not tight:
            entries.append((_Gap(rest), "", ""))
        entries.append((block, rest if entries else first, rest))
    return entries


def _deeper(first: str, rest: str, first_mark: str, rest_mark: str) -> tuple[str, str]:
    if columns(rest) + len(rest_mark) > _DEEPEST:
        return first, rest
    return first + first_mark, rest + rest_mark

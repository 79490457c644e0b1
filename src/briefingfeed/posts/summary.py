"""Plain text of blocks, for summaries and for comparing a standfirst with a first paragraph."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from briefingfeed.models.blocks import Block, List, Paragraph, Quotation, Table
from briefingfeed.posts.tree import plain_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "’": "'", "‘": "'", "–": "-", "—": "-", "…": "..."})
_LETTERS = re.compile(r"[^\w]+")


def excerpt(blocks: tuple[Block, ...], *, marked: bool) -> str:
    """Return the first paragraph's text, or all of it if `marked`: the blocks above `<!--more-->`. May be empty."""
    if marked and (above := " ".join(text for text in _texts(blocks) if text)):
        return above
    for block in blocks:
        if isinstance(block, Paragraph) and (text := _line(block)):
            return text
    return next((text for text in _texts(blocks) if text), "")


def same_words(one: str, other: str) -> bool:
    """Whether two texts say the same, whatever their quotation marks, dashes, case and white space."""
    return _bare(one) == _bare(other)


def _bare(text: str) -> str:
    return _LETTERS.sub("", text.translate(_QUOTES)).casefold()


def _line(block: Paragraph) -> str:
    return " ".join(plain_text(block.children).split())


def _texts(blocks: Iterable[Block]) -> Iterator[str]:
    """Yield what is running text: neither headings nor code nor footnotes."""
    for block in blocks:
        if isinstance(block, Paragraph):
            yield _line(block)
        elif isinstance(block, Quotation):
            yield from _texts(block.children)
        elif isinstance(block, List):
            for item in block.items:
                yield from _texts(item)
        elif isinstance(block, Table):
            for row in (block.header, *block.rows):
                yield " ".join(" ".join(plain_text(cell).split()) for cell in row)

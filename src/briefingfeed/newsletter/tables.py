"""A table as plain text: aligned if it fits, otherwise a line per cell. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from briefingfeed.models.blocks import Alignment
from briefingfeed.newsletter.wrap import columns, padded, wrap

_BETWEEN = "  "


def table_lines(
    header: Sequence[str], rows: Sequence[Sequence[str]], alignments: Sequence[Alignment], *, width: int
) -> list[str]:
    """Write a table in at most `width` columns, if its longest words allow it."""
    widths = [max(map(columns, cells)) for cells in zip_longest(header, *rows, fillvalue="")]
    if sum(widths) + len(_BETWEEN) * (len(widths) - 1) > width:
        return _records(header, rows, width)
    head = [_row(header, widths, alignments), _BETWEEN.join("-" * cell_width for cell_width in widths)]
    return [*(head if any(header) else head[1:]), *(_row(row, widths, alignments) for row in rows)]


def _row(cells: Sequence[str], widths: Sequence[int], alignments: Sequence[Alignment]) -> str:
    written = []
    for cell, width, alignment in zip_longest(cells, widths, alignments, fillvalue=None):
        if width is not None:
            side = alignment or Alignment.NONE
            written.append(padded(cell or "", width, right=side is Alignment.RIGHT, centre=side is Alignment.CENTRE))
    return _BETWEEN.join(written).rstrip()


def _records(header: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """Write each row as a block: its first cell, then the others, named by their column."""
    lines: list[str] = []
    for row in rows:
        for number, cell in enumerate(row):
            name = header[number] if number < len(header) else ""
            label = f"{name}: " if name else ""
            first, rest = ("* ", "    ") if number == 0 else ("  ", "    ")
            if cell:
                lines += wrap(label + cell, first=first, rest=rest, width=width)
    return lines

"""A table as plain text: in columns if it fits, cells broken at words if need be; otherwise a line per cell. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from briefingfeed.models.blocks import Alignment
from briefingfeed.newsletter.wrap import broken, columns, longest_word, padded, wrap

_BETWEEN = "  "
_TALLEST_ROW = 3
"""Lines of a row in columns; prose in narrow columns is harder to read than a line per cell."""

Row = Sequence[str]


def table_lines(header: Row, rows: Sequence[Row], alignments: Sequence[Alignment], *, width: int) -> list[str]:
    """Write a table in at most `width` columns, if its longest words allow it."""
    widths = _widths([header, *rows], width)
    if widths is None:
        return _records(header, rows, width)
    body = [_row(row, widths, alignments) for row in rows]
    if max(map(len, body), default=0) > _TALLEST_ROW:
        return _records(header, rows, width)
    lines = _row(header, widths, alignments) if any(header) else []
    lines.append(_BETWEEN.join("-" * cell_width for cell_width in widths))
    apart = any(len(row) > 1 for row in body)
    for number, row in enumerate(body):
        lines += ["", *row] if apart and number else row
    return lines


def _widths(rows: Sequence[Row], width: int) -> list[int] | None:
    """Return how wide each column may be, the widest narrowed first; None if not even single words fit."""
    cells = [*zip_longest(*rows, fillvalue="")]
    room = width - len(_BETWEEN) * (len(cells) - 1)
    widths = [min(max(map(columns, column)), room) for column in cells]
    least = [max(map(longest_word, column)) for column in cells]
    if sum(least) > room:
        return None
    while sum(widths) > room:
        narrowable = [number for number in range(len(widths)) if widths[number] > least[number]]
        widths[max(narrowable, key=widths.__getitem__)] -= 1
    return widths


def _row(cells: Row, widths: Sequence[int], alignments: Sequence[Alignment]) -> list[str]:
    """Write one row as lines."""
    written = [broken(cell, width, width) for cell, width in zip(cells, widths, strict=False)]
    lines = []
    for parts in zip_longest(*written, fillvalue=""):
        line = []
        for number, part in enumerate(parts):
            side = alignments[number] if number < len(alignments) else Alignment.NONE
            right, centre = side is Alignment.RIGHT, side is Alignment.CENTRE
            line.append(padded(part, widths[number], right=right, centre=centre))
        lines.append(_BETWEEN.join(line).rstrip())
    return lines


def _records(header: Row, rows: Sequence[Row], width: int) -> list[str]:
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

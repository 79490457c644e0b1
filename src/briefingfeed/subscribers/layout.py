"""How a table is laid out: which row is its heading, what its columns mean, and which of them nobody reads. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from briefingfeed.subscribers.columns import (
    Columns,
    find_address,
    is_known,
    names_addresses,
    read_heading,
    tells_standing,
)
from briefingfeed.subscribers.tables import ImportFileError, Record, Table, printable

_ONE_ADDRESS = re.compile(r"\S+@\S+|[^@]*<\s*\S+@\S+\s*>")
"""A cell that may well be somebody's address, and isn't a sentence that mentions one."""
_MOST_NAMED = 12
"""Columns that a note names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where things stand, the rows below the heading, and what people should know about it."""

    columns: Columns
    rows: Sequence[Record]
    notes: tuple[str, ...] = ()


def find_layout(table: Table) -> Layout:
    """Find the heading and the column of the addresses. Raises ImportFileError if there are no addresses."""
    if not table.records:
        raise ImportFileError("The file is empty.", where=table.name, remedy="Export it again.")
    above = _heading(table.records)
    layout = _without_heading(table) if above is None else _below(table, above)
    _refuse_another_heading(table, layout, table.records[above].cells if above is not None else None)
    return layout


def _heading(records: Sequence[Record]) -> int | None:
    """Return which row is the heading, if any has one. A title, or notes, may stand above it.

    It stands above the first address. Where no row there names the addresses, it stands above the first @ of all: what
    has an @ may be an address that somebody mistyped.
    """
    before = tuple(takewhile(lambda record: not any(map(_ONE_ADDRESS.fullmatch, record.cells)), records))
    plain = [index for index, record in enumerate(before) if not _has_at(record)]
    named = [index for index in plain if find_address(before[index].cells) is not None]
    unnamed = range(len(tuple(takewhile(lambda record: not _has_at(record), before))))

    def how_much_a_heading(index: int) -> tuple[bool, int, int]:
        cells = before[index].cells
        return any(map(names_addresses, cells)), sum(map(tells_standing, cells)), sum(map(bool, cells))

    return max(named or unnamed, key=how_much_a_heading, default=None)


def _below(table: Table, above: int) -> Layout:
    heading, rows = table.records[above], table.records[above + 1 :]
    notes = [f"The heading was found in line {heading.line}; what stands above it was not read."] if above else []
    index = find_address(heading.cells)
    if index is None:
        index = _fullest_of_addresses(table)
        name = printable(heading.cells[index]) if index < len(heading.cells) else ""
        notes.append(f"No heading names the addresses; they were read from column {index + 1} (“{name}”).")
    unread = _unread(heading.cells, rows, address=index)
    if unread:
        notes.append(
            f"Not read: {_listed(unread)}. Whoever left according to that would be subscribed; "
            "name such a column “Unsubscribed” or “Subscribed”."
        )
    columns = read_heading(heading.cells, [record.cells for record in rows], address=index)
    return Layout(columns=columns, rows=rows, notes=tuple(notes))


def _without_heading(table: Table) -> Layout:
    index = _fullest_of_addresses(table)
    note = (
        f"It has no heading; addresses were read from column {index + 1}, and nothing else. "
        "Whoever left according to another column would be subscribed; give the file a heading."
    )
    is_wide = any(any(record.cells[:index] + record.cells[index + 1 :]) for record in table.records)
    return Layout(columns=Columns(address=index), rows=table.records, notes=(note,) if is_wide else ())


def _refuse_another_heading(table: Table, layout: Layout, heading: tuple[str, ...] | None) -> None:
    """Refuse two exports in one file, or a title that looks like somebody's row: who left would not be seen."""
    index = layout.columns.address
    for record in layout.rows:
        cells = record.cells if heading is None else record.cells[index : index + 1]
        if not _has_at(record) and record.cells != heading and any(map(names_addresses, cells)):
            raise ImportFileError(
                "A heading stands below rows that it doesn't fit.",
                where=f"{table.name}:{record.line}",
                remedy="Delete what stands above it, or import both parts as files of their own.",
            )


def _fullest_of_addresses(table: Table) -> int:
    counted = Counter(index for record in table.records for index, cell in enumerate(record.cells) if "@" in cell)
    if not counted:
        raise ImportFileError(
            "No column of addresses was found.",
            where=table.name,
            remedy="Give the column of the addresses the heading “Email”.",
        )
    return counted.most_common(1)[0][0]


def _unread(heading: Sequence[str], rows: Sequence[Record], *, address: int) -> list[str]:
    """Return the columns that hold something and are not known, by their names only."""
    filled = sorted({index for record in rows for index, cell in enumerate(record.cells) if cell} - {address})
    names = [(index, printable(heading[index]) if index < len(heading) else "") for index in filled]
    return [f"“{name}”" if name else f"column {index + 1}" for index, name in names if not (name and is_known(name))]


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _has_at(record: Record) -> bool:
    return any("@" in cell for cell in record.cells)

"""Subscribers -> CSV that a spreadsheet can open without running anything, and that an import can read back."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from briefingfeed.models.subscriber import Subscriber, SuppressionReason

COLUMNS = ("address", "state", "cadence", "created_at", "unsubscribed_at", "suppression")

_RUNS_IN_SPREADSHEETS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A subscriber as lists and exports show it."""

    subscriber: Subscriber = field(repr=False)
    suppression: SuppressionReason | None = None
    """Why nothing is mailed to it although it is confirmed."""

    def cells(self) -> tuple[str, ...]:
        """One text for each of `COLUMNS`; instants as ISO 8601 in UTC, nothing as an empty text."""
        person = self.subscriber
        left_at = person.unsubscribed_at
        return (
            person.address,
            person.state,
            person.cadence,
            person.created_at.isoformat(timespec="seconds"),
            left_at.isoformat(timespec="seconds") if left_at else "",
            self.suppression or "",
        )


def csv_lines(people: Iterable[Listed]) -> Iterator[str]:
    """Yield the lines of a CSV file (RFC 4180, CRLF), the heading first."""
    line = io.StringIO(newline="")
    writer = csv.writer(line)
    for cells in _rows(people):
        writer.writerow(map(guard, cells))
        yield line.getvalue()
        line.seek(0)
        line.truncate()


def _rows(people: Iterable[Listed]) -> Iterator[tuple[str, ...]]:
    yield COLUMNS
    for listed in people:
        yield listed.cells()


def guard(cell: str) -> str:
    """Put an apostrophe before a cell that a spreadsheet would take for a formula; `unguard` takes it off again."""
    return f"'{cell}" if cell.startswith((*_RUNS_IN_SPREADSHEETS, "'")) else cell


def unguard(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith((*_RUNS_IN_SPREADSHEETS, "'")) else cell

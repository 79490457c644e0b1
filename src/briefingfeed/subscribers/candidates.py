"""A file's rows as candidates: the address in each, and what the file says of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote

from briefingfeed.models.edition import Cadence
from briefingfeed.storage.subscribers import address_key
from briefingfeed.subscribers.addresses import AddressError, normalise
from briefingfeed.subscribers.columns import Columns, UnknownWordError, standing_of_file
from briefingfeed.subscribers.export import unguard
from briefingfeed.subscribers.layout import find_layout
from briefingfeed.subscribers.standings import Standing
from briefingfeed.subscribers.tables import Record, Table, printable

_NAMED = re.compile(r"[^<>@]*<\s*([^<>\s]+@[^<>\s]+)\s*>")
"""`Ann Lee <ann@example.org>`"""
_LINK = re.compile(r"mailto:\s*([^?]*)(?:\?.*)?", re.IGNORECASE)
"""As spreadsheets hold it that make a link of each address (RFC 6068)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One row of a file, read but not yet compared with anything."""

    file: str
    line: int
    address: str = field(repr=False)
    """Normalised; as it stands in the file if `reason` says that it is no address."""
    standing: Standing = Standing.SUBSCRIBED
    evidence: str = ""
    """When they agreed, as the other tool exported it: `CONFIRM_TIME 2021-03-04 10:00:00`."""
    cadence: Cadence | None = None
    """How often they are mailed; None: the file doesn't say."""
    reason: str = ""
    """Why the row cannot be used; empty if it can."""

    @property
    def key(self) -> str:
        return address_key(self.address)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """What a file holds; `name` as shown to people."""

    name: str
    rows: tuple[Candidate, ...] = field(repr=False)
    warnings: tuple[str, ...] = ()


def read_candidates(name: str, tables: Iterable[Table], *, international: bool = False) -> Candidates:
    """Find addresses and standings in the tables of one file. Raises ImportFileError if one has no addresses.

    `international`: addresses may have letters beyond ASCII before the @.
    """
    rows: list[Candidate] = []
    warnings: list[str] = []
    for table in tables:
        layout = find_layout(table)
        warnings += [f"{table.name}: {note}" for note in (*table.warnings, *layout.notes)]
        of_all = standing_of_file(table.name)
        rows += [_candidate(table.name, record, layout.columns, of_all, international) for record in layout.rows]
    return Candidates(name=name, rows=tuple(rows), warnings=tuple(warnings))


def _candidate(file: str, record: Record, columns: Columns, of_all: Standing, international: bool) -> Candidate:
    cell = unguard(record.cells[columns.address]) if columns.address < len(record.cells) else ""
    named = _NAMED.fullmatch(cell)
    typed = _without_link(named[1] if named else cell)
    try:
        address = normalise(typed, international=international)
        standing = max(of_all, columns.standing(record.cells))
        cadence = _cadence(record, columns)
    except (AddressError, UnknownWordError) as error:
        reason = error.message if isinstance(error, AddressError) else f"The row is unclear: {error}."
        return Candidate(file=file, line=record.line, address=cell, reason=reason)
    return Candidate(
        file=file,
        line=record.line,
        address=address,
        standing=standing,
        evidence=_evidence(record, columns),
        cadence=cadence,
    )


def _without_link(typed: str) -> str:
    link = _LINK.fullmatch(typed)
    return unquote(link[1]) if link else typed


def _cadence(record: Record, columns: Columns) -> Cadence | None:
    where = columns.cadence
    word = record.cells[where].lower() if where is not None and where < len(record.cells) else ""
    if not word:
        return None
    try:
        return Cadence(word)
    except ValueError:
        raise UnknownWordError(f"its cadence is “{printable(word)}”, which is not known") from None


def _evidence(record: Record, columns: Columns) -> str:
    where = columns.evidence
    if where is None or where.index >= len(record.cells) or not record.cells[where.index]:
        return ""
    return f"{where.name} {printable(record.cells[where.index])}"

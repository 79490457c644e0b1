"""What a publication's database says, read past the code under test: plain SQL that both databases understand."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One delivery."""

    id: int
    edition: str
    address: str | None
    state: str
    rendition: int
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionRow:
    key: str
    state: str
    recipients: int


class Books:
    """`url` as `[database] url` has it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run one statement, committed at once; return what it finds. A `?` stands for each of `values`."""
        with self.connection() as connection:
            if not self.url.startswith("sqlite"):
                statement = statement.replace("%", "%%").replace("?", "%s")
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def connection(self) -> Iterator[Any]:
        """Give out a connection of the driver; each statement is committed at once."""
        if self.url.startswith("sqlite"):
            with closing(sqlite3.connect(self.url.partition("///")[2], isolation_level=None, timeout=30)) as found:
                yield found
        else:
            with psycopg.connect(self.url, autocommit=True) as connection:
                yield connection

    def rows(self) -> list[Row]:
        found = self.query(
            "SELECT id, edition_key, address, state, rendition_id, attempts FROM delivery"
            " WHERE edition_key NOT LIKE 'rehearsal/%' ORDER BY id"
        )
        return [
            Row(id=row[0], edition=row[1], address=row[2], state=row[3], rendition=row[4], attempts=row[5])
            for row in found
        ]

    def states(self) -> dict[str, str]:
        return {row.address or f"erased {row.id}": row.state for row in self.rows()}

    def tally(self) -> Counter[str]:
        return Counter(row.state for row in self.rows())

    def editions(self) -> list[EditionRow]:
        found = self.query("SELECT key, state, recipients FROM edition WHERE key NOT LIKE 'rehearsal/%' ORDER BY key")
        return [EditionRow(key=key, state=state, recipients=recipients) for key, state, recipients in found]

    def next_due(self) -> datetime | None:
        """Return when the next deferred row falls due."""
        found = self.query("SELECT min(next_attempt_at) FROM delivery WHERE state = 'deferred'")[0][0]
        due = datetime.fromisoformat(found) if isinstance(found, str) else found
        return due.replace(tzinfo=UTC) if due and due.tzinfo is None else due

    def suppressed(self) -> int:
        return int(self.query("SELECT count(*) FROM suppression")[0][0])

"""What SQLite and PostgreSQL each do in their own way: connect, begin, fail. `database` is what they have in common."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final, Protocol

from sqlalchemy import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError

from briefingfeed.errors import ConfigurationError

URL_REMEDY: Final = "write it as sqlite:///var/briefingfeed.db, or as postgresql://briefingfeed@localhost/briefingfeed"


class Backend(Protocol):
    """One database, not yet looked at. Safe to use from several threads.

    Every context manager, and every method, raises StorageError for whatever the driver raises inside it.
    """

    dialect: str
    where: str
    """Names the database to people; holds no password."""

    @property
    def file(self) -> Path | None:
        """The SQLite file."""

    def lock_file(self, state: Path) -> Path:
        """Return the file by which runs of this machine take turns; `state` is the state folder."""

    def prepare(self) -> None:
        """Make what must be there before the first connection."""

    def reading(self) -> AbstractContextManager[Connection]:
        """Open a transaction that sees one state of the database throughout, and may not write."""

    def connect(self) -> Connection:
        """Return a connection to write with."""

    def writing(self, connection: Connection | None = None) -> AbstractContextManager[Connection]:
        """Open a transaction that no other writer can come between, on a connection of `connect`'s if one is there."""

    def checkpoint(self) -> bool:
        """See `Database.checkpoint`."""

    def close(self) -> None:
        """Close every connection."""


def parse_url(url: str) -> URL:
    """Return the parts of `[database] url`. Raises ConfigurationError."""
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        raise ConfigurationError(
            "this is not the address of a database", where="[database] url", remedy=URL_REMEDY
        ) from None

"""Open the database, and give out connections inside a transaction.

database = Database.open(settings.database.url, state=settings.paths.state)
with database.read() as connection:      # a snapshot; writing is refused
    ...
with database.write() as connection:     # no other writer comes between; commits, or rolls back on any exception
    ...
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

from sqlalchemy import Connection, inspect, text

from briefingfeed.errors import ConfigurationError
from briefingfeed.storage import schema
from briefingfeed.storage.backend import URL_REMEDY, Backend, parse_url
from briefingfeed.storage.folders import make_folder
from briefingfeed.storage.guard import Guard
from briefingfeed.storage.writer import Writer

BUSY_TIMEOUT: Final = 10.0
"""Seconds that a transaction waits for another writer."""

_VERSION_TABLE: Final = """
    CREATE TABLE alembic_version (
        version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"""


class Database:
    """One database and its connections. Safe to use from several threads, each with its own transaction."""

    def __init__(
        self,
        url: str,
        *,
        state: Path | None = None,
        machine: str | None = None,
        password: str | None = None,
        busy_timeout: float = BUSY_TIMEOUT,
    ) -> None:
        """Prepare to use the database, without looking at it: see `open`."""
        self._backend = _backend(url, password, busy_timeout)
        self._state = state
        self.guard = Guard(state, machine=machine, is_shared=self.dialect == "postgresql") if state else None
        """Tells a restored database. Without a state folder there is none."""

    @classmethod
    def open(
        cls,
        url: str,
        *,
        state: Path | None = None,
        machine: str | None = None,
        password: str | None = None,
        busy_timeout: float = BUSY_TIMEOUT,
    ) -> Self:
        """Open the database; make its tables if there are none, and a SQLite file (0600, its folder 0700).

        `state` is the state folder, which `lock_file` may need, and where the guard keeps its files; `machine` is
        what it tells this machine by (`instance.machine_mark`); `password` is for PostgreSQL. Raises
        ConfigurationError if its tables are of another version of briefingfeed, StorageError if it cannot be read or
        made.
        """
        database = cls(url, state=state, machine=machine, password=password, busy_timeout=busy_timeout)
        try:
            if state is not None:
                make_folder(state)
            database._backend.prepare()
            database._check_revision(database.revision() or database._create_tables())
        except BaseException:
            database.close()
            raise
        return database

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._backend.dialect

    @property
    def where(self) -> str:
        """The database's name for people: its file, or its address without the password."""
        return self._backend.where

    @property
    def file(self) -> Path | None:
        """The SQLite file, every symbolic link resolved; None on PostgreSQL."""
        return self._backend.file

    @property
    def lock_file(self) -> Path:
        """The file by which runs on this machine take turns: beside a SQLite file, else in the state folder."""
        if self._state is None and self.file is None:
            raise ValueError("a PostgreSQL database was opened without its state folder")
        return self._backend.lock_file(self._state or Path())

    def close(self) -> None:
        self._backend.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give out a connection that sees one state of the database throughout. Raises StorageError."""
        with self._backend.reading() as connection:
            if self.guard:
                self.guard.begin(connection)
            yield connection

    def writer(self) -> Writer:
        """Return what a thread uses whose write transactions follow one another closely."""
        return Writer(self, self._backend.connect)

    @contextmanager
    def write(self, on: Connection | None = None) -> Iterator[Connection]:
        """Give out a connection for one transaction that no other writer can come between.

        Commits when the block ends, rolls back if it raises. Raises StorageError; then nothing was written, except
        if the disk or the connection failed in the commit itself. `on`: see `writer`.
        """
        advanced = None
        with self._backend.writing(on) as connection:
            if self.guard:
                self.guard.begin(connection)
            yield connection
            if self.guard:
                advanced = self.guard.before_commit(connection)
        if self.guard:
            self.guard.after_commit(advanced)

    def checkpoint(self) -> bool:
        """Move SQLite's write-ahead log into the database and empty it; False if a reader was in the way."""
        return self._backend.checkpoint()

    def revision(self) -> str | None:
        """Return which migration the tables are at; None if there are no tables.

        Raises ConfigurationError if the tables are not ours.
        """
        with self.read() as connection:
            tables = inspect(connection).get_table_names()
            if "alembic_version" in tables:
                found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
                return found
        if tables:
            raise ConfigurationError(
                "this is the database of another program", where=self.where, remedy="choose another [database] url"
            )
        return None

    def upgrade(self) -> None:
        """Bring the tables to this version of briefingfeed, in one transaction.

        Raises ConfigurationError if they are of a newer one, or not ours.
        """
        from briefingfeed.storage.migrations.run import upgrade  # alembic takes 0.9 s to import

        self._backend.prepare()
        revision = self.revision()
        if revision is not None and revision > schema.HEAD:
            raise self._is_newer()
        with self.write() as connection:
            upgrade(connection)

    def _create_tables(self) -> str:
        with self.write() as connection:
            if not inspect(connection).has_table("alembic_version"):  # else another process was quicker
                schema.metadata.create_all(connection, checkfirst=False)
                connection.execute(text(_VERSION_TABLE))
                connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": schema.HEAD})
        return self.revision() or ""

    def _check_revision(self, revision: str) -> None:
        if revision > schema.HEAD:
            raise self._is_newer()
        if revision < schema.HEAD:
            raise ConfigurationError(
                "the database was written by an older briefingfeed",
                where=self.where,
                remedy="make a backup, then run: briefingfeed db upgrade",
            )

    def _is_newer(self) -> ConfigurationError:
        return ConfigurationError(
            "the database was written by a newer briefingfeed",
            where=self.where,
            remedy="install that version again; this one would not understand it",
        )


def _backend(url: str, password: str | None, busy_timeout: float) -> Backend:
    parsed = parse_url(url)
    match parsed.get_backend_name():
        case "sqlite":
            from briefingfeed.storage.sqlite import SqliteBackend

            return SqliteBackend(parsed, busy_timeout=busy_timeout)
        case "postgresql" | "postgres":
            from briefingfeed.storage.postgres import PostgresBackend

            return PostgresBackend(parsed, password=password, busy_timeout=busy_timeout)
        case _:
            raise ConfigurationError(
                "only a SQLite file or a PostgreSQL database can be used", where="[database] url", remedy=URL_REMEDY
            )

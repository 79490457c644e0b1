"""Open the database, and give out connections inside a transaction.

database = Database.open(settings.database.url)
with database.read() as connection:      # a snapshot; writing is refused
    ...
with database.write() as connection:     # BEGIN IMMEDIATE; commits at the end, rolls back on any exception
    ...
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, Final, Self

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError

from briefingfeed.errors import ConfigurationError, StorageError
from briefingfeed.storage import schema
from briefingfeed.storage.failures import busy_error, told_as_storage_errors

BUSY_TIMEOUT: Final = 10.0
"""Seconds that a statement waits for another writer."""

_PRAGMAS: Final = {
    "journal_mode": "wal",
    # FULL: a row armed and then forgotten in a power failure would be a second copy for somebody.
    "synchronous": 2,
    "foreign_keys": 1,
    # What is erased is overwritten, not only unlinked.
    "secure_delete": 1,
    # 16 MB for each connection, so that the indexes of a large edition stay at hand.
    "cache_size": -16_000,
}
_BEGIN: Final = "briefingfeed_begin"
_CHECKPOINT: Final = "briefingfeed_checkpoint"


def database_file(url: str) -> Path:
    """Return the file behind a SQLAlchemy URL, every symbolic link on the way resolved.

    Raises ConfigurationError for a URL that is no SQLite file.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigurationError(
            "this is not the address of a database", where="[database] url", remedy=_URL_REMEDY
        ) from None
    name = parsed.database
    if parsed.get_backend_name() != "sqlite" or not name or name == ":memory:" or name.startswith("file:"):
        raise ConfigurationError("only a SQLite file can be used", where="[database] url", remedy=_URL_REMEDY)
    file = Path(name)
    if file.is_symlink() and not file.exists():
        raise ConfigurationError(
            "this is a symbolic link that leads nowhere", where=name, remedy="remove it, or restore what it points to"
        )
    return file.resolve()


_URL_REMEDY: Final = "write it as sqlite:///var/briefingfeed.db"


class Database:
    """One database and its connections. Safe to use from several threads, each with its own transaction."""

    def __init__(self, url: str, *, busy_timeout: float = BUSY_TIMEOUT) -> None:
        """Prepare to use the database, without looking at it: see `open`."""
        self.file = database_file(url)
        self._where = str(self.file)
        self._busy_timeout = busy_timeout
        self._writing = Lock()
        self._engine = _engine(self.file, busy_timeout)

    @classmethod
    def open(cls, url: str, *, busy_timeout: float = BUSY_TIMEOUT) -> Self:
        """Open the database; make it, file 0600 and folder 0700, if there is none.

        Raises ConfigurationError if its tables are of another version of briefingfeed, StorageError if it cannot be
        read or made.
        """
        database = cls(url, busy_timeout=busy_timeout)
        try:
            database._create_file()
            database._check_revision(database.revision() or database._create_tables())
        except BaseException:
            database.close()
            raise
        return database

    def close(self) -> None:
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give out a connection that sees one state of the database throughout. Raises StorageError."""
        with told_as_storage_errors(self._where), self._connection("BEGIN") as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give out a connection for one transaction that no other writer can come between.

        Commits when the block ends, rolls back if it raises. Raises StorageError; then nothing was written, except
        if the disk failed in the commit itself.
        """
        with told_as_storage_errors(self._where):
            with self._turn(), self._connection("BEGIN IMMEDIATE") as connection:
                yield connection
                wants_checkpoint = connection.info.pop(_CHECKPOINT, False)
            if wants_checkpoint:
                self.checkpoint()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Queue the writers of this process: SQLite's own waiting sleeps, and lets the unlucky wait for seconds."""
        if not self._writing.acquire(timeout=self._busy_timeout):
            raise busy_error(self._where)
        try:
            yield
        finally:
            self._writing.release()

    @contextmanager
    def _connection(self, begin: str) -> Iterator[Connection]:
        with self._engine.connect().execution_options(**{_BEGIN: begin}) as connection, connection.begin():
            yield connection

    def checkpoint(self) -> bool:
        """Move the write-ahead log into the database and empty it; False if a reader was in the way."""
        with told_as_storage_errors(self._where):
            raw = self._engine.raw_connection()
            try:
                busy, _, _ = raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                return not busy
            finally:
                raw.close()

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
                "this is the database of another program", where=self._where, remedy="choose another [database] url"
            )
        return None

    def upgrade(self) -> None:
        """Bring the tables to this version of briefingfeed, in one transaction.

        Raises ConfigurationError if they are of a newer one, or not ours.
        """
        from briefingfeed.storage.migrations.run import upgrade  # alembic takes 0.9 s to import

        self._create_file()
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
                where=self._where,
                remedy="make a backup, then run: briefingfeed db upgrade",
            )

    def _is_newer(self) -> ConfigurationError:
        return ConfigurationError(
            "the database was written by a newer briefingfeed",
            where=self._where,
            remedy="install that version again; this one would not understand it",
        )

    def _create_file(self) -> None:
        """Make the file ourselves: SQLite would leave its mode to the umask."""
        make_folder(self.file.parent)
        try:
            os.close(os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
        except FileExistsError:
            return
        except OSError as error:
            raise _cannot_be_made(self.file, error) from error


def make_folder(folder: Path) -> None:
    """Make the folder, for the owner's eyes only, unless it is there. Raises StorageError."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot_be_made(folder, error) from error


def _cannot_be_made(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"this cannot be made: {error.strerror}",
        where=str(path),
        remedy="see that the folder above it can be written by the user who runs briefingfeed",
    )


_VERSION_TABLE: Final = """
    CREATE TABLE alembic_version (
        version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"""


def request_checkpoint(connection: Connection) -> None:
    """Have the write-ahead log emptied once this transaction is committed, because it holds what was erased."""
    connection.info[_CHECKPOINT] = True


def _engine(file: Path, busy_timeout: float) -> Engine:
    engine = create_engine(
        URL.create("sqlite+pysqlite", database=str(file)),
        connect_args={"timeout": busy_timeout},
        hide_parameters=True,
    )
    event.listen(engine, "connect", _on_connect(busy_timeout))
    event.listen(engine, "begin", _begin)
    return engine


def _on_connect(busy_timeout: float) -> Callable[[Any, object], None]:
    wanted = _PRAGMAS | {"busy_timeout": round(busy_timeout * 1000)}

    def prepare(raw: Any, _record: object) -> None:
        # Python's sqlite3 would begin transactions by itself, and never with IMMEDIATE.
        raw.isolation_level = None
        for name, value in wanted.items():
            raw.execute(f"PRAGMA {name} = {value}")
        for name, value in wanted.items():
            (found,) = raw.execute(f"PRAGMA {name}").fetchone()
            if found != value:
                raise StorageError(
                    f"the database does not keep its promises here: {name} is {found}, not {value}",
                    remedy="keep it on a local disk, not in a network folder",
                )

    return prepare


def _begin(connection: Connection) -> None:
    how = connection.get_execution_options().get(_BEGIN, "BEGIN")
    raw: Any = connection.connection.driver_connection
    raw.execute(f"PRAGMA query_only = {how == 'BEGIN':d}")
    raw.execute(how)

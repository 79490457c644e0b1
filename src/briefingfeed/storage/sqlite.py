"""A SQLite file: the settings on which the promises rest, and writers that queue."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from threading import Lock
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event

from briefingfeed.errors import ConfigurationError, StorageError
from briefingfeed.storage.backend import URL_REMEDY
from briefingfeed.storage.failures import told_as_storage_errors
from briefingfeed.storage.folders import cannot_be_made, make_folder
from briefingfeed.storage.sqlite_failures import busy_error, storage_error

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
_ONLY_READS: Final = "briefingfeed_only_reads"


def database_file(url: URL) -> Path:
    """Return the file behind a SQLAlchemy URL, every symbolic link on the way resolved.

    Raises ConfigurationError for a URL that is no SQLite file.
    """
    name = url.database
    if not name or name == ":memory:" or name.startswith("file:"):
        raise ConfigurationError("SQLite needs a file here", where="[database] url", remedy=URL_REMEDY)
    file = Path(name)
    if file.is_symlink() and not file.exists():
        raise ConfigurationError(
            "this is a symbolic link that leads nowhere", where=name, remedy="remove it, or restore what it points to"
        )
    return file.resolve()


class SqliteBackend:
    """A SQLite file: see `Backend`."""

    dialect = "sqlite"

    def __init__(self, url: URL, *, busy_timeout: float) -> None:
        self.file = database_file(url)
        self.where = str(self.file)
        self._busy_timeout = busy_timeout
        self._turn = Lock()
        self._engine = _engine(self.file, busy_timeout)

    def lock_file(self, _state: Path) -> Path:
        return self.file.with_name(f"{self.file.name}.lock")

    def prepare(self) -> None:
        """Make the file ourselves: SQLite would leave its mode to the umask."""
        make_folder(self.file.parent)
        try:
            os.close(os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
        except FileExistsError:
            return
        except OSError as error:
            raise cannot_be_made(self.file, error) from error

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with (
            told_as_storage_errors(self.where, storage_error, sqlite3.Error),
            self._connect("BEGIN") as connection,
            connection.begin(),
        ):
            yield connection

    def connect(self) -> Connection:
        with told_as_storage_errors(self.where, storage_error, sqlite3.Error):
            return self._connect("BEGIN IMMEDIATE")

    @contextmanager
    def writing(self, connection: Connection | None = None) -> Iterator[Connection]:
        with told_as_storage_errors(self.where, storage_error, sqlite3.Error):
            with (
                self._queued(),  # before a connection is taken: those who only read need it meanwhile
                nullcontext(connection) if connection else self.connect() as connection,
                connection.begin(),
            ):
                yield connection
                wants_checkpoint = connection.info.pop(_CHECKPOINT, False)
            if wants_checkpoint:
                self.checkpoint()

    @contextmanager
    def _queued(self) -> Iterator[None]:
        """Queue the writers of this process: SQLite's own waiting sleeps, and lets the unlucky wait for seconds."""
        if not self._turn.acquire(timeout=self._busy_timeout):
            raise busy_error(self.where)
        try:
            yield
        finally:
            self._turn.release()

    def _connect(self, begin: str) -> Connection:
        return self._engine.connect().execution_options(**{_BEGIN: begin})

    def checkpoint(self) -> bool:
        with told_as_storage_errors(self.where, storage_error, sqlite3.Error):
            raw = self._engine.raw_connection()
            try:
                busy, _, _ = raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                return not busy
            finally:
                raw.close()

    def close(self) -> None:
        self._engine.dispose()


def request_checkpoint(connection: Connection) -> None:
    """Have the write-ahead log emptied once this transaction is committed, because it holds what was erased.

    PostgreSQL has nothing of the kind; there nothing happens.
    """
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
    only_reads = how == "BEGIN"
    # Asked for only if it changes: each time it would have every prepared statement compiled again.
    if connection.info.get(_ONLY_READS) is not only_reads:
        raw.execute(f"PRAGMA query_only = {only_reads:d}")
        connection.info[_ONLY_READS] = only_reads
    raw.execute(how)

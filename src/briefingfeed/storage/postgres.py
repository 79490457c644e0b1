"""A PostgreSQL database: sessions that keep the promises, and writers that take turns.

Writers take turns, as they do on SQLite: each write transaction begins by taking one lock of the database. What a
service has read within it still stands when it writes, nobody is armed after their unsubscribe was committed, and no
transaction is ever undone for having met another. What is given up is writers at the same time; each is done within
milliseconds, for none waits for the network. READ COMMITTED is then enough: the lock is held before the first
statement looks. That nobody is mailed twice doesn't rest on this lock; that rests on conditional updates (`ledger`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event

from briefingfeed.errors import ConfigurationError, StorageError
from briefingfeed.storage.backend import URL_REMEDY
from briefingfeed.storage.failures import told_as_storage_errors
from briefingfeed.storage.postgres_failures import storage_error

OLDEST: Final = 13
"""The oldest major version of the server that this is meant for; tests run with what Debian has."""
LONGEST_IDLE: Final = 60
"""Seconds after which the server ends a transaction whose client has fallen silent, so that others get their turn."""
_NETWORK: Final = {
    "connect_timeout": "10",
    # A server that is gone is noticed within a minute, not after the kernel's two hours.
    "keepalives_idle": "20",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
    "application_name": "briefingfeed",
}
# An advisory lock goes with the transaction, however it ends. The number is ours: "briefing".
_TAKE_TURN: Final = f"SELECT pg_advisory_xact_lock({int.from_bytes(b'briefing', 'big')})"
_PREPARE: Final = """
    SELECT set_config('TimeZone', 'UTC', false),
        set_config('lock_timeout', %s, false),
        set_config('idle_in_transaction_session_timeout', %s, false),
        set_config('synchronous_commit', CASE current_setting('synchronous_commit')
            WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false)"""


class PostgresBackend:
    """A database on a PostgreSQL server: see `Backend`."""

    dialect = "postgresql"

    def __init__(self, url: URL, *, password: str | None, busy_timeout: float) -> None:
        _check(url)
        self.file: Path | None = None
        self.where = str(URL.create("postgresql", url.username, None, url.host, url.port, url.database))
        self._engine = _engine(url, password, busy_timeout)
        self._errors: type[Exception] = self._engine.dialect.loaded_dbapi.Error

    def lock_file(self, state: Path) -> Path:
        return state.resolve() / "send.lock"

    def prepare(self) -> None:
        """The server's owner has made the database."""

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with (
            told_as_storage_errors(self.where, storage_error, self._errors),
            self._engine.connect().execution_options(**options) as connection,
            connection.begin(),
        ):
            yield connection

    def connect(self) -> Connection:
        with told_as_storage_errors(self.where, storage_error, self._errors):
            return self._engine.connect()

    @contextmanager
    def writing(self, connection: Connection | None = None) -> Iterator[Connection]:
        with (
            told_as_storage_errors(self.where, storage_error, self._errors),
            nullcontext(connection) if connection else self.connect() as connection,
            connection.begin(),
        ):
            connection.exec_driver_sql(_TAKE_TURN)
            yield connection

    def checkpoint(self) -> bool:
        return True

    def close(self) -> None:
        self._engine.dispose()


def _check(url: URL) -> None:
    if not url.database:
        raise ConfigurationError("it names no database", where="[database] url", remedy=URL_REMEDY)
    if url.password is not None or "password" in url.query:
        raise ConfigurationError(
            "a password stands in it; this file is made to be kept with the posts and shown to others",
            where="[database] url",
            remedy="take it out; put it into BRIEFINGFEED_DATABASE_PASSWORD, or into a file that password_file names",
        )


def _engine(url: URL, password: str | None, busy_timeout: float) -> Engine:
    driver = url.set(drivername="postgresql+psycopg")
    arguments = {name: value for name, value in _NETWORK.items() if name not in url.query}
    if password:
        arguments["password"] = password
    try:
        engine = create_engine(
            driver,
            connect_args=arguments,
            isolation_level="READ COMMITTED",
            # Of an INSERT, too: it tells whether somebody was quicker.
            execution_options={"preserve_rowcount": True},
            # The server may have been restarted since a connection was last used.
            pool_pre_ping=True,
            hide_parameters=True,
        )
    except ModuleNotFoundError as error:
        if error.name != "psycopg":
            raise
        raise ConfigurationError(
            "PostgreSQL needs a driver that isn't installed: psycopg",
            where="[database] url",
            remedy="install it beside briefingfeed: pip install 'psycopg[binary]'",
        ) from error
    event.listen(engine, "connect", _on_connect(busy_timeout), insert=True)
    event.listen(engine, "checkin", _forget_read_only)
    return engine


def _on_connect(busy_timeout: float) -> Callable[[Any, object], None]:
    from psycopg.types.string import StrDumperUnknown  # here, where the driver is known to be installed

    class AnyText(StrDumperUnknown):
        """Text from outside may hold U+0000, which PostgreSQL refuses. It is shown as what it is: no character."""

        def dump(self, text: str) -> Any:
            return super().dump(text.replace("\0", "\N{REPLACEMENT CHARACTER}"))

    arguments = (f"{round(busy_timeout * 1000)}ms", f"{LONGEST_IDLE}s")

    def prepare(raw: Any, _record: object) -> None:
        _check_server(raw)
        raw.adapters.register_dumper(str, AnyText)
        (_, _, _, synchronous) = raw.execute(_PREPARE, arguments).fetchone()
        raw.commit()
        if synchronous == "off":
            # A row armed and then forgotten in a power failure would be a second copy for somebody.
            raise StorageError("the database does not keep its promises here: synchronous_commit is off")

    return prepare


def _forget_read_only(raw: Any, _record: object) -> None:
    """Let the server say whether it can be written: SQLAlchemy would insist that it can."""
    if raw is not None and not raw.closed:
        raw.read_only = None


def _check_server(raw: Any) -> None:
    version = raw.info.server_version // 10_000
    if version < OLDEST:
        raise ConfigurationError(
            f"this server is PostgreSQL {version}; {OLDEST} or newer is needed", where="[database] url"
        )
    encoding = raw.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise ConfigurationError(
            f"this database's encoding is {encoding}, which can't hold every name",
            where="[database] url",
            remedy="make it anew with: createdb --encoding=UTF8 --template=template0 NAME",
        )

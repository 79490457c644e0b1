"""A connection that is kept from one write transaction to the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Self

from sqlalchemy import Connection

if TYPE_CHECKING:
    from briefingfeed.storage.database import Database


class Writer:
    """For one thread. To take a connection out of its pool and put it back costs more than a small transaction.

    Use it as a context manager; leaving it closes the connection.
    """

    def __init__(self, database: Database, connect: Callable[[], Connection]) -> None:
        self._database = database
        self._connect = connect
        self._connection: Connection | None = None

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give out the connection for one transaction, as `Database.write`. After a failure the next has a new one."""
        try:
            if self._connection is None:
                self._connection = self._connect()
            with self._database.write(self._connection) as connection:
                yield connection
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

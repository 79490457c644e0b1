"""What the driver reports -> StorageError: what happened, in words, and what to do about it.

Neither the statement nor its parameters are repeated: they hold addresses. Which words belong to which code is each
database's own: `sqlite_failures`, `postgres_failures`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from briefingfeed.errors import StorageError

Translate = Callable[[BaseException | None, str], StorageError]
"""Makes a StorageError of a driver's error and of where it happened. Its cause must not hold any value."""


@contextmanager
def told_as_storage_errors(where: str, translate: Translate, driver: type[Exception]) -> Iterator[None]:
    """Raise StorageError in place of whatever SQLAlchemy raises inside, or the driver, whose errors are `driver`."""
    try:
        yield
    except PoolTimeoutError as error:
        raise StorageError("too many connections to the database at once", where=where, remedy="try again") from error
    except DBAPIError as error:
        # Not from `error`, which carries the parameters along: `translate` has set a better cause.
        told = translate(error.orig, where)
        raise told from told.__cause__
    except driver as error:
        told = translate(error, where)
        raise told from told.__cause__
    except StatementError as error:
        # A value that its column's type refuses is a mistake of ours: it must not pass for a busy database.
        raise (error.orig or error) from None

"""The archive: which editions it shows, and at little cost whether that has changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from briefingfeed.models.archive import SentEdition
    from briefingfeed.storage.database import Database


def sent_editions(database: Database) -> tuple[SentEdition, ...]:
    """Return the editions that readers got, newest first. Raises StorageError."""
    from briefingfeed.storage import archive

    with database.read() as connection:
        return archive.sent(connection)


def editions_mark(url: str, database: Callable[[], Database]) -> str:
    """Return what tells these from any others; `database` is called only if the one at `url` has to be opened."""
    from briefingfeed.storage import glance

    quick = glance.archive_mark(url)
    if quick is not None:
        return quick
    from briefingfeed.storage import archive

    with database().read() as connection:
        return archive.mark(connection)

"""What takes the place of the way out and of the subscribers, so that a preview can neither send nor record."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from tempfile import TemporaryDirectory

from briefingfeed.errors import RefusedError
from briefingfeed.look import Look
from briefingfeed.models.settings import Settings
from briefingfeed.providers.base import NO_LIMITS, Limits, Work
from briefingfeed.providers.outbox import NAME as OUTBOX
from briefingfeed.services.previewing.renditions import RecentRenditions
from briefingfeed.services.publishing.post_library import load_library
from briefingfeed.services.sending.send_context import SendContext
from briefingfeed.storage.database import Database
from briefingfeed.tokens import Keyring, fingerprint


class NoWayOut:
    """A provider that hands over nothing. It rehearses if the publication's own does."""

    def __init__(self, *, rehearses: bool) -> None:
        self.name = "preview"
        self.rehearses = rehearses
        self.is_local = True
        self.limits: Limits = NO_LIMITS

    async def deliver(self, work: Work) -> None:
        """Raises RefusedError, always."""
        del work
        raise RefusedError("a preview sends nothing", remedy="run briefingfeed send-weekly")


def passing_keyring() -> Keyring:
    """Return keys that end with the process: no link in a preview unsubscribes anybody."""
    key = secrets.token_bytes(32)
    return Keyring({fingerprint(key): key})


@contextmanager
def preview_context(
    settings: Settings, look: Look, now: Callable[[], datetime], password: str | None
) -> Iterator[SendContext]:
    """What a draft of an edition is made with. Works for a publication that has no database yet.

    Raises ConfigurationError and StorageError as `Database.open` does.
    """
    with _database(settings.database.url, password) as database:
        yield SendContext(
            settings=settings,
            database=database,
            open_look=lambda: look,
            keyring=passing_keyring(),
            provider=NoWayOut(rehearses=settings.newsletter.provider == OUTBOX),
            load_posts=lambda: load_library(settings, database, now()),
            page_trouble=lambda _: None,
            now=now,
            recall=RecentRenditions(),
        )


@contextmanager
def _database(url: str, password: str | None) -> Iterator[Database]:
    """Open the publication's database as it is; if it has no tables yet, an empty one that goes with the process."""
    if _has_tables(url, password):
        with Database.open(url, password=password) as database:
            yield database
    else:
        with TemporaryDirectory(prefix="briefingfeed-") as name, Database.open(f"sqlite:///{name}/empty.db") as empty:
            yield empty


def _has_tables(url: str, password: str | None) -> bool:
    with Database(url, password=password) as database:
        file = database.file
        return (file is None or file.exists()) and database.revision() is not None

"""Looking at what came back. Nothing here writes."""

from __future__ import annotations

from briefingfeed.storage import events
from briefingfeed.storage.database import Database
from briefingfeed.storage.events import Heard


def list_events(database: Database, edition_key: str | None) -> tuple[Heard, ...]:
    """Return what was heard of copies after they were handed over, newest first; of one edition, or of all."""
    with database.read() as connection:
        return tuple(events.list_by(connection, edition_key))

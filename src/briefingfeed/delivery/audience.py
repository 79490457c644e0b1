"""Who an edition would go to, were it frozen now."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from briefingfeed.storage.schema import subscriber
from briefingfeed.storage.subscribers import MAY_BE_MAILED


def count_recipients(connection: Connection) -> int:
    """Return how many delivery rows a freeze would make: confirmed subscribers that aren't suppressed."""
    return connection.scalar(select(func.count()).select_from(subscriber).where(MAY_BE_MAILED)) or 0

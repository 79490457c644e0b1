"""Somebody leaves whom the database doesn't know: they came after the copy was made from which it was restored."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from briefingfeed.models.subscriber import Suppression, SuppressionReason
from briefingfeed.storage import subscribers, suppressions
from briefingfeed.storage.guard import guard_of
from briefingfeed.storage.replay import unreadable
from briefingfeed.storage.schema import subscriber


def withdraw(c: Connection, subscriber_id: str, now: datetime, *, source: str) -> bool:
    """Keep the address away that once had this id, as the journal knows by its hash; False if it doesn't.

    If the address has been added again since, under another id, that subscriber is unsubscribed. Raises StorageError if
    the journal can't be read.
    """
    guard = guard_of(c)
    if guard is None or subscribers.by_id(c, subscriber_id) is not None:
        return False
    try:
        address_hash = guard.journal.hash_of(subscriber_id)
    except OSError as error:
        raise unreadable(guard.journal, error) from error
    if address_hash is None:
        return False
    again = c.scalar(select(subscriber.c.id).where(subscriber.c.address_hash == address_hash))
    if again is not None:
        return subscribers.withdraw(c, again, now, source=source)
    left = Suppression(address_hash=address_hash, reason=SuppressionReason.LEFT, at=now, note=source)
    return suppressions.add(c, left)

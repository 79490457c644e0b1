"""Leaving by the link in a mail: one click in a mail program, or the button on our page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from briefingfeed.storage import strangers, subscribers
from briefingfeed.storage.database import Database
from briefingfeed.tokens import Keyring, read_unsubscribe_token


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What came of it. Whichever it is, the person gets no more mail, and is told no more than that."""

    subscriber_id: str
    known: bool
    """False: erased meanwhile, or the link of a test mail; or they came after the copy was made from which the database
    was restored."""
    already: bool
    """They had left before; nothing was written."""


def leave(database: Database, keyring: Keyring, token: str, *, source: str, now: datetime) -> Left:
    """Unsubscribe whom the token names; any number of times.

    `source` (`one-click` or `page`) goes into the proof. Once this returns, no copy is handed over that was not on its
    way already. Raises TokenError for a token that is not ours, StorageError if nothing could be written.
    """
    subscriber_id = read_unsubscribe_token(keyring, token)
    with database.write() as connection:
        known = subscribers.by_id(connection, subscriber_id) is not None
        if known:
            left = subscribers.withdraw(connection, subscriber_id, now, source=source)
        else:
            left = strangers.withdraw(connection, subscriber_id, now, source=source)
    return Left(subscriber_id=subscriber_id, known=known, already=known and not left)

"""The editor's introduction goes with one real edition. The database remembers which one had it."""

from __future__ import annotations

from sqlalchemy import Connection

from briefingfeed.models.introduction import Introduction
from briefingfeed.storage import editions, meta

_USED = "introduction"
"""The mark that holds the digest of the introduction used last, and the key of the edition that has it."""


def unused(connection: Connection, introduction: Introduction | None, key: str) -> Introduction | None:
    """Return the introduction for the edition `key`; None if another has it already.

    An edition that was cancelled before anybody had it has freed its posts, and the introduction with them.
    """
    if introduction is None:
        return None
    digest, _, user = (meta.get_mark(connection, _USED) or "").partition(" ")
    is_taken = digest == introduction.digest and user != key and bool(editions.post_ids(connection, user))
    return None if is_taken else introduction


def use_up(connection: Connection, introduction: Introduction, key: str) -> None:
    """Note, in the transaction of the freeze, that the edition `key` has it."""
    meta.set_mark(connection, _USED, f"{introduction.digest} {key}")

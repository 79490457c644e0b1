"""How many copies were handed over through each provider, minute by minute: what its limits per hour and day go by.

It stands in the database so that it holds over restarts, and for every machine that works with the same database.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, and_, delete, select

from briefingfeed.storage.schema import handed_over
from briefingfeed.storage.set_back import AHEAD, is_behind
from briefingfeed.storage.statements import upsert

KEPT: Final = timedelta(hours=25)
"""As far back as any limit looks, and somewhat more."""
_TURN: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""The minute of a row that counts nothing: whoever has touched it in a transaction is the only one who counts."""

Minutes = Sequence[tuple[datetime, int]]
"""Beginnings of minutes, oldest first, and how many copies went in each."""


def handed_over_lately(c: Connection, provider: str, now: datetime) -> Minutes:
    """Return the minutes of the last 25 hours in which copies went out.

    Until this transaction ends nobody else gets an answer for this provider: so two runs never see the same place free.
    """
    _touch(c, provider, _TURN, 0)
    over = and_(handed_over.c.minute > _TURN, handed_over.c.minute < now - KEPT)
    c.execute(delete(handed_over).where(handed_over.c.provider == provider, over))
    # What lies ahead was counted by a clock that was set back since. When it went is unknown: at worst, right now. If
    # it is ours that is behind, a run later on may count too little: then the service itself says that it is too much.
    if not is_behind(c, now):
        ahead = (handed_over.c.provider == provider, handed_over.c.minute > now + AHEAD)
        count(c, provider, sum(c.scalars(delete(handed_over).where(*ahead).returning(handed_over.c.count))), now)
    return recorded(c, provider)


def recorded(c: Connection, provider: str) -> Minutes:
    """Return the same, to look at only: as it stands, and without waiting for anybody."""
    query = (
        select(handed_over.c.minute, handed_over.c.count)
        .where(handed_over.c.provider == provider, handed_over.c.minute > _TURN)
        .order_by(handed_over.c.minute)
    )
    return [(minute, copies) for minute, copies in c.execute(query)]


def count(c: Connection, provider: str, copies: int, now: datetime) -> None:
    """Write down that so many copies go out now."""
    if copies:
        _touch(c, provider, now.replace(second=0, microsecond=0), copies)


def _touch(c: Connection, provider: str, minute: datetime, copies: int) -> None:
    statement = upsert(c, handed_over).values(provider=provider, minute=minute, count=copies)
    c.execute(
        statement.on_conflict_do_update(
            index_elements=["provider", "minute"],
            set_={"count": handed_over.c.count + statement.excluded.count},
        )
    )

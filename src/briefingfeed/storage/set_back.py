"""A clock that was set back: what was written down as waiting begins to wait anew, and no longer than it was to.

A machine that wakes from sleep, or believed a wrong time server, may have written instants that are days ahead. Nothing
here lets a copy go twice: only rows that wait are touched, and only their times.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, bindparam, select, update

from briefingfeed.models.delivery import DeliveryState
from briefingfeed.models.edition import EditionState
from briefingfeed.storage import guard, runs
from briefingfeed.storage.schema import delivery, edition

AHEAD: Final = timedelta(minutes=10)
"""The clocks of two machines on one database may differ by so much without being called wrong."""

_MOVE: Final = (
    update(delivery)
    .where(
        delivery.c.id == bindparam("row_id"),
        delivery.c.claim_id.is_(None),
        delivery.c.updated_at == bindparam("written_at"),
    )
    .values(next_attempt_at=bindparam("due"), updated_at=bindparam("now"))
)


def is_behind(c: Connection, now: datetime) -> bool:
    """Whether `now` is what is wrong, not what was written down: on PostgreSQL the database's clock tells."""
    return c.dialect.name == "postgresql" and now < runs.clock(c) - AHEAD


def begin_anew(c: Connection, now: datetime, lifetime: timedelta, *, rehearsal: bool) -> None:
    """Put right what a clock wrote down that was ahead. `lifetime`: how long the rows of an edition may wait at most.

    A row that was to rest for five minutes rests for five minutes from `now`. `rehearsal`: of rehearsals only, whose
    time is not always that of the clock; else of real editions only. If it was `now` that was wrong, the next run whose
    clock is right gives the editions their time back.
    """
    if is_behind(c, now):
        return
    waits = (
        select(delivery.c.id, delivery.c.updated_at, delivery.c.next_attempt_at, delivery.c.lost_run)
        .join(edition)
        .where(
            delivery.c.state.in_([DeliveryState.PENDING, DeliveryState.DEFERRED]),
            delivery.c.updated_at > now + AHEAD,
            edition.c.rehearsal == rehearsal,
        )
    )
    rows = [
        {
            "row_id": row.id,
            "written_at": row.updated_at,
            "due": row.next_attempt_at and _due(c, now, row.next_attempt_at - row.updated_at, row.lost_run),
            "now": now,
        }
        for row in c.execute(waits).all()
    ]
    if rows:
        c.execute(_MOVE, rows)
    goes = (edition.c.state.in_([EditionState.FROZEN, EditionState.SENDING]), edition.c.rehearsal == rehearsal)
    late = edition.c.expires_at > now + lifetime + AHEAD
    cut = c.execute(update(edition).where(*goes, late).values(expires_at=now + lifetime)).rowcount
    begun = c.execute(select(edition.c.key, edition.c.frozen_at).where(*goes, edition.c.frozen_at <= now)).all()
    for key, frozen_at in begun:
        whole = frozen_at + lifetime
        is_cut = (edition.c.key == key, edition.c.expires_at < whole)
        cut += c.execute(update(edition).where(*is_cut).values(expires_at=whole)).rowcount
    if rows or cut:
        guard.advance(c)


def _due(c: Connection, now: datetime, rest: timedelta, lost_run: str | None) -> datetime:
    """Return when a row is due again: never while a run that lost it may still hand it over."""
    due = now + max(rest, timedelta(0))
    return max(due, runs.resend_from(c, lost_run) or due) if lost_run else due

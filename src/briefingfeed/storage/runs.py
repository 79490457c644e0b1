"""Which runs are alive: each holds a lease that it renews, by the database's own clock.

On SQLite the run lock tells it all: whoever holds it is the only run there is. On PostgreSQL runs of several machines
may work at once; a lock file speaks for the runs of its own place only, and the lease for the others.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Interval, Select, and_, delete, exists, func, literal, or_, select, update

from briefingfeed.storage import guard
from briefingfeed.storage.schema import delivery, run
from briefingfeed.storage.statements import upsert
from briefingfeed.storage.types import Instant

LEASE: Final = timedelta(minutes=20)
"""Longer than the 600 s for which a mail server may keep a run waiting for an answer."""
RESEND_WAIT: Final = timedelta(seconds=600)
"""After a lost run's lease is over, its last copy may still be on its way for so long."""

KEPT: Final = timedelta(days=365)
"""So long after its end a run is still known."""


def clock(c: Connection) -> datetime:
    """Return what time it is by the database's clock."""
    if c.dialect.name == "postgresql":
        text = func.clock_timestamp(type_=Instant())
    else:
        text = func.strftime("%Y-%m-%d %H:%M:%f000", "now", type_=Instant())
    return c.execute(select(text)).scalar_one()


def begin(c: Connection, run_id: str, place: str) -> None:
    """Note that a run is at work, or is so again. `place` names the machine and state folder whose lock it holds."""
    now = clock(c)
    statement = upsert(c, run).values(id=run_id, place=place, started_at=now, lease_until=now + LEASE)
    renewed = {"lease_until": statement.excluded.lease_until, "ended_at": None}
    c.execute(statement.on_conflict_do_update(index_elements=["id"], set_=renewed))


def renew(c: Connection, run_id: str) -> bool:
    """Let the lease begin anew; False if it is over: others may have taken the run's rows by now.

    The counter goes on with it, so that a copy of the database made in the middle of a long run is told (`guard`).
    """
    guard.advance(c)
    now = clock(c)
    renewed = c.execute(
        update(run)
        .where(run.c.id == run_id, run.c.ended_at.is_(None), run.c.lease_until > now)
        .values(lease_until=now + LEASE)
    )
    return renewed.rowcount == 1


def may_arm(c: Connection, run_id: str) -> bool:
    """Whether the run may let copies leave: its lease was renewed within the last half of it.

    The other half is for copies that are on their way then. On SQLite always: whoever arms holds the lock.
    """
    if c.dialect.name == "sqlite":
        return True
    least = func.clock_timestamp(type_=Instant()) + literal(LEASE / 2, Interval())
    query = select(run.c.id).where(run.c.id == run_id, run.c.ended_at.is_(None), run.c.lease_until > least)
    return c.scalar(query) is not None


def end(c: Connection, run_id: str) -> None:
    """Note that a run has ended, and forget those that have ended long ago and that no delivery names."""
    now = clock(c)
    c.execute(update(run).where(run.c.id == run_id).values(ended_at=now))
    old = run.c.ended_at < now - KEPT
    if c.scalar(select(run.c.id).where(old).limit(1)) is not None:
        is_named = exists().where(or_(delivery.c.lost_run == run.c.id, delivery.c.claim_id == run.c.id))
        c.execute(delete(run).where(old, ~is_named))


def bury(c: Connection, run_id: str, place: str) -> None:
    """Note that the earlier runs of this place are dead: this run holds their lock.

    Those of another place have no longer a lease than one that begins now. It looks so if the database's clock was set
    back.
    """
    longest = clock(c) + LEASE
    too_long = and_(run.c.ended_at.is_(None), run.c.lease_until > longest)
    if c.scalar(select(run.c.id).where(too_long).limit(1)) is not None:
        guard.advance(c)  # before the rows are locked: whoever renews a lease takes both in the same order
        c.execute(update(run).where(too_long).values(lease_until=longest))
    dead = (run.c.id != run_id, run.c.place == place, run.c.ended_at.is_(None))
    c.execute(update(run).where(*dead).values(ended_at=clock(c)))


def alive(c: Connection) -> Select[tuple[str]]:
    """Return a query for the runs that may still work on their rows. Call `bury` first."""
    return select(run.c.id).where(run.c.ended_at.is_(None), run.c.lease_until > clock(c))


def resend_from(c: Connection, lost_run: str | None) -> datetime | None:
    """Return from when on a copy that this run had in hand may be sent again; None: the run is known to be dead."""
    query = select(run.c.lease_until).where(run.c.id == lost_run, run.c.ended_at.is_(None))
    until = c.scalar(query) if c.dialect.name == "postgresql" else None
    return until + RESEND_WAIT if until is not None else None

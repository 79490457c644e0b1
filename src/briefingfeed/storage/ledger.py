"""How a run moves delivery rows: recover, claim, arm, record, give back. No other transitions than these.

The promise of at most one copy rests here: `arm` is committed before a copy is handed over, an armed row leaves
`submitting` only by the run that armed it or as `uncertain`, and an `uncertain` row is never claimed.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    and_,
    bindparam,
    case,
    exists,
    insert,
    literal,
    null,
    or_,
    select,
    update,
)

from briefingfeed.models.delivery import Claimed, DeliveryState, Result
from briefingfeed.models.edition import EditionState
from briefingfeed.storage import guard, keyed_requests, runs
from briefingfeed.storage.hot import Hot, among_ids
from briefingfeed.storage.schema import attempt, delivery, edition, subscriber
from briefingfeed.storage.subscribers import MAY_BE_MAILED

_WANTS_IT: Final = exists().where(subscriber.c.id == delivery.c.subscriber_id, MAY_BE_MAILED)
_IS_OPEN: Final = exists().where(
    edition.c.key == delivery.c.edition_key,
    or_(edition.c.state == EditionState.FROZEN, edition.c.state == EditionState.SENDING),
    edition.c.expires_at > bindparam("now"),
)
_ITS_BATCH_GOES: Final = exists().where(
    edition.c.key == delivery.c.edition_key,
    edition.c.open_batch >= delivery.c.batch,
    or_(edition.c.pause_until.is_(None), edition.c.pause_until <= bindparam("now")),
)
_UNCLAIMED: Final = {"claim_id": null(), "claimed_at": null()}
_STATE_BEFORE_CLAIM: Final = case(
    (delivery.c.next_attempt_at.is_(None), DeliveryState.PENDING), else_=DeliveryState.DEFERRED
)
_IDS: Final[BindParameter[int]] = bindparam("ids", expanding=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """How many rows of dead runs were found."""

    returned: int
    """Claimed only, or armed and never sent: `pending` again."""
    uncertain: int
    """Armed: somebody may have got this copy, and no request can be repeated to find out."""


def recover(c: Connection, run_id: str, now: datetime, *, place: str = "", provider: str | None = None) -> Recovered:
    """Settle the rows that dead runs left behind. Call it under the run lock of `place` (see `runs`).

    `provider`: the way out from now on, for which requests of its own wait; None: those of any do.
    """
    left = and_(delivery.c.claim_id.is_not(None), delivery.c.claim_id != run_id)
    runs.bury(c, run_id, place)
    if c.dialect.name == "postgresql":
        left = and_(left, delivery.c.claim_id.not_in(runs.alive(c)))
    returned = _return_unsent(c, left, now)
    armed = and_(left, delivery.c.state == DeliveryState.SUBMITTING)
    if spared := keyed_requests.spared(c, run_id, now, provider):
        armed = and_(armed, ~keyed_requests.among(spared))
    note = "the run that was handing it over was killed"
    c.execute(
        insert(attempt).from_select(
            ["delivery_id", "at", "result", "note"],
            select(
                delivery.c.id,
                literal(now, attempt.c.at.type),
                literal(Result.UNCERTAIN, attempt.c.result.type),
                literal(note),
            ).where(armed),
        )
    )
    uncertain = c.execute(
        update(delivery)
        .where(armed)
        .values(
            state=DeliveryState.UNCERTAIN,
            lost_run=delivery.c.claim_id,
            attempts=delivery.c.attempts + 1,
            next_attempt_at=None,
            note=note,
            updated_at=now,
            **_UNCLAIMED,
        )
    )
    keyed_requests.forget_others(c, run_id)
    return Recovered(returned=returned, uncertain=uncertain.rowcount)


def _return_unsent(c: Connection, left: ColumnElement[bool], now: datetime) -> int:
    """Give back what was claimed by dead runs and not armed, and what they had armed and certainly not sent."""
    unsent = or_(delivery.c.state == DeliveryState.CLAIMED, keyed_requests.never_sent())
    values = {"state": DeliveryState.PENDING, "next_attempt_at": None, "updated_at": now, **_UNCLAIMED}
    return c.execute(update(delivery).where(left, unsent).values(values)).rowcount


_ALL_DUE: Final = select(delivery.c.id).where(
    delivery.c.edition_key == bindparam("key"),
    delivery.c.state.in_([DeliveryState.PENDING, DeliveryState.DEFERRED]),
    or_(
        delivery.c.state == DeliveryState.PENDING,
        delivery.c.next_attempt_at <= bindparam("now", type_=delivery.c.next_attempt_at.type),
    ),
    _IS_OPEN,
    _ITS_BATCH_GOES,
)
_ANY_DUE: Final = _ALL_DUE.limit(1)
_DUE: Final = (
    _ALL_DUE.limit(bindparam("most"))
    # SQLite has nothing of the kind, and needs none. Rows in another claim that isn't committed yet are left to it.
    .with_for_update(skip_locked=True)
    # As a CTE it is looked up once; a subquery might be looked up again and again, with other rows each time.
    .cte("due")
)
_CLAIM: Final = (
    update(delivery)
    .where(delivery.c.id.in_(select(_DUE.c.id)), delivery.c.claim_id.is_(None))
    .values(
        state=DeliveryState.CLAIMED,
        claim_id=bindparam("run_id"),
        claimed_at=bindparam("now"),
        updated_at=bindparam("now"),
    )
    .returning(
        delivery.c.id, delivery.c.subscriber_id, delivery.c.address, delivery.c.attempts, delivery.c.rendition_id
    )
)
_SKIP: Final = Hot(
    lambda dialect: (
        update(delivery)
        .where(
            among_ids(dialect),
            delivery.c.state == DeliveryState.CLAIMED,
            delivery.c.claim_id == bindparam("run_id"),
            ~_WANTS_IT,
        )
        .values(state=DeliveryState.SKIPPED, next_attempt_at=null(), updated_at=bindparam("now"), **_UNCLAIMED)
        .returning(delivery.c.id)
    )
)


def claim(c: Connection, edition_key: str, run_id: str, most: int, now: datetime) -> list[Claimed]:
    """Lease up to `most` rows that are due; an empty list means that none is.

    Rows of people who left or were suppressed since the freeze become `skipped` instead. An edition that is held,
    cancelled or past its expiry gives no rows. The counter goes on with each lease, so that a copy of the database made
    in the middle of a run is told once the run has gone on (`guard`).
    """
    guard.require(c)
    if c.scalar(_ANY_DUE, {"key": edition_key, "now": now}) is None:
        return []
    guard.advance(c)  # before the rows are locked: who cancels an edition takes both in the same order
    while True:
        rows = c.execute(_CLAIM, {"key": edition_key, "run_id": run_id, "most": most, "now": now}).all()
        skipped = _skip(c, run_id, [row.id for row in rows], now)
        wanted = sorted(tuple(row) for row in rows if row.id not in skipped)
        if wanted or not rows:
            return [
                Claimed(
                    delivery_id=delivery_id,
                    subscriber_id=subscriber_id,
                    address=address,
                    attempts=attempts,
                    rendition_id=rendition_id,
                )
                for delivery_id, subscriber_id, address, attempts, rendition_id in wanted
            ]


def _skip(c: Connection, run_id: str, ids: Collection[int], now: datetime) -> set[int]:
    return {row for (row,) in _SKIP.rows(c, {"ids": list(ids), "run_id": run_id, "now": now})} if ids else set()


_ARM: Final = Hot(
    lambda dialect: (
        update(delivery)
        .where(
            among_ids(dialect),
            delivery.c.state == DeliveryState.CLAIMED,
            delivery.c.claim_id == bindparam("run_id"),
            _WANTS_IT,
            _IS_OPEN,
        )
        .values(state=DeliveryState.SUBMITTING, updated_at=bindparam("now"))
        .returning(delivery.c.id, delivery.c.rendition_id)
    )
)
_GIVE_BACK: Final = (
    update(delivery)
    .where(delivery.c.state == DeliveryState.CLAIMED, delivery.c.claim_id == bindparam("run_id"))
    .values(state=_STATE_BEFORE_CLAIM, **_UNCLAIMED)
)


def give_back(c: Connection, key: str) -> None:
    """Take the rows of an edition back that any run has claimed and not armed."""
    c.execute(
        update(delivery)
        .where(delivery.c.edition_key == key, delivery.c.state == DeliveryState.CLAIMED)
        .values(state=_STATE_BEFORE_CLAIM, **_UNCLAIMED)
    )


_IS_ARMED_HERE: Final = and_(
    delivery.c.id.in_(_IDS),
    delivery.c.state == DeliveryState.SUBMITTING,
    delivery.c.claim_id == bindparam("run_id"),
)
_ARMED: Final = select(delivery.c.id, delivery.c.rendition_id).where(_IS_ARMED_HERE)
_DISARM: Final = update(delivery).where(_IS_ARMED_HERE).values(state=DeliveryState.CLAIMED)


def armed(c: Connection, run_id: str, delivery_ids: Collection[int]) -> dict[int, int]:
    """Return those of the rows that this run has armed already, by a commit whose answer was lost, as `arm` does."""
    found = c.execute(_ARMED, {"ids": list(delivery_ids), "run_id": run_id})
    return dict(found.all())


def arm(c: Connection, run_id: str, delivery_ids: Collection[int], now: datetime) -> dict[int, int]:
    """Commit to handing rows over; return those that may really go, once the transaction is committed, each with the
    rendition that it has now: an operator may have given it another since it was claimed.

    Only rows that this run has claimed can be armed. Somebody who left meanwhile is `skipped`; if the edition was
    held, cancelled or expired meanwhile, nothing is armed and the rows are given back as they were.
    """
    if not delivery_ids:
        return {}
    asked = {"ids": list(delivery_ids), "run_id": run_id}
    going: dict[int, int] = dict(_ARM.rows(c, {**asked, "now": now}))
    others = set(delivery_ids) - going.keys()
    if others:
        _skip(c, run_id, others, now)
        c.execute(_GIVE_BACK.where(delivery.c.id.in_(_IDS)), {"ids": list(others), "run_id": run_id})
    return going


def disarm(c: Connection, run_id: str, delivery_ids: Collection[int]) -> None:
    """Take back, within its transaction, what `arm` did to rows that must not go yet: they stay claimed."""
    c.execute(_DISARM, {"ids": list(delivery_ids), "run_id": run_id})


def unclaim(c: Connection, run_id: str) -> int:
    """Give back the rows that a run has claimed but not armed, each as it was before; return how many.

    A run does it at its end, so that a copy of the database made in its middle can be told afterwards (`guard`).
    """
    guard.advance(c)
    return c.execute(_GIVE_BACK, {"run_id": run_id}).rowcount

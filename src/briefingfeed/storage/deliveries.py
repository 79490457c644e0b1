"""Deliveries as people ask about them and decide on them; how a run moves them is in `ledger`."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, and_, func, select, update

from briefingfeed.errors import RefusedError, UsageError
from briefingfeed.models.delivery import Attempt, Delivery, DeliveryState
from briefingfeed.models.edition import EditionState
from briefingfeed.storage import editions, guard, runs
from briefingfeed.storage.ledger import Recovered, arm, armed, claim, disarm, recover, unclaim
from briefingfeed.storage.records import accept, fail_refused, record
from briefingfeed.storage.schema import FIRST_BATCH, IN_FIRST_BATCH, attempt, delivery, edition
from briefingfeed.storage.types import Instant

__all__ = [
    "Recovered",
    "accept",
    "acknowledge",
    "arm",
    "armed",
    "attempts",
    "cancel",
    "claim",
    "counts",
    "disarm",
    "expire",
    "fail_refused",
    "list_by",
    "next_due",
    "record",
    "recover",
    "resolve",
    "story",
    "unclaim",
    "unsettled",
    "waits",
]

_STOPPABLE: Final = [DeliveryState.PENDING, DeliveryState.DEFERRED, DeliveryState.CLAIMED]
_WAITING: Final = [*_STOPPABLE, DeliveryState.SUBMITTING]
_UNSETTLED: Final = and_(
    delivery.c.state.in_([DeliveryState.FAILED, DeliveryState.UNCERTAIN]), delivery.c.acknowledged_at.is_(None)
)
_HIGHEST: Final = 2**31 - 1
"""What the column holds. PostgreSQL refuses even to look for more, and a forged mark may name any number."""
_COLUMNS: Final = (
    delivery.c.id,
    delivery.c.edition_key,
    delivery.c.subscriber_id,
    delivery.c.address,
    delivery.c.state,
    delivery.c.attempts,
    delivery.c.next_attempt_at,
    delivery.c.code,
    delivery.c.enhanced_code,
    delivery.c.provider_id,
    delivery.c.note,
    delivery.c.acknowledged_at,
    delivery.c.updated_at,
)


def counts(c: Connection, key: str) -> dict[DeliveryState, int]:
    """Return how many rows of an edition are in each state, states without any included. They sum to `recipients`."""
    query = select(delivery.c.state, func.count()).where(delivery.c.edition_key == key).group_by(delivery.c.state)
    return dict.fromkeys(DeliveryState, 0) | dict(c.execute(query).all())


def waits(c: Connection, key: str) -> bool:
    """Whether a row of an edition still waits, or is being handed over."""
    query = select(delivery.c.id).where(delivery.c.edition_key == key, delivery.c.state.in_(_WAITING)).limit(1)
    return c.scalar(query) is not None


def next_due(c: Connection, key: str) -> datetime | None:
    """Return from when on a row of the edition is due, a moment that is past if one is; None if no row waits, or may be
    handed over.

    While only the first batch goes the others don't count; once its pause has begun they do, from its end on.
    """
    its = editions.get(c, key)
    if its is None or its.state not in (EditionState.FROZEN, EditionState.SENDING):
        return None
    rows = [delivery.c.edition_key == key]
    if its.open_batch == FIRST_BATCH and its.pause_until is None:
        rows.append(IN_FIRST_BATCH)
    # The first one by the index tells: a million may wait.
    some = select(func.coalesce(delivery.c.next_attempt_at, delivery.c.updated_at, type_=Instant()))
    some = some.where(*rows).order_by(delivery.c.next_attempt_at).limit(1)
    waiting = (DeliveryState.PENDING, DeliveryState.DEFERRED)
    found = [c.scalar(some.where(delivery.c.state == state)) for state in waiting]
    since = min((moment for moment in found if moment is not None), default=None)
    return since if since is None or its.pause_until is None else max(since, its.pause_until)


def expire(c: Connection, key: str, now: datetime) -> int:
    """Let the rows that still wait expire if the edition's time is over; return how many. A held one's time stands."""
    over = select(edition.c.key).where(edition.c.key == key, edition.c.expires_at <= now, edition.c.held_at.is_(None))
    if c.scalar(over) is None:  # nearly always; then a million rows are not asked
        return 0
    return _stop(c, key, DeliveryState.EXPIRED, now, delivery.c.edition_key.in_(over))


def cancel(c: Connection, key: str, now: datetime) -> int:
    """Skip the rows that still wait; return how many. What is being handed over this moment can't be called back."""
    return _stop(c, key, DeliveryState.SKIPPED, now, note="the edition was cancelled")


def _stop(c: Connection, key: str, to: DeliveryState, now: datetime, *conditions: Any, **values: Any) -> int:
    stopped = c.execute(
        update(delivery)
        .where(delivery.c.edition_key == key, delivery.c.state.in_(_STOPPABLE), *conditions)
        .values(state=to, claim_id=None, claimed_at=None, next_attempt_at=None, updated_at=now, **values)
    ).rowcount
    if stopped:
        guard.advance(c)
    return stopped


def list_by(c: Connection, key: str | None = None, states: Collection[DeliveryState] | None = None) -> list[Delivery]:
    """Return rows in the order in which they were frozen, those of one edition or in some states if so asked."""
    query = select(*_COLUMNS).order_by(delivery.c.id)
    if key is not None:
        query = query.where(delivery.c.edition_key == key)
    if states is not None:
        query = query.where(delivery.c.state.in_(states))
    return [_delivery(row) for row in c.execute(query).mappings()]


def get(c: Connection, delivery_id: int) -> Delivery | None:
    if delivery_id > _HIGHEST:
        return None
    row = c.execute(select(*_COLUMNS).where(delivery.c.id == delivery_id)).mappings().one_or_none()
    return _delivery(row) if row else None


def story(c: Connection, subscriber_id: str) -> list[Delivery]:
    """Return what was sent to one subscriber, or not, newest first."""
    query = select(*_COLUMNS).where(delivery.c.subscriber_id == subscriber_id).order_by(delivery.c.id.desc())
    return [_delivery(row) for row in c.execute(query).mappings()]


def attempts(c: Connection, delivery_id: int) -> list[Attempt]:
    """Return the tries of one row that were anything but a plain success, oldest first."""
    columns = [getattr(attempt.c, name) for name in ("at", "result", "phase", "code", "enhanced_code", "note")]
    query = select(*columns).where(attempt.c.delivery_id == delivery_id).order_by(attempt.c.id)
    return [Attempt(**row) for row in c.execute(query).mappings()]


def resolve(c: Connection, delivery_id: int, to: DeliveryState, now: datetime) -> Delivery:
    """Write down what the operator decided about an `uncertain` row, and return it.

    `accepted`: it arrived; `deferred`: send it again, now or once the run that had it can't hand it over any more;
    `failed`: give it up. For the second, an edition that was done is `sending` again. Raises UsageError if there is no
    such row, RefusedError if it isn't uncertain, or its edition can't send any more.
    """
    if to not in (DeliveryState.ACCEPTED, DeliveryState.DEFERRED, DeliveryState.FAILED):
        raise ValueError(f"an uncertain row cannot become {to}")
    guard.advance(c)
    found = get(c, delivery_id)
    if found is None:
        raise UsageError(f"there is no delivery {delivery_id}", remedy="see them with: briefingfeed deliveries list")
    if found.state is not DeliveryState.UNCERTAIN:
        raise RefusedError(f"delivery {delivery_id} is {found.state}; only an uncertain one can be resolved")
    due = None
    if to is DeliveryState.DEFERRED:
        _reopen(c, found.edition_key, now)
        lost_run = c.scalar(select(delivery.c.lost_run).where(delivery.c.id == delivery_id))
        due = max(now, runs.resend_from(c, lost_run) or now)
    changed = c.execute(
        update(delivery)
        .where(delivery.c.id == delivery_id, delivery.c.state == DeliveryState.UNCERTAIN)
        .values(state=to, next_attempt_at=due, acknowledged_at=None if due else now, updated_at=now)
        .returning(*_COLUMNS)
    )
    return _delivery(changed.mappings().one())


def _reopen(c: Connection, key: str, now: datetime) -> None:
    its = editions.get(c, key)
    if its is None or its.state is EditionState.CANCELLED:
        raise RefusedError(f"the edition {key} was cancelled; nothing of it is sent any more")
    if its.expires_at is not None and its.expires_at <= now and its.held_at is None:
        raise RefusedError(
            f"the edition {key} has expired; nothing of it is sent any more",
            remedy="settle the delivery with --accepted or --give-up",
        )
    if its.state is EditionState.DONE:
        editions.set_state(c, key, EditionState.SENDING, now)


def acknowledge(c: Connection, now: datetime, *, ids: Collection[int] | None = None, key: str | None = None) -> int:
    """Note that the operator has seen failed and uncertain rows: some by id, or all of an edition, or all there are.

    Returns how many were not acknowledged before.
    """
    guard.advance(c)
    statement = update(delivery).where(_UNSETTLED).values(acknowledged_at=now)
    if ids is not None:
        statement = statement.where(delivery.c.id.in_([each for each in ids if each <= _HIGHEST]))
    if key is not None:
        statement = statement.where(delivery.c.edition_key == key)
    return c.execute(statement).rowcount


def unsettled(c: Connection) -> dict[DeliveryState, int]:
    """Return how many rows of real editions are `failed` and `uncertain` and not acknowledged; both are there."""
    real = select(edition.c.key).where(edition.c.rehearsal.is_(False))
    query = select(delivery.c.state, func.count()).where(_UNSETTLED, delivery.c.edition_key.in_(real))
    none = {DeliveryState.FAILED: 0, DeliveryState.UNCERTAIN: 0}
    return none | dict(c.execute(query.group_by(delivery.c.state)).all())


def _delivery(row: RowMapping) -> Delivery:
    return Delivery(**row)

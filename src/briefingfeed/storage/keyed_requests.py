"""Requests under an idempotency key: written down before they are sent, so that a later run can send the same again.

Nothing of a reader stands in them but the ids of deliveries. A request is repeatable as long as everything speaks for
it: its time by the database's own clock, each of its rows, and each of its people. `ledger.recover` spares the rows of
one that is; a run that takes it over has both the request and its rows from then on. All others are forgotten.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from briefingfeed.models.delivery import Claimed, DeliveryState
from briefingfeed.models.edition import EditionState
from briefingfeed.models.keyed_request import KeyedRequest
from briefingfeed.storage import guard, runs
from briefingfeed.storage.schema import (
    delivery,
    delivery_event,
    edition,
    keyed_request,
    keyed_request_copy,
    run,
    subscriber,
)
from briefingfeed.storage.statements import numbers_in_order
from briefingfeed.storage.subscribers import MAY_BE_MAILED

_ITS: Final = (
    keyed_request_copy.c.request_id == keyed_request.c.id,
    delivery.c.id == keyed_request_copy.c.delivery_id,
)
_IS_ARMED: Final = and_(delivery.c.state == DeliveryState.SUBMITTING, delivery.c.claim_id == keyed_request.c.run_id)
_HAS_ARMED: Final = exists().where(*_ITS, _IS_ARMED)
_HAS_OTHERS: Final = exists().where(*_ITS, ~or_(_IS_ARMED, delivery.c.state == DeliveryState.ACCEPTED))
_WANTS_IT: Final = exists().where(subscriber.c.id == delivery.c.subscriber_id, MAY_BE_MAILED)
_SOMEBODY_LEFT: Final = exists().where(*_ITS, ~_WANTS_IT)
_WAS_HEARD_OF: Final = exists().where(*_ITS, delivery.c.attempts == 0, delivery_event.c.delivery_id == delivery.c.id)
"""Of one of its copies, which had no attempt before: so it was taken, and a repeat mails nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """A request that this run has taken over."""

    request: KeyedRequest
    had_error: bool
    """It was answered, and with an error."""
    rows: tuple[Claimed, ...]
    """In its order."""
    open_ids: frozenset[int]
    """Those of which it isn't known what became of them; the others are accepted."""


def begin(c: Connection, run_id: str) -> None:
    """Note that from now on this run sends nothing that isn't kept: what it has armed and not kept, it never sent."""
    c.execute(update(run).where(run.c.id == run_id).values(keeps_requests_since=runs.clock(c)))


def keep(c: Connection, run_id: str, edition_key: str, provider: str, request: KeyedRequest) -> bool:
    """Write a request down before its first attempt; False if its rows aren't all this run's: it must not be sent.

    A row stands in one request. One that holds it already was refused for certain, or this run would not have it.
    """
    its = numbers_in_order(c, request.delivery_ids)
    armed = (delivery.c.state == DeliveryState.SUBMITTING, delivery.c.claim_id == run_id)
    ours = select(func.count()).select_from(delivery).where(delivery.c.id.in_(select(its.c.number)), *armed)
    if c.scalar(ours) != len(request.delivery_ids):
        return False
    before = select(keyed_request_copy.c.request_id).where(keyed_request_copy.c.delivery_id.in_(select(its.c.number)))
    c.execute(delete(keyed_request).where(keyed_request.c.id.in_(before)))
    forget_settled(c, [run_id])
    now = runs.clock(c)
    values = {
        "edition_key": edition_key,
        "provider": provider,
        "run_id": run_id,
        "idempotency_key": request.key,
        "digest": request.digest,
        "first_sent_at": now,
        "repeat_until": now + request.repeatable_for,
        "had_error": False,
    }
    request_id = c.execute(insert(keyed_request).values(values).returning(keyed_request.c.id)).scalar_one()
    copies = select(literal(request_id), its.c.place, its.c.number)
    c.execute(insert(keyed_request_copy).from_select(["request_id", "position", "delivery_id"], copies))
    return True


def may_repeat(c: Connection, run_id: str, digest: str, *, had_error: bool) -> bool:
    """Whether this run may send a request of its own again. `had_error`: it was answered with one; that is noted."""
    changed = c.execute(
        update(keyed_request)
        .where(keyed_request.c.run_id == run_id, keyed_request.c.digest == digest, _is_in_time(c))
        .values(had_error=or_(keyed_request.c.had_error, literal(had_error)))
    )
    return changed.rowcount == 1


def waits(c: Connection, run_id: str, edition_key: str, provider: str, now: datetime) -> bool:
    """Whether there is a request of the edition that a run with this provider should take over."""
    return c.execute(_wanted(c, run_id, edition_key, provider, now).limit(1)).first() is not None


def _wanted(c: Connection, run_id: str, edition_key: str, provider: str, now: datetime) -> Select[Any]:
    its = (keyed_request.c.edition_key == edition_key, keyed_request.c.provider == provider)
    return select(keyed_request).where(*its, _is_repeatable(c, run_id), _is_open(now))


def adopt(c: Connection, run_id: str, edition_key: str, provider: str, now: datetime) -> Adopted | None:
    """Take a dead run's request over, and its rows with it; None if there is none to be repeated.

    Of several runs that want it one gets it: no other writer comes between. Should the dead one be alive after all, its
    word about its rows counts as that of any run that was taken for dead (`records`).
    """
    query = _wanted(c, run_id, edition_key, provider, now).order_by(keyed_request.c.id).limit(1)
    found = c.execute(query).one_or_none()
    if found is None:
        return None
    guard.advance(c)
    columns = (delivery.c.id, delivery.c.subscriber_id, delivery.c.address, delivery.c.attempts)
    rows = c.execute(
        select(*columns, delivery.c.rendition_id, delivery.c.state)
        .join(keyed_request_copy, keyed_request_copy.c.delivery_id == delivery.c.id)
        .where(keyed_request_copy.c.request_id == found.id)
        .order_by(keyed_request_copy.c.position)
    ).all()
    open_ids = {row.id for row in rows if row.state is DeliveryState.SUBMITTING}
    c.execute(update(keyed_request).where(keyed_request.c.id == found.id).values(run_id=run_id))
    c.execute(
        update(delivery)
        .where(delivery.c.id.in_(open_ids))
        .values(claim_id=run_id, claimed_at=now, lost_run=found.run_id, updated_at=now)
    )
    return Adopted(
        request=KeyedRequest(
            key=found.idempotency_key,
            digest=found.digest,
            delivery_ids=tuple(row.id for row in rows),
            repeatable_for=found.repeat_until - found.first_sent_at,
        ),
        had_error=found.had_error,
        rows=tuple(
            Claimed(
                delivery_id=row.id,
                subscriber_id=row.subscriber_id,
                address=row.address,
                attempts=row.attempts,
                rendition_id=row.rendition_id,
            )
            for row in rows
        ),
        open_ids=frozenset(open_ids),
    )


def spared(c: Connection, run_id: str, now: datetime) -> list[int]:
    """Return the requests of dead runs that may yet be repeated, by this run or a later one. That of an edition which
    is held waits, as long as its time lasts."""
    goes_on = or_(_is_open(now), _in_state(EditionState.HELD))
    return list(c.scalars(select(keyed_request.c.id).where(_is_repeatable(c, run_id), goes_on)))


def among(requests: Collection[int]) -> ColumnElement[bool]:
    """Return the condition that a delivery stands in one of these requests."""
    is_its = keyed_request_copy.c.delivery_id == delivery.c.id
    return exists().where(is_its, keyed_request_copy.c.request_id.in_(requests))


def never_sent() -> ColumnElement[bool]:
    """Return the condition that a delivery was armed by a run that keeps whatever it sends, and stands in no request.

    Of a run that is dead: it cannot keep it any more.
    """
    return and_(
        delivery.c.state == DeliveryState.SUBMITTING,
        delivery.c.claim_id.in_(select(run.c.id).where(run.c.keeps_requests_since.is_not(None))),
        ~exists().where(keyed_request_copy.c.delivery_id == delivery.c.id),
    )


def forget_settled(c: Connection, run_ids: Collection[str]) -> None:
    """Forget the requests of these runs of which nothing is in flight any more."""
    c.execute(delete(keyed_request).where(keyed_request.c.run_id.in_(run_ids), ~_HAS_ARMED))


def forget_others(c: Connection, run_id: str) -> None:
    """Forget what is settled, of all runs but this one."""
    c.execute(delete(keyed_request).where(keyed_request.c.run_id != run_id, ~_HAS_ARMED))


def _is_repeatable(c: Connection, run_id: str) -> ColumnElement[bool]:
    dead = keyed_request.c.run_id != run_id
    if c.dialect.name == "postgresql":
        dead = and_(dead, keyed_request.c.run_id.not_in(runs.alive(c)))
    return and_(dead, _is_in_time(c), _HAS_ARMED, ~_HAS_OTHERS, or_(~_SOMEBODY_LEFT, _WAS_HEARD_OF))


def _is_in_time(c: Connection) -> ColumnElement[bool]:
    """Before its first attempt: then the clock was set back, and says nothing."""
    now = runs.clock(c)
    return and_(keyed_request.c.first_sent_at <= now, keyed_request.c.repeat_until > now)


def _is_open(now: datetime) -> ColumnElement[bool]:
    return and_(_in_state(EditionState.FROZEN, EditionState.SENDING), _edition(edition.c.expires_at > now))


def _in_state(*states: EditionState) -> ColumnElement[bool]:
    return _edition(edition.c.state.in_(states))


def _edition(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(edition.c.key == keyed_request.c.edition_key, condition)

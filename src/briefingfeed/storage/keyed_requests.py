"""Requests under an idempotency key: written down before they are sent, so that a later run can send the same again.

Nothing of a reader stands in them but the ids of deliveries. A request is repeatable as long as everything speaks for
it: its time by the database's own clock, each of its rows, and each of its people. `ledger.recover` spares the rows of
one that is; a run that takes it over has both the request and its rows from then on. All others are forgotten.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
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
    attempt,
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
_WAS_ERASED: Final = exists().where(*_ITS, or_(delivery.c.subscriber_id.is_(None), delivery.c.address.is_(None)))
"""One of its copies cannot be made again, for want of its reader."""
_WAS_HEARD_OF: Final = exists().where(
    *_ITS,
    delivery.c.attempts == 0,
    ~exists().where(attempt.c.delivery_id == delivery.c.id),
    delivery_event.c.delivery_id == delivery.c.id,
)
"""Of one of its copies, which was never tried before: so the request was taken, and a repeat mails nobody."""
_IS_WHOLE: Final = and_(_HAS_ARMED, ~_HAS_OTHERS, ~_WAS_ERASED, or_(~_SOMEBODY_LEFT, _WAS_HEARD_OF))
"""Each of its rows and of its people speaks for a repeat."""


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


def keep(c: Connection, run_id: str, edition_key: str, provider: str, request: KeyedRequest, now: datetime) -> bool:
    """Write a request down before its first attempt; False: it must not be sent. Its rows aren't all this run's, one of
    its people has left, or the edition isn't being sent any more.

    A row stands in one request. One that holds it already was refused for certain, or this run would not have it; it
    is forgotten, unless another run has other rows of it in hand.
    """
    its = numbers_in_order(c, request.delivery_ids)
    armed = (delivery.c.state == DeliveryState.SUBMITTING, delivery.c.claim_id == run_id, _WANTS_IT)
    ours = select(func.count()).select_from(delivery).where(delivery.c.id.in_(select(its.c.number)), *armed)
    if c.scalar(ours) != len(request.delivery_ids) or not c.scalar(select(_goes_on(edition_key, now))):
        return False
    before = select(keyed_request_copy.c.request_id).where(keyed_request_copy.c.delivery_id.in_(select(its.c.number)))
    earlier = keyed_request.c.id.in_(before)
    of_others = select(keyed_request.c.id).where(earlier, keyed_request.c.run_id != run_id, _HAS_ARMED)
    if c.scalar(of_others.limit(1)) is not None:
        return False
    c.execute(delete(keyed_request).where(earlier))
    forget_settled(c, [run_id])
    first_sent_at = runs.clock(c)
    values = {
        "edition_key": edition_key,
        "provider": provider,
        "run_id": run_id,
        "idempotency_key": request.key,
        "digest": request.digest,
        "first_sent_at": first_sent_at,
        "repeat_until": first_sent_at + request.repeatable_for,
        "had_error": False,
    }
    request_id = c.execute(insert(keyed_request).values(values).returning(keyed_request.c.id)).scalar_one()
    copies = select(literal(request_id), its.c.place, its.c.number)
    c.execute(insert(keyed_request_copy).from_select(["request_id", "position", "delivery_id"], copies))
    return True


def note_error(c: Connection, run_id: str, digest: str) -> None:
    """Note that a request of this run's was answered, and with an error."""
    its = (keyed_request.c.run_id == run_id, keyed_request.c.digest == digest)
    c.execute(update(keyed_request).where(*its).values(had_error=True))


def time_left(c: Connection, run_id: str, digest: str, now: datetime) -> timedelta | None:
    """Return for how long this run may yet send a request of its own again; None: not at all, by the same conditions
    under which another run would take it over."""
    return _time_left(c, run_id, digest, _is_open(now))


def may_wait(c: Connection, run_id: str, digest: str, now: datetime) -> bool:
    """Whether a later run may ask about a request of this run's, if need be once its edition is released."""
    return _time_left(c, run_id, digest, _may_open(now)) is not None


def _time_left(c: Connection, run_id: str, digest: str, is_due: ColumnElement[bool]) -> timedelta | None:
    its = (keyed_request.c.run_id == run_id, keyed_request.c.digest == digest)
    until = c.scalar(select(keyed_request.c.repeat_until).where(*its, _is_in_time(c), _IS_WHOLE, is_due))
    return until - runs.clock(c) if until is not None else None


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


def spared(c: Connection, run_id: str, now: datetime, provider: str | None = None) -> list[int]:
    """Return the requests of dead runs that may yet be repeated, by this run or a later one with this provider (None:
    with whichever). That of an edition which is held waits, as long as its time lasts."""
    query = select(keyed_request.c.id).where(_is_repeatable(c, run_id), _may_open(now))
    return list(c.scalars(query.where(keyed_request.c.provider == provider) if provider is not None else query))


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
    return and_(dead, _is_in_time(c), _IS_WHOLE)


def _is_in_time(c: Connection) -> ColumnElement[bool]:
    """Before its first attempt: then the clock was set back, and says nothing."""
    now = runs.clock(c)
    return and_(keyed_request.c.first_sent_at <= now, keyed_request.c.repeat_until > now)


def _is_open(now: datetime) -> ColumnElement[bool]:
    return _goes_on(keyed_request.c.edition_key, now)


def _may_open(now: datetime) -> ColumnElement[bool]:
    is_held = exists().where(edition.c.key == keyed_request.c.edition_key, edition.c.state == EditionState.HELD)
    return or_(_is_open(now), is_held)


def _goes_on(key: ColumnElement[str] | str, now: datetime) -> ColumnElement[bool]:
    goes = edition.c.state.in_([EditionState.FROZEN, EditionState.SENDING])
    return exists().where(edition.c.key == key, goes, edition.c.expires_at > now)

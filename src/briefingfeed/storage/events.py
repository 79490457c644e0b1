"""Events: what was heard of deliveries after they were handed over; and what they settle about the rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, RowMapping, Select, and_, exists, func, or_, select, update

from briefingfeed.models.delivery import DeliveryEvent, DeliveryState, EventKind, Phase, Result
from briefingfeed.models.edition import Edition
from briefingfeed.storage import editions
from briefingfeed.storage.schema import attempt, delivery, delivery_event, edition, subscriber
from briefingfeed.storage.statements import upsert

_COLUMNS: Final = tuple(column for column in delivery_event.c if column.name != "id")
_PROVES_IT_ARRIVED: Final = (EventKind.DELIVERED, EventKind.DELAYED, EventKind.BOUNCED, EventKind.COMPLAINED)
_ABOUT_US: Final = ("5.1.7", "5.1.8", "5.2.3", "5.2.4", "5.3.4")
"""Besides x.6.y and x.7.y: see docs/bounces.md."""
_SETTLED: Final[dict[str, Any]] = {
    "state": DeliveryState.ACCEPTED,
    "next_attempt_at": None,
    "claim_id": None,
    "claimed_at": None,
}


class Sent(NamedTuple):
    """One edition in the history of a subscriber."""

    delivery_id: int
    edition_key: str
    at: datetime
    """When the edition was frozen."""
    state: DeliveryState
    refused: bool
    """Refused for good in the SMTP dialogue, when the recipient was named."""
    code: str | None
    """What the server gave as the reason (RFC 3463)."""


class Copy(NamedTuple):
    delivery_id: int
    subscriber_id: str


def add(c: Connection, new: DeliveryEvent) -> bool:
    """Store an event; False if it is known already: then nothing may follow from it again."""
    row = {column.name: getattr(new, column.name) for column in _COLUMNS}
    statement = upsert(c, delivery_event).on_conflict_do_nothing(index_elements=["source", "source_key"])
    return c.execute(statement, row).rowcount == 1


def of_subscriber(c: Connection, subscriber_id: str) -> list[DeliveryEvent]:
    """Return what was heard about one subscriber's copies, oldest first."""
    return _events(c, select(*_COLUMNS).where(delivery_event.c.subscriber_id == subscriber_id))


class Heard(NamedTuple):
    """An event, and the edition that it is about, if that is known."""

    event: DeliveryEvent
    edition_key: str | None


def list_by(c: Connection, edition_key: str | None = None) -> list[Heard]:
    """Return what was heard, of one edition or of all, newest first."""
    query = select(*_COLUMNS, delivery.c.edition_key).outerjoin(delivery, delivery.c.id == delivery_event.c.delivery_id)
    if edition_key is not None:
        query = query.where(delivery.c.edition_key == edition_key)
    found = []
    for row in c.execute(query.order_by(delivery_event.c.id.desc())).mappings():
        values = dict(row)
        key = values.pop("edition_key")
        found.append(Heard(DeliveryEvent(**values), key))
    return found


def settle(c: Connection, delivery_id: int, now: datetime) -> bool:
    """Note that a copy was taken by the other side, because something was heard of it; False if that was known.

    A row that a run has armed is left to that run: `settle_heard_of` puts it right if the run doesn't. One that was
    refused, skipped or expired stays as it is.
    """
    unsettled = (DeliveryState.PENDING, DeliveryState.DEFERRED, DeliveryState.CLAIMED, DeliveryState.UNCERTAIN)
    changed = c.execute(
        update(delivery)
        .where(delivery.c.id == delivery_id, delivery.c.state.in_(unsettled))
        .values(acknowledged_at=now, updated_at=now, **_SETTLED)
    )
    return changed.rowcount == 1


def settle_heard_of(c: Connection, now: datetime) -> int:
    """Turn the uncertain rows of which something was heard into accepted ones; return how many. Call it after
    `recover`: an event may come before the run could record its own outcome, or while that run was being killed."""
    heard_of = exists().where(
        delivery_event.c.delivery_id == delivery.c.id, delivery_event.c.kind.in_(_PROVES_IT_ARRIVED)
    )
    return c.execute(
        update(delivery)
        # The editions are named for the index: it knows the uncertain rows of each.
        .where(delivery.c.edition_key.in_(select(edition.c.key)), delivery.c.state == DeliveryState.UNCERTAIN, heard_of)
        .values(acknowledged_at=now, updated_at=now, **_SETTLED)
    ).rowcount


def history(c: Connection, subscriber_id: str, since: datetime) -> list[Sent]:
    """Return what a subscriber was sent by real editions that were frozen after `since`, newest first."""
    refused = exists().where(
        attempt.c.delivery_id == delivery.c.id, attempt.c.phase == Phase.RCPT, attempt.c.result == Result.FAILED
    )
    query = (
        select(
            delivery.c.id,
            edition.c.key,
            edition.c.frozen_at,
            delivery.c.state,
            and_(delivery.c.state == DeliveryState.FAILED, refused),
            delivery.c.enhanced_code,
        )
        .join(edition, edition.c.key == delivery.c.edition_key)
        .where(delivery.c.subscriber_id == subscriber_id, edition.c.rehearsal.is_(False), edition.c.frozen_at > since)
        .order_by(edition.c.frozen_at.desc(), delivery.c.id.desc())
    )
    return [Sent(*row) for row in c.execute(query)]


def editions_since(c: Connection, since: datetime) -> list[Edition]:
    """Return the real editions frozen after `since`, newest first: those that something may still be heard of."""
    found = [each for each in editions.list_all(c) if not each.rehearsal and each.frozen_at and each.frozen_at > since]
    return sorted(found, key=lambda each: each.frozen_at or since, reverse=True)


def copies(c: Connection, edition_key: str) -> Iterator[Copy]:
    """Yield every row of an edition whose subscriber was not erased, some thousands at a time."""
    query = select(delivery.c.id, delivery.c.subscriber_id).where(
        delivery.c.edition_key == edition_key, delivery.c.subscriber_id.is_not(None)
    )
    for some in c.execute(query, execution_options={"yield_per": 5000}).partitions():
        yield from (Copy(*row) for row in some)


def refused_for_policy(c: Connection, since: datetime) -> dict[str, int]:
    """Return how many copies of each edition came back because of what we are or send, since then."""
    code = delivery_event.c.enhanced_code
    policy = or_(*(code.like(f"{kind}%") for kind in ("5.7.", "4.7.", "5.6.", "4.6.")), code.in_(_ABOUT_US))
    query = (
        select(delivery.c.edition_key, func.count(delivery.c.id.distinct()))
        .join(delivery_event, delivery_event.c.delivery_id == delivery.c.id)
        .where(delivery_event.c.kind == EventKind.BOUNCED, delivery_event.c.received_at > since, policy)
        .group_by(delivery.c.edition_key)
    )
    return dict(c.execute(query).all())


def address_hash(c: Connection, subscriber_id: str) -> str | None:
    """Return the hash under which a subscriber's address is suppressed; None if they were erased."""
    return c.scalar(select(subscriber.c.address_hash).where(subscriber.c.id == subscriber_id))


def _events(c: Connection, query: Select[Any]) -> list[DeliveryEvent]:
    return [_event(row) for row in c.execute(query.order_by(delivery_event.c.id)).mappings()]


def _event(row: RowMapping) -> DeliveryEvent:
    return DeliveryEvent(**row)

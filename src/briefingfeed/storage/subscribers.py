"""Subscribers and the proof of their consent."""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    and_,
    exists,
    func,
    insert,
    literal_column,
    select,
    update,
)

from briefingfeed.models.edition import Cadence
from briefingfeed.models.subscriber import (
    Consent,
    ConsentKind,
    Subscriber,
    SubscriberState,
)
from briefingfeed.storage import departures
from briefingfeed.storage.journal import Kind
from briefingfeed.storage.schema import consent, subscriber, suppression
from briefingfeed.storage.statements import MOST_VALUES, batches

IS_CONFIRMED: Final = subscriber.c.state == SubscriberState.CONFIRMED
IS_SUPPRESSED: Final = suppression.c.address_hash == subscriber.c.address_hash
MAY_BE_MAILED: Final = and_(IS_CONFIRMED, ~exists().where(IS_SUPPRESSED))
"""The condition, on a row of `subscriber`, under which a copy may go out."""

_JOURNALLED: Final = {
    SubscriberState.UNSUBSCRIBED: Kind.UNSUBSCRIBED,
    SubscriberState.CONFIRMED: Kind.RESUBSCRIBED,
}
_COLUMNS: Final = (
    subscriber.c.id,
    subscriber.c.address,
    subscriber.c.state,
    subscriber.c.created_at,
    subscriber.c.unsubscribed_at,
    subscriber.c.cadence,
    subscriber.c.cadence_since,
)


def new_ids(now: datetime, count: int = 1) -> list[str]:
    """Return ids for people who come at `now`, in the order in which to store them.

    Each sorts after those of people who came earlier: so the indexes of a long list grow at their end, and those who
    are mailed after one another stand beside one another. 80 bits are random; the rest is the time (milliseconds).
    """
    came = f"{int(now.timestamp() * 1000):012x}"
    return sorted(came + secrets.token_hex(10) for _ in range(count))


def add(c: Connection, new: Subscriber, given: Consent, *, address_hash: str) -> None:
    """Store a subscriber together with the proof of consent.

    `address_hash` is `tokens.address_hash` of the address: it is what suppressions know. Raises StorageError if the
    address, in any spelling of case, is already there: look with `by_address` in the same transaction.
    """
    add_many(c, [(new, given, address_hash)])


def add_many(c: Connection, new: Iterable[tuple[Subscriber, Consent, str]]) -> None:
    """Store many at once, each as (subscriber, consent, address_hash): see `add`. All or none are stored."""
    coming = iter(new)
    # Some thousands at a time: the rows of a million would take gigabytes.
    while some := list(islice(coming, MOST_VALUES)):
        for person, proof, address_hash in some:
            if person.state is SubscriberState.UNSUBSCRIBED:
                departures.note(c, Kind.UNSUBSCRIBED, address_hash, proof.at)
            elif person.state is SubscriberState.CONFIRMED:
                departures.note(c, Kind.JOINED, address_hash, proof.at, subscriber_id=person.id)
        c.execute(insert(subscriber), [_row(person, address_hash) for person, _, address_hash in some])
        c.execute(insert(consent), [_consent_row(proof) for _, proof, _ in some])


def by_id(c: Connection, subscriber_id: str) -> Subscriber | None:
    """Return the subscriber; None if there never was one, or it was erased."""
    return _one(c, select(*_COLUMNS).where(subscriber.c.id == subscriber_id))


def by_address(c: Connection, address: str) -> Subscriber | None:
    """Return the subscriber with this address, normalised, in any spelling of case."""
    return _one(c, select(*_COLUMNS).where(subscriber.c.address_key == address_key(address)))


def by_addresses(c: Connection, addresses: Collection[str]) -> dict[str, Subscriber]:
    """Return those of many addresses that are there, each under its `address_key`."""
    keys = [address_key(each) for each in addresses]
    query = select(*_COLUMNS)
    rows = (
        row for some in batches(keys) for row in c.execute(query.where(subscriber.c.address_key.in_(some))).mappings()
    )
    return {address_key(person.address): person for person in map(_subscriber, rows)}


def address_key(address: str) -> str:
    """Return what all spellings of one mailbox have in common."""
    return unicodedata.normalize("NFC", address).lower()


def list_all(c: Connection, state: SubscriberState | None = None) -> Iterator[Subscriber]:
    """Yield subscribers in the order in which they came, a few at a time: use it up within the transaction."""
    query = select(*_COLUMNS).order_by(subscriber.c.created_at, subscriber.c.id)
    if state is not None:
        query = query.where(subscriber.c.state == state)
    for some in c.execute(query, execution_options={"yield_per": 1000}).mappings().partitions():
        yield from map(_subscriber, some)


def by_arrival(c: Connection) -> tuple[ColumnElement[Any], ...]:
    """Return what sorts subscribers in the order in which they came."""
    if c.dialect.name == "sqlite":
        return (literal_column("subscriber.rowid"),)  # in which they stand anyway: a million need no sorting
    return subscriber.c.created_at, subscriber.c.id


def count_by_state(c: Connection) -> dict[SubscriberState, int]:
    """Return how many there are in each state, states without any included."""
    counted = c.execute(select(subscriber.c.state, func.count()).group_by(subscriber.c.state))
    return dict.fromkeys(SubscriberState, 0) | dict(counted.all())


def set_state(c: Connection, subscriber_id: str, state: SubscriberState, now: datetime) -> bool:
    """Set the state; False if it was so already, or there is no such subscriber.

    The caller appends the consent that goes with it. Rows frozen for somebody no longer confirmed will be skipped.
    """
    left_at = now if state is SubscriberState.UNSUBSCRIBED else None
    changed = c.scalar(
        update(subscriber)
        .where(subscriber.c.id == subscriber_id, subscriber.c.state != state)
        .values(state=state, unsubscribed_at=left_at)
        .returning(subscriber.c.address_hash)
    )
    if changed is not None and state in _JOURNALLED:
        came = subscriber_id if state is SubscriberState.CONFIRMED else None
        departures.note(c, _JOURNALLED[state], changed, now, subscriber_id=came)
    return changed is not None


def withdraw(c: Connection, subscriber_id: str, now: datetime, *, source: str, note: str = "") -> bool:
    """Unsubscribe somebody, with the proof that they asked for it; False if they had left, or there is nobody."""
    left = set_state(c, subscriber_id, SubscriberState.UNSUBSCRIBED, now)
    if left:
        kind = ConsentKind.WITHDRAWN
        append_consent(c, Consent(subscriber_id=subscriber_id, kind=kind, at=now, source=source, note=note))
    return left


def set_cadence(c: Connection, subscriber_id: str, cadence: Cadence, now: datetime) -> bool:
    """Set how often somebody is mailed; False if it was so already, or there is no such subscriber.

    Whatever is on its way to them still comes; from the next edition on it is the other one's.
    """
    changed = c.execute(
        update(subscriber)
        .where(subscriber.c.id == subscriber_id, subscriber.c.cadence != cadence)
        .values(cadence=cadence, cadence_since=now)
    )
    return changed.rowcount == 1


def append_consent(c: Connection, given: Consent) -> None:
    c.execute(insert(consent), _consent_row(given))


def consents(c: Connection, subscriber_id: str) -> list[Consent]:
    """Return the proof, oldest first. It is append-only, and stays after an erasure without its sources and notes."""
    query = (
        select(consent.c.subscriber_id, consent.c.kind, consent.c.at, consent.c.source, consent.c.note)
        .where(consent.c.subscriber_id == subscriber_id)
        .order_by(consent.c.id)
    )
    return [Consent(**row) for row in c.execute(query).mappings()]


def _one(c: Connection, query: Select[Any]) -> Subscriber | None:
    row = c.execute(query).mappings().one_or_none()
    return _subscriber(row) if row else None


def _subscriber(row: RowMapping) -> Subscriber:
    return Subscriber(**row)


def _row(person: Subscriber, address_hash: str) -> dict[str, Any]:
    return {
        "id": person.id,
        "address": person.address,
        "address_key": address_key(person.address),
        "address_hash": address_hash,
        "state": person.state,
        "created_at": person.created_at,
        "unsubscribed_at": person.unsubscribed_at,
        "cadence": person.cadence,
        "cadence_since": person.cadence_since,
    }


def _consent_row(given: Consent) -> dict[str, Any]:
    return {
        "subscriber_id": given.subscriber_id,
        "kind": given.kind,
        "at": given.at,
        "source": given.source,
        "note": given.note,
    }

"""Looking at subscribers: the list and the export, one person's whole record. Nothing here writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from sqlalchemy import Connection

from briefingfeed.models.delivery import Delivery
from briefingfeed.models.subscriber import Consent, Subscriber, SubscriberState, Suppression, SuppressionReason
from briefingfeed.services.subscribers import find
from briefingfeed.storage import deliveries, subscribers, suppressions
from briefingfeed.storage.database import Database
from briefingfeed.subscribers.export import Listed
from briefingfeed.tokens import address_hash

_AT_ONCE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriberRecord:
    """Everything that is stored about one person."""

    subscriber: Subscriber = field(repr=False)
    suppression: Suppression | None
    consents: tuple[Consent, ...]
    """Oldest first."""
    deliveries: tuple[Delivery, ...]


def list_subscribers(
    database: Database, *, suppression_key: bytes, state: SubscriberState | None = None
) -> tuple[Listed, ...]:
    """Return them in the order in which they came; all, or those in one state."""
    with database.read() as connection:
        return tuple(_listed(connection, subscribers.list_all(connection, state), suppression_key))


def show(database: Database, who: str, *, suppression_key: bytes) -> SubscriberRecord:
    """Return one person's record, by address or id. Raises UsageError for a stranger."""
    with database.read() as connection:
        person = find(connection, who)
        return SubscriberRecord(
            subscriber=person,
            suppression=suppressions.get(connection, address_hash(suppression_key, person.address)),
            consents=tuple(subscribers.consents(connection, person.id)),
            deliveries=tuple(deliveries.story(connection, person.id)),
        )


def _listed(connection: Connection, people: Iterable[Subscriber], key: bytes) -> Iterator[Listed]:
    remaining = iter(people)
    while some := list(islice(remaining, _AT_ONCE)):
        hashes = [address_hash(key, person.address) for person in some]
        reasons = _reasons(connection, hashes)
        for person, hashed in zip(some, hashes, strict=True):
            yield Listed(subscriber=person, suppression=reasons.get(hashed))


def _reasons(connection: Connection, hashes: list[str]) -> dict[str, SuppressionReason]:
    found = (suppressions.get(connection, hashed) for hashed in suppressions.contains(connection, hashes))
    return {suppression.address_hash: suppression.reason for suppression in found if suppression}

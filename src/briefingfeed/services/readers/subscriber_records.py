"""Looking at subscribers: the list and the export, one person's whole record. Nothing here writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from sqlalchemy import Connection

from briefingfeed.delivery.events import since_arrival
from briefingfeed.delivery.history import past
from briefingfeed.models.delivery import Attempt, Delivery, DeliveryEvent
from briefingfeed.models.subscriber import Consent, Subscriber, SubscriberState, Suppression, SuppressionReason
from briefingfeed.services.readers.subscriber_story import StoryLine, tell_story, way_back
from briefingfeed.services.readers.subscribers import find
from briefingfeed.storage import deliveries, events, subscribers, suppressions
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
    attempts: Mapping[int, tuple[Attempt, ...]]
    """By delivery: the tries that were anything but a plain success."""
    events: tuple[DeliveryEvent, ...]
    """What was heard of their copies, oldest first."""
    bounced: int
    """Editions that came back since one arrived: see `delivery.events`."""

    @property
    def story(self) -> tuple[StoryLine, ...]:
        """All of it in the order in which it happened."""
        return tell_story(self.consents, self.deliveries, self.attempts, self.events, self.suppression)

    @property
    def way_back(self) -> str:
        """Whether they are mailed, and if not, what would have to happen first."""
        return way_back(self.subscriber, self.suppression, self.bounced)


def list_subscribers(
    database: Database, *, suppression_key: bytes, state: SubscriberState | None = None
) -> tuple[Listed, ...]:
    """Return them in the order in which they came; all, or those in one state."""
    with database.read() as connection:
        return tuple(_listed(connection, subscribers.list_all(connection, state), suppression_key))


def show(database: Database, who: str, *, suppression_key: bytes, now: datetime) -> SubscriberRecord:
    """Return one person's record, by address or id. Raises UsageError for a stranger."""
    with database.read() as connection:
        person = find(connection, who)
        theirs = tuple(deliveries.story(connection, person.id))
        return SubscriberRecord(
            subscriber=person,
            suppression=suppressions.get(connection, address_hash(suppression_key, person.address)),
            consents=tuple(subscribers.consents(connection, person.id)),
            deliveries=theirs,
            attempts={each.id: tuple(deliveries.attempts(connection, each.id)) for each in theirs},
            events=tuple(events.of_subscriber(connection, person.id)),
            bounced=len(since_arrival([each for _, each in past(connection, person.id, now)], now)),
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

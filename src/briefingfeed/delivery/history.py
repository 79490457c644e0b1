"""What became of a subscriber's editions, as far as it still counts: what `delivery.events` decides by."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from briefingfeed.delivery.events import FORGOTTEN, Past, since_arrival, weigh
from briefingfeed.delivery.weights import Weight, weight_of
from briefingfeed.models.delivery import DeliveryState
from briefingfeed.models.subscriber import ConsentKind
from briefingfeed.storage import deliveries, events, subscribers


def earlier_bounces(connection: Connection, delivery_id: int, now: datetime) -> int:
    """Return how many other editions were refused for good, without a telling code, since one arrived."""
    delivery = deliveries.get(connection, delivery_id)
    if delivery is None or delivery.subscriber_id is None:
        return 0
    others = [each for row, each in past(connection, delivery.subscriber_id, now) if row != delivery_id]
    return sum(each.weight is Weight.PERMANENT for each in since_arrival(others, now))


def past(connection: Connection, subscriber_id: str, now: datetime) -> list[tuple[int, Past]]:
    """Return what became of the editions that count for a subscriber, newest first, each with its delivery's id."""
    since = came_back(connection, subscriber_id) or now - 2 * FORGOTTEN
    weights: dict[int, Weight] = {}
    for event in events.of_subscriber(connection, subscriber_id):
        weight = weigh(event)
        if event.delivery_id is not None and weight is not None:
            weights[event.delivery_id] = max(weight, weights.get(event.delivery_id, weight))
    return [
        (
            sent.delivery_id,
            Past(
                at=sent.at,
                accepted=sent.state is DeliveryState.ACCEPTED,
                weight=_of_refusal(sent.code) if sent.refused else weights.get(sent.delivery_id),
            ),
        )
        for sent in events.history(connection, subscriber_id, since)
    ]


def _of_refusal(code: str | None) -> Weight:
    """A code that leaves no doubt about the address has suppressed it at once."""
    return min(weight_of(code, permanent=True), Weight.PERMANENT)


def came_back(connection: Connection, subscriber_id: str) -> datetime | None:
    """Return when somebody asked to be mailed again, or their address was allowed again."""
    renewed = [each.at for each in subscribers.consents(connection, subscriber_id) if each.kind is ConsentKind.RENEWED]
    return max(renewed, default=None)

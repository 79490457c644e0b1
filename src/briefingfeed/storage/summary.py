"""What an edition came to, for those who run the publication: no address stands in any of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, select

from briefingfeed.models.delivery import EventKind
from briefingfeed.storage.schema import delivery, delivery_event
from briefingfeed.storage.types import Instant


def last_change(c: Connection, key: str) -> datetime | None:
    """Return when a delivery of the edition last moved; None if it has none."""
    found: datetime | None = c.scalar(
        select(func.max(delivery.c.updated_at, type_=Instant())).where(delivery.c.edition_key == key)
    )
    return found


def heard(c: Connection, key: str) -> dict[EventKind, int]:
    """Return of how many deliveries of the edition each kind of event was heard; kinds without any are left out.

    Of bounces only the permanent ones count.
    """
    counts = func.count(delivery_event.c.delivery_id.distinct())
    query = (
        select(delivery_event.c.kind, counts)
        .join(delivery, delivery.c.id == delivery_event.c.delivery_id)
        .where(
            delivery.c.edition_key == key,
            (delivery_event.c.kind != EventKind.BOUNCED) | delivery_event.c.permanent,
        )
        .group_by(delivery_event.c.kind)
    )
    return dict(c.execute(query).all())

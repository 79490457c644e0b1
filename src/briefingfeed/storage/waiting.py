"""Rows of an edition that wait for their first copy, and what they are to get."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, and_, select, update

from briefingfeed.models.delivery import DeliveryState
from briefingfeed.storage import guard
from briefingfeed.storage.copies_out import WAS_UNCLEAR
from briefingfeed.storage.ledger import give_back
from briefingfeed.storage.schema import delivery


def renditions(c: Connection, key: str) -> Sequence[int]:
    """Return the ids of the renditions that rows wait for of which no copy can be out."""
    return c.scalars(select(delivery.c.rendition_id).where(_waits(key)).distinct().order_by("rendition_id")).all()


def move(c: Connection, key: str, before: int, after: int) -> int:
    """Let the rows that wait for one rendition get another; return how many.

    A run that has claimed some of them loses its claim, so that it hands over nothing of the old text.
    """
    guard.advance(c)
    give_back(c, key)
    waits = and_(_waits(key), delivery.c.rendition_id == before)
    return c.execute(update(delivery).where(waits).values(rendition_id=after)).rowcount


def _waits(key: str) -> ColumnElement[bool]:
    states = [DeliveryState.PENDING, DeliveryState.DEFERRED, DeliveryState.CLAIMED]
    return and_(delivery.c.edition_key == key, delivery.c.state.in_(states), ~WAS_UNCLEAR)

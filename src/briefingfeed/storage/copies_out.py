"""Copies that somebody has, or may have: what they held is not mailed to the same person again."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, exists, func, or_, select

from briefingfeed.models.delivery import DeliveryState, Result
from briefingfeed.storage.schema import attempt, delivery

WAS_UNCLEAR: Final = exists().where(attempt.c.delivery_id == delivery.c.id, attempt.c.result == Result.UNCERTAIN)
"""The copy was unclear once. Whatever became of its row since, nobody can take it back."""

MAY_BE_OUT: Final = or_(
    delivery.c.state.in_([DeliveryState.SUBMITTING, DeliveryState.ACCEPTED, DeliveryState.UNCERTAIN]), WAS_UNCLEAR
)


def count(c: Connection, key: str) -> int:
    """Return how many readers have an edition, or may have it."""
    query = select(func.count()).select_from(delivery).where(delivery.c.edition_key == key, MAY_BE_OUT)
    return c.scalar(query) or 0

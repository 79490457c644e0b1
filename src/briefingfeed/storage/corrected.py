"""Who had a post before it was corrected, and who was told since."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, FromClause, and_, exists, or_, select

from briefingfeed.models.archive import CorrectionMark
from briefingfeed.models.delivery import DeliveryState, Result
from briefingfeed.models.edition import Cadence, Edition, EditionState
from briefingfeed.storage.schema import (
    attempt,
    delivery,
    edition,
    rendition,
    rendition_correction,
    rendition_post,
    subscriber,
)
from briefingfeed.storage.subscribers import MAY_BE_MAILED

_HAS_IT: Final = [DeliveryState.ACCEPTED, DeliveryState.UNCERTAIN]
_NEVER_CAME: Final = [DeliveryState.FAILED, DeliveryState.SKIPPED, DeliveryState.EXPIRED]


class Held(NamedTuple):
    """A rendition that held a post."""

    edition_key: str
    rendition_id: int
    frozen_at: datetime
    corrections: frozenset[str] | None
    """The marks of those that it showed; None: not known."""


def held(c: Connection, its: Edition, post_id: str) -> list[Held]:
    """Return the renditions of other editions that held a post, of any cadence; rehearsals among rehearsals only."""
    query = (
        select(rendition.c.edition_key, rendition.c.id, edition.c.frozen_at, rendition_post.c.corrections)
        .join_from(rendition_post, rendition)
        .join(edition)
        .where(rendition_post.c.post_id == post_id, _comes_before(its))
    )
    return [
        Held(key, rendition_id, frozen_at, None if marks is None else frozenset(marks.splitlines()))
        for key, rendition_id, frozen_at, marks in c.execute(query)
    ]


def told(c: Connection, its: Edition, post_id: str) -> dict[int, frozenset[str]]:
    """Return the renditions that told corrections of a post, with the marks of these; otherwise as `held`."""
    query = (
        select(rendition_correction.c.rendition_id, rendition_correction.c.mark)
        .join_from(rendition_correction, rendition)
        .join(edition)
        .where(rendition_correction.c.post_id == post_id, _comes_before(its))
    )
    found: defaultdict[int, set[str]] = defaultdict(set)
    for rendition_id, mark in c.execute(query):
        found[rendition_id].add(mark)
    return {rendition_id: frozenset(marks) for rendition_id, marks in found.items()}


def called_off(c: Connection, its: Edition) -> frozenset[CorrectionMark]:
    """Return the corrections that were to be told by editions of its cadence which held no post and were cancelled."""
    other = rendition.alias()
    has_post = exists().where(other.c.edition_key == edition.c.key, rendition_post.c.rendition_id == other.c.id)
    query = (
        select(rendition_correction.c.post_id, rendition_correction.c.mark)
        .join_from(rendition_correction, rendition)
        .join(edition)
        .where(
            _comes_before(its), edition.c.cadence == its.cadence, edition.c.state == EditionState.CANCELLED, ~has_post
        )
    )
    return frozenset(CorrectionMark(post_id, mark) for post_id, mark in c.execute(query))


def told_by(c: Connection, rendition_id: int) -> frozenset[CorrectionMark]:
    """Return the corrections that one rendition tells."""
    query = select(rendition_correction.c.post_id, rendition_correction.c.mark)
    found = c.execute(query.where(rendition_correction.c.rendition_id == rendition_id))
    return frozenset(CorrectionMark(post_id, mark) for post_id, mark in found)


def told_in(c: Connection, key: str) -> frozenset[CorrectionMark]:
    """Return the corrections that an edition tells to anybody."""
    query = select(rendition_correction.c.post_id, rendition_correction.c.mark).join_from(
        rendition_correction, rendition
    )
    found = c.execute(query.where(rendition.c.edition_key == key).distinct())
    return frozenset(CorrectionMark(post_id, mark) for post_id, mark in found)


def readers_of(
    c: Connection, wrong: Held, cadence: Cadence, *, tellers: Collection[int], enough: Collection[int]
) -> Iterator[tuple[str, int | None]]:
    """Yield who of a cadence has, or may have, a copy of `wrong`, with each of the `tellers` that they had.

    `tellers` and `enough` are renditions. Whoever had one of `enough`, or has it on the way, is left out; whoever had
    no teller comes once, with None.
    """
    teller, last = delivery.alias(), delivery.alias()
    rows = c.execute(
        select(delivery.c.subscriber_id, teller.c.rendition_id)
        .join_from(delivery, subscriber)
        .outerjoin(teller, and_(teller.c.rendition_id.in_(tellers), _came_to_the_same(teller)))
        .where(
            delivery.c.edition_key == wrong.edition_key,
            delivery.c.rendition_id == wrong.rendition_id,
            or_(delivery.c.state.in_(_HAS_IT), _was_unclear(delivery)),
            subscriber.c.cadence == cadence,
            MAY_BE_MAILED,
            ~exists().where(last.c.rendition_id.in_(enough), _came_to_the_same(last)),
        )
    )
    yield from ((who, rendition_id) for who, rendition_id in rows)


def _comes_before(its: Edition) -> ColumnElement[bool]:
    return and_(edition.c.rehearsal == its.rehearsal, edition.c.key != its.key)


def _came_to_the_same(other: FromClause) -> ColumnElement[bool]:
    """The same reader has, or may have, or is about to get another copy."""
    never = and_(other.c.state.in_(_NEVER_CAME), ~_was_unclear(other))
    return and_(other.c.subscriber_id == delivery.c.subscriber_id, ~never)


def _was_unclear(its: FromClause) -> ColumnElement[bool]:
    """Nobody can take back a copy that was unclear once, whatever became of its row since."""
    return exists().where(attempt.c.delivery_id == its.c.id, attempt.c.result == Result.UNCERTAIN)

"""Who an edition goes to: the subscribers of its cadence, what they had before, and the row that each of them gets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, case, exists, func, insert, literal, or_, select

from briefingfeed.models.delivery import DeliveryState
from briefingfeed.models.edition import Cadence, Edition, Rendition
from briefingfeed.storage.copies_out import WAS_UNCLEAR
from briefingfeed.storage.schema import (
    delivery,
    edition,
    edition_post,
    rendition,
    rendition_post,
    subscriber,
    suppression,
)
from briefingfeed.storage.statements import batches, numbers_by_name
from briefingfeed.storage.subscribers import IS_CONFIRMED, IS_SUPPRESSED, MAY_BE_MAILED, by_arrival
from briefingfeed.storage.types import Instant

_CAME: Final = or_(
    delivery.c.state.not_in([DeliveryState.FAILED, DeliveryState.SKIPPED, DeliveryState.EXPIRED]), WAS_UNCLEAR
)
"""Handed over, perhaps handed over, or still on its way: what it holds is not mailed to the same subscriber again."""


_NONE: Final = 0
"""In place of the id of a rendition."""


class Had(NamedTuple):
    """Posts that a subscriber had, or has on the way, with one delivery."""

    subscriber_id: str
    post_ids: frozenset[str]


class LeftAt(NamedTuple):
    """How far a subscriber came with a cadence: they had, or could have had, its editions frozen up to then."""

    subscriber_id: str
    cadence: Cadence
    at: datetime


class Share(NamedTuple):
    """A rendition, and the subscribers who get it."""

    rendition: Rendition
    subscriber_ids: Collection[str] | None = None
    """None: everybody whom no other share of the edition names."""


def count(c: Connection, cadence: Cadence) -> int:
    """Return how many may be mailed: confirmed subscribers of the cadence that aren't suppressed."""
    # The suppressed ones are taken off: to look for each of a million readers among them would take long.
    confirmed = select(func.count()).select_from(subscriber).where(*_confirmed(cadence))
    theirs = exists().where(IS_SUPPRESSED, *_confirmed(cadence)).correlate(suppression)
    suppressed = select(func.count()).select_from(suppression).where(theirs)
    return c.scalar(select(confirmed.scalar_subquery() - suppressed.scalar_subquery())) or 0


def count_by_cadence(c: Connection) -> dict[Cadence, int]:
    """Return how many may be mailed of each cadence, cadences without any left out."""
    return {cadence: readers for cadence in Cadence if (readers := count(c, cadence))}


def had(c: Connection, its: Edition, post_ids: Collection[str]) -> Iterator[Had]:
    """Yield which of these posts the subscribers of an edition's cadence had, in editions of any cadence.

    Rehearsals count among rehearsals only. Whoever had two editions comes twice.
    """
    # Step by step, edition by edition: so it takes an index each time, however long the history is.
    posts: defaultdict[str, defaultdict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for some in batches(post_ids):
        query = (
            select(rendition.c.edition_key, rendition.c.id, rendition_post.c.post_id)
            .join_from(rendition_post, rendition)
            .join(edition)
            .where(rendition_post.c.post_id.in_(some), edition.c.rehearsal == its.rehearsal, edition.c.key != its.key)
        )
        for key, rendition_id, post_id in c.execute(query):
            posts[key][rendition_id].add(post_id)
    for key, of_renditions in posts.items():
        held = {rendition_id: frozenset(ids) for rendition_id, ids in of_renditions.items()}
        rows = c.execute(
            select(delivery.c.subscriber_id, delivery.c.rendition_id)
            .join(subscriber)
            .where(delivery.c.edition_key == key, _CAME, _members(its.cadence))
        )
        yield from (Had(who, held[rendition_id]) for who, rendition_id in rows if rendition_id in held)


def switched(c: Connection, its: Edition, since: datetime) -> Iterator[LeftAt]:
    """Yield whoever came to an edition's cadence since then, and how far they came with each other cadence.

    That is as far as the last edition that they had; or if none reached them, not even as far as their first.
    """
    came = c.scalars(select(subscriber.c.id).where(_members(its.cadence), subscriber.c.cadence_since >= since))
    for some in batches(came.all()):
        query = (
            select(
                delivery.c.subscriber_id,
                edition.c.cadence,
                func.max(case((_CAME, edition.c.frozen_at)), type_=Instant()),
                func.min(edition.c.frozen_at),
            )
            .join(edition)
            .where(
                delivery.c.subscriber_id.in_(some),
                edition.c.rehearsal == its.rehearsal,
                edition.c.cadence != its.cadence,
            )
            .group_by(delivery.c.subscriber_id, edition.c.cadence)
        )
        for who, cadence, last, first in c.execute(query):
            yield LeftAt(who, cadence, last or first - timedelta.resolution)


def carried_when(c: Connection, scope: str) -> dict[str, datetime]:
    """Return when the edition was frozen that carried each post within a scope."""
    query = select(edition_post.c.post_id, edition.c.frozen_at).join(edition).where(edition_post.c.scope == scope)
    return {post_id: frozen_at for post_id, frozen_at in c.execute(query) if frozen_at is not None}


def add_rows(
    c: Connection, its: Edition, now: datetime, *, named: Mapping[str, int | None], everybody_else: int | None
) -> int:
    """Give each subscriber of an edition's cadence a row with the rendition they get, and return how many.

    `named` tells the rendition of some, `everybody_else` that of all others; None: no row. Who has been there longest
    comes first.
    """
    columns = ["edition_key", "rendition_id", "subscriber_id", "address", "state", "attempts", "note", "updated_at"]
    its_own = numbers_by_name(c, {who: rendition_id or _NONE for who, rendition_id in named.items()})
    rendition_id = func.coalesce(its_own.c.number, everybody_else or _NONE)
    rows = (
        select(
            literal(its.key),
            rendition_id,
            subscriber.c.id,
            subscriber.c.address,
            literal(DeliveryState.PENDING, delivery.c.state.type),
            literal(0),
            literal(""),
            literal(now, delivery.c.updated_at.type),
        )
        .join_from(subscriber, its_own, its_own.c.name == subscriber.c.id, isouter=True)
        .where(_members(its.cadence), rendition_id != _NONE)
        .order_by(*by_arrival(c))
    )
    return c.execute(insert(delivery).from_select(columns, rows)).rowcount


def _members(cadence: Cadence) -> ColumnElement[bool]:
    return and_(subscriber.c.cadence == cadence, MAY_BE_MAILED)


def _confirmed(cadence: Cadence) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return subscriber.c.cadence == cadence, IS_CONFIRMED

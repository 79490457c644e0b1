"""The first batch of an edition: who is in it, what became of it, and when everybody else may follow."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, exists, func, or_, select, update

from briefingfeed.models.delivery import DeliveryState, EventKind, Result
from briefingfeed.models.edition import EditionState
from briefingfeed.storage import deliveries, guard
from briefingfeed.storage.schema import FIRST_BATCH, IN_FIRST_BATCH, attempt, delivery, delivery_event, edition
from briefingfeed.storage.statements import batches

FIRST: Final = FIRST_BATCH
EVERYBODY: Final = 2

_UNTRIED: Final = [DeliveryState.PENDING, DeliveryState.CLAIMED, DeliveryState.SUBMITTING]
_IS_GOING: Final = edition.c.state.in_([EditionState.FROZEN, EditionState.SENDING])
_LAST_RESULT: Final = (
    select(attempt.c.result)
    .where(attempt.c.delivery_id == delivery.c.id)
    .order_by(attempt.c.id.desc())
    .limit(1)
    .scalar_subquery()
)
_BOUNCED: Final = exists().where(
    delivery_event.c.delivery_id == delivery.c.id,
    delivery_event.c.kind == EventKind.BOUNCED,
    delivery_event.c.permanent,
)
_IS_REFUSED: Final = or_(
    delivery.c.state == DeliveryState.FAILED,
    and_(delivery.c.state == DeliveryState.DEFERRED, _LAST_RESULT == Result.POLICY),
    and_(delivery.c.state == DeliveryState.ACCEPTED, _BOUNCED),
)
"""For good; or for what we are or send; or, after it was handed over, by a mail that came back."""


class Refusal(NamedTuple):
    """The words with which copies of the first batch were refused."""

    reply: str
    copies: int


def row_ids(c: Connection, key: str) -> Iterator[int]:
    """Yield the rows of an edition, some thousands at a time: use it up within the transaction."""
    query = select(delivery.c.id).where(delivery.c.edition_key == key)
    for some in c.scalars(query, execution_options={"yield_per": 10_000}).partitions():
        yield from some


def set_apart(c: Connection, key: str, first: Collection[int]) -> None:
    """Let only these rows of an edition go first. For the transaction of the freeze."""
    for some in batches(first):
        c.execute(update(delivery).where(delivery.c.id.in_(some)).values(batch=FIRST))
    c.execute(update(edition).where(edition.c.key == key).values(open_batch=FIRST))


def counts(c: Connection, key: str) -> dict[int, dict[DeliveryState, int]]:
    """Return how many rows of each batch are in each state; a batch without a row is left out."""
    # Two indexes tell it; the batch of each row would have to be read from the row.
    query = select(delivery.c.state, func.count()).where(*_first(key)).group_by(delivery.c.state)
    first = dict.fromkeys(DeliveryState, 0) | dict(c.execute(query).all())
    others = {state: count - first[state] for state, count in deliveries.counts(c, key).items()}
    return {batch: found for batch, found in ((FIRST, first), (EVERYBODY, others)) if any(found.values())}


def is_tried(c: Connection, key: str) -> bool:
    """Whether no row of the first batch waits for its first attempt."""
    return not c.scalar(select(exists().where(*_first(key), delivery.c.state.in_(_UNTRIED))))


def size(c: Connection, key: str) -> int:
    """Return how many rows the first batch has."""
    return c.scalar(select(func.count()).select_from(delivery).where(*_first(key))) or 0


def refusals(c: Connection, key: str) -> list[Refusal]:
    """Return the copies of the first batch that were refused, by the words of the refusal, the most frequent first."""
    words = (delivery.c.code, delivery.c.enhanced_code, delivery.c.note)
    query = select(*words, func.count()).where(*_first(key), _IS_REFUSED).group_by(*words)
    return [
        Refusal(" ".join(str(word) for word in reply if word), copies)
        for *reply, copies in c.execute(query.order_by(func.count().desc(), *words))
    ]


def pause(c: Connection, key: str, until: datetime) -> bool:
    """Let nobody else follow before `until`; False if somebody was quicker, or the edition is held."""
    return _change(c, key, edition.c.pause_until.is_(None), pause_until=until)


def shorten_pause(c: Connection, key: str, until: datetime) -> bool:
    """Let a pause end at `until` that was to end later; False if it wasn't, or as for `pause`."""
    return _change(c, key, edition.c.pause_until > until, pause_until=until)


def open_to_everybody(c: Connection, key: str, now: datetime) -> bool:
    """End a pause that is over; False if it isn't, somebody was quicker, or the edition is held."""
    return _change(c, key, edition.c.pause_until <= now, open_batch=EVERYBODY, pause_until=None)


def let_follow(c: Connection, key: str) -> None:
    """Let everybody else follow without a further pause. For whoever has the edition `for_update`."""
    c.execute(update(edition).where(edition.c.key == key).values(open_batch=EVERYBODY, pause_until=None))


def _change(c: Connection, key: str, condition: ColumnElement[bool], **values: object) -> bool:
    statement = update(edition).where(edition.c.key == key, edition.c.open_batch == FIRST, _IS_GOING, condition)
    is_changed = c.execute(statement.values(**values)).rowcount == 1
    if is_changed:
        guard.advance(c)
    return is_changed


def _first(key: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return delivery.c.edition_key == key, IN_FIRST_BATCH

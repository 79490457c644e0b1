"""What becomes of the rows of a restored database: what they take for undone may be done.

All of it is done within one transaction (`services.keeping.restored`), and doing it again changes nothing more.
Rehearsals are left alone: they mail nobody.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, case, exists, func, insert, literal, select, update

from briefingfeed.models.delivery import DeliveryState, Result
from briefingfeed.models.edition import EditionState
from briefingfeed.storage import editions
from briefingfeed.storage.batches import EVERYBODY
from briefingfeed.storage.schema import attempt, consent, delivery, edition, edition_post, passed_over
from briefingfeed.storage.statements import upsert
from briefingfeed.storage.types import Instant

_NOTE: Final = "the database was restored; this copy may have gone out before"
_REAL: Final = delivery.c.edition_key.in_(select(edition.c.key).where(edition.c.rehearsal.is_(False)))
_WAITING: Final = [state for state in DeliveryState if state.waits]
_ENDED: Final = {"claim_id": None, "claimed_at": None}


def known_until(c: Connection) -> datetime | None:
    """Return the last moment of which the database knows anything; None if it is empty."""
    columns = (delivery.c.updated_at, consent.c.at, edition.c.frozen_at)
    moments = [c.scalar(select(func.max(column, type_=Instant()))) for column in columns]
    return max((moment for moment in moments if moment is not None), default=None)


def settle_rows(c: Connection, now: datetime, *, resend: bool) -> int:
    """Turn copies that wait into `uncertain` ones; return how many. Editions without any that waits are `done`.

    `resend`: only those that were being handed over become so; the others go on waiting.
    """
    unclear = and_(_REAL, delivery.c.state.in_([DeliveryState.SUBMITTING] if resend else _WAITING))
    rows = select(
        delivery.c.id,
        literal(now, attempt.c.at.type),
        literal(Result.UNCERTAIN, attempt.c.result.type),
        literal(_NOTE),
    ).where(unclear)
    c.execute(insert(attempt).from_select(["delivery_id", "at", "result", "note"], rows))
    settled = _update(
        c, unclear, state=DeliveryState.UNCERTAIN, next_attempt_at=None, note=_NOTE, updated_at=now, **_ENDED
    )
    before = case((delivery.c.next_attempt_at.is_(None), DeliveryState.PENDING), else_=DeliveryState.DEFERRED)
    _update(c, and_(_REAL, delivery.c.state == DeliveryState.CLAIMED), state=before, updated_at=now, **_ENDED)
    _close_editions(c)
    return settled


def _update(c: Connection, which: ColumnElement[bool], **values: Any) -> int:
    return c.execute(update(delivery).where(which).values(values)).rowcount


def _close_editions(c: Connection) -> None:
    waits = exists().where(delivery.c.edition_key == edition.c.key, delivery.c.state.in_(_WAITING))
    c.execute(
        update(edition)
        .where(
            edition.c.rehearsal.is_(False),
            edition.c.state.in_([EditionState.FROZEN, EditionState.SENDING, EditionState.HELD]),
            edition.c.frozen_at.is_not(None),
            ~waits,
        )
        # Should somebody send a copy again, nothing that was planned for the others is in its way.
        .values(state=EditionState.DONE, held_at=None, open_batch=EVERYBODY, pause_until=None)
    )


def pass_over(c: Connection, scope: str, post_ids: Collection[str], now: datetime) -> int:
    """Record posts as passed over unless the scope has carried them; return how many it didn't know of."""
    carried = set(c.scalars(select(edition_post.c.post_id).where(edition_post.c.scope == scope)))
    known = carried.union(c.scalars(select(passed_over.c.post_id).where(passed_over.c.scope == scope)))
    new = [each for each in dict.fromkeys(post_ids) if each not in known]
    editions.pass_over(c, scope, new, now)
    return len(new)


def carry(c: Connection, scope: str, post_ids: Collection[str], edition_key: str) -> None:
    """Record posts as carried by an edition, those that the scope carried before apart."""
    rows = [{"scope": scope, "post_id": each, "edition_key": edition_key} for each in dict.fromkeys(post_ids)]
    if rows:
        c.execute(upsert(c, edition_post).on_conflict_do_nothing(), rows)

"""Look at deliveries; decide about those that only a person can settle."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil

from sqlalchemy import Connection

from briefingfeed.errors import RefusedError
from briefingfeed.models.delivery import Delivery, DeliveryState
from briefingfeed.models.edition import EditionState
from briefingfeed.services.sending.editions import found_edition
from briefingfeed.storage import deliveries, editions
from briefingfeed.storage.database import Database


class Resolution(StrEnum):
    """What the operator knows, or wants, about an unclear delivery."""

    ACCEPTED = "accepted"
    """It arrived."""
    RESEND = "resend"
    """Send it again, at the risk of a second copy."""
    GIVE_UP = "give-up"
    """Leave it at that."""


_STATES = {
    Resolution.ACCEPTED: DeliveryState.ACCEPTED,
    Resolution.RESEND: DeliveryState.DEFERRED,
    Resolution.GIVE_UP: DeliveryState.FAILED,
}
UNSETTLED = frozenset({DeliveryState.FAILED, DeliveryState.UNCERTAIN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    deliveries: tuple[Delivery, ...]
    words: str


def list_deliveries(
    database: Database,
    *,
    edition_key: str | None = None,
    states: Collection[DeliveryState] | None = None,
    unsettled: bool = False,
) -> tuple[Delivery, ...]:
    """Return rows in the order of their freeze. `unsettled`: only failed and unclear ones not yet acknowledged."""
    with database.read() as connection:
        found = deliveries.list_by(connection, edition_key, UNSETTLED if unsettled else states)
    return tuple(each for each in found if not unsettled or each.acknowledged_at is None)


def resolve_deliveries(
    database: Database,
    resolution: Resolution,
    now: datetime,
    *,
    ids: Collection[int] = (),
    edition_key: str | None = None,
) -> Resolved:
    """Settle unclear deliveries: those named, and all of an edition. All or none are changed.

    Raises UsageError if there is no such delivery or edition, RefusedError if one of them isn't unclear, or there are
    none.
    """
    with database.write() as connection:
        chosen = list(ids)
        if edition_key is not None:
            found_edition(connection, edition_key)
            unclear = deliveries.list_by(connection, edition_key, [DeliveryState.UNCERTAIN])
            chosen += [each.id for each in unclear]
        if not chosen:
            raise RefusedError("There is no unclear delivery there.", remedy="See them: briefingfeed deliveries list")
        rows = tuple(deliveries.resolve(connection, each, _STATES[resolution], now) for each in dict.fromkeys(chosen))
        held = sorted({row.edition_key for row in rows if _is_held(connection, row.edition_key)})
    return Resolved(deliveries=rows, words=_words(resolution, rows, now, held))


def acknowledge_deliveries(
    database: Database, now: datetime, *, ids: Collection[int] | None = None, edition_key: str | None = None
) -> int:
    """Note that somebody has seen the failed and unclear ones; `send-weekly` is quiet about them then.

    Named ones, those of an edition, or all there are. Returns how many were not acknowledged before. Raises UsageError
    if there is no such edition.
    """
    with database.write() as connection:
        if edition_key is not None:
            found_edition(connection, edition_key)
        return deliveries.acknowledge(connection, now, ids=ids, key=edition_key)


def as_dict(delivery: Delivery) -> dict[str, object]:
    return {
        "id": delivery.id,
        "edition": delivery.edition_key,
        "address": delivery.address,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "next_attempt_at": delivery.next_attempt_at.isoformat() if delivery.next_attempt_at else None,
        "code": delivery.code,
        "enhanced_code": delivery.enhanced_code,
        "note": delivery.note,
        "acknowledged_at": delivery.acknowledged_at.isoformat() if delivery.acknowledged_at else None,
        "updated_at": delivery.updated_at.isoformat(),
    }


def _is_held(connection: Connection, key: str) -> bool:
    return editions.state(connection, key) is EditionState.HELD


def _words(resolution: Resolution, rows: Sequence[Delivery], now: datetime, held: Sequence[str]) -> str:
    what = "1 delivery" if len(rows) == 1 else f"{len(rows)} deliveries"
    if held and resolution is Resolution.RESEND:
        return f"{what} will be sent again once {' and '.join(held)} is released."
    rest = max((each.next_attempt_at for each in rows if each.next_attempt_at), default=now) - now
    if rest > timedelta(0):
        minutes = ceil(rest / timedelta(minutes=1))
        return f"{what} will be sent again in {minutes} minutes: until then the run that had them may be alive."
    return {
        Resolution.ACCEPTED: f"{what} noted as arrived.",
        Resolution.RESEND: f"{what} will be sent again by the next run.",
        Resolution.GIVE_UP: f"{what} given up.",
    }[resolution]

"""Write down what became of rows that were handed over, and what follows for the address."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Integer,
    String,
    Update,
    and_,
    bindparam,
    func,
    insert,
    literal,
    null,
    select,
    update,
)
from sqlalchemy.types import TypeEngine

from briefingfeed.models.delivery import DeliveryState, Outcome, Record, Result
from briefingfeed.models.subscriber import SuppressionReason
from briefingfeed.storage import departures
from briefingfeed.storage.hot import Hot, among_ids
from briefingfeed.storage.journal import Kind
from briefingfeed.storage.schema import attempt, delivery, subscriber, suppression
from briefingfeed.storage.statements import as_table, batches, columns_of, upsert

_OUTCOMES: Final = frozenset(
    {
        DeliveryState.ACCEPTED,
        DeliveryState.DEFERRED,
        DeliveryState.FAILED,
        DeliveryState.UNCERTAIN,
        DeliveryState.PENDING,
    }
)

_SAID: Final[Mapping[str, TypeEngine[Any]]] = {
    "delivery_id": Integer(),
    "code": Integer(),
    "enhanced_code": String(),
    "provider_id": String(),
    "note": String(),
}
"""What of an outcome is written down as it is."""


def _record_statement(dialect: str) -> Update:
    said = columns_of(dialect, "said", _SAID)
    # Within a function, or SQLite would look through all rows of the claim for each of these.
    claim = func.coalesce(delivery.c.claim_id, "")
    its_rows = delivery.c.id == said["delivery_id"]
    if dialect == "postgresql":
        # It can't know how few are said, and would look through all that are armed.
        its_rows = and_(its_rows, among_ids(dialect))
    return (
        update(delivery)
        .where(
            its_rows,
            delivery.c.state == DeliveryState.SUBMITTING,
            claim == bindparam("run"),
        )
        .values(
            state=bindparam("to"),
            attempts=delivery.c.attempts + bindparam("charged"),
            next_attempt_at=bindparam("due"),
            claim_id=null(),
            claimed_at=null(),
            code=said["code"],
            enhanced_code=said["enhanced_code"],
            provider_id=said["provider_id"],
            note=said["note"],
            acknowledged_at=bindparam("settled"),
            updated_at=bindparam("now"),
        )
    )


_RECORD: Final = Hot(_record_statement)


def accept(c: Connection, run_id: str, outcomes: Sequence[Outcome], now: datetime) -> int:
    """Write down that copies which this run had armed were accepted; return how many rows it changed.

    A row that is no longer `submitting` under this run is left alone: somebody has settled it meanwhile, and knows
    better. Only if recovery took the run for dead, what it knows to be accepted counts, unless somebody has decided.
    """
    changed = _settle(c, run_id, outcomes, DeliveryState.ACCEPTED, now)
    if changed < len(outcomes):
        changed += sum(_accept_late(c, run_id, each, now) for each in outcomes)
    return changed


def record(
    c: Connection, run_id: str, records: Sequence[Record], now: datetime, *, suppress: Collection[int] = ()
) -> int:
    """Write down what became of rows that this run had armed; return how many rows it changed: see `accept`.

    Whoever was REJECTED is suppressed in the same transaction, and so are the deliveries named in `suppress`; these
    need no settling by the operator. Raises ValueError for a state that no attempt can end in.
    """
    for each in records:
        _check(each)
    accepted = [each.outcome for each in records if each.state is DeliveryState.ACCEPTED]
    changed = accept(c, run_id, accepted, now) if accepted else 0
    told = []
    for each in records:
        if each.state is DeliveryState.ACCEPTED:
            continue
        suppressed = each.outcome.result is Result.REJECTED or each.delivery_id in suppress
        settled = now if suppressed else None
        if _settle(
            c, run_id, [each.outcome], each.state, now, charge=each.charge, due=each.next_attempt_at, settled=settled
        ):
            told.append(each)
            if suppressed:
                _suppress(c, each, now)
    if told:
        c.execute(insert(attempt), [_attempt(each, now) for each in told])
    return changed + len(told)


def _accept_late(c: Connection, run_id: str, outcome: Outcome, now: datetime) -> int:
    """Believe a run that was taken for dead; also when its copy is to be sent again, but wasn't yet."""
    accepted = c.execute(
        update(delivery)
        .where(
            delivery.c.id == outcome.delivery_id,
            delivery.c.lost_run == run_id,
            delivery.c.state.in_([DeliveryState.UNCERTAIN, DeliveryState.DEFERRED]),
        )
        .values(
            state=DeliveryState.ACCEPTED,
            next_attempt_at=None,
            lost_run=None,
            code=outcome.code,
            enhanced_code=outcome.enhanced_code,
            provider_id=outcome.provider_id,
            note=outcome.note,
            updated_at=now,
        )
    )
    return accepted.rowcount


def fail_refused(c: Connection, records: Sequence[Record], now: datetime) -> int:
    """Turn rows that were deferred for a POLICY refusal into `failed`: a later recipient was accepted, so the refusal
    was about them. Rows that were tried again since are left alone. Returns how many changed."""
    last = (
        select(attempt.c.result)
        .where(attempt.c.delivery_id == delivery.c.id)
        .order_by(attempt.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    changed = 0
    for some in batches([each.delivery_id for each in records]):
        changed += c.execute(
            update(delivery)
            .where(
                delivery.c.id.in_(some),
                delivery.c.state == DeliveryState.DEFERRED,
                last == literal(Result.POLICY, attempt.c.result.type),
            )
            .values(state=DeliveryState.FAILED, next_attempt_at=None, updated_at=now)
        ).rowcount
    return changed


def _check(each: Record) -> None:
    if each.state not in _OUTCOMES:
        raise ValueError(f"no attempt ends in {each.state}")
    if (each.state is DeliveryState.DEFERRED) != (each.next_attempt_at is not None):
        raise ValueError("a deferred row, and no other, has a time for its next attempt")


def _settle(
    c: Connection,
    run_id: str,
    outcomes: Sequence[Outcome],
    to: DeliveryState,
    now: datetime,
    *,
    charge: bool = True,
    due: datetime | None = None,
    settled: datetime | None = None,
) -> int:
    """Give the rows of `outcomes` one and the same state, if this run has them in hand; return how many it gave it."""
    said = as_table([getattr(each, name) for name in _SAID] for each in outcomes)
    ids = [each.delivery_id for each in outcomes]
    values = {"run": run_id, "to": to, "charged": int(charge), "due": due, "settled": settled, "now": now}
    return _RECORD.run(c, values | {"said": said, "ids": ids})


def _attempt(each: Record, now: datetime) -> dict[str, Any]:
    outcome = each.outcome
    return {
        "delivery_id": each.delivery_id,
        "at": now,
        "result": outcome.result,
        "phase": outcome.phase,
        "code": outcome.code,
        "enhanced_code": outcome.enhanced_code,
        "note": outcome.note,
    }


def _suppress(c: Connection, each: Record, now: datetime) -> None:
    theirs = (
        select(
            subscriber.c.address_hash,
            literal(SuppressionReason.BOUNCED, suppression.c.reason.type),
            literal(now, suppression.c.at.type),
            literal(each.outcome.enhanced_code or ""),
        )
        .join(delivery, delivery.c.subscriber_id == subscriber.c.id)
        .where(delivery.c.id == each.delivery_id)
    )
    columns = ["address_hash", "reason", "at", "note"]
    new = upsert(c, suppression).from_select(columns, theirs).on_conflict_do_nothing()
    for address_hash in c.scalars(new.returning(suppression.c.address_hash)).all():
        departures.note(c, Kind.SUPPRESSED, address_hash, now, reason=SuppressionReason.BOUNCED)

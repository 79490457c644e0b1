"""Every transition that each function can make, from every state; whatever is not listed must not happen."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from briefingfeed.errors import RefusedError
from briefingfeed.models.delivery import DeliveryState, Record, Result
from briefingfeed.models.edition import EditionState
from briefingfeed.models.subscriber import SubscriberState, Suppression, SuppressionReason
from briefingfeed.storage import deliveries, editions, erasure, subscribers, suppressions
from briefingfeed.storage.database import Database
from briefingfeed.storage.schema import delivery

from .samples import KEY, NOW, RUN, accepted, address_hash, deferred, freeze, outcome, refused, subscribe

PENDING, CLAIMED, SUBMITTING, ACCEPTED, DEFERRED, FAILED, UNCERTAIN, SKIPPED, EXPIRED = DeliveryState
LATER = NOW + timedelta(minutes=5)
MUCH_LATER = NOW + timedelta(days=6)
ROW = 1
HASH = address_hash("ann@readers.example")

Action = Callable[[Connection], object]


def after(*steps: Action) -> Action:
    """Return the steps as one action."""

    def act(c: Connection) -> None:
        for step in steps:
            step(c)

    return act


def claim(c: Connection) -> object:
    return deliveries.claim(c, KEY, RUN, 10, LATER)


def arm(c: Connection) -> object:
    return deliveries.arm(c, RUN, [ROW], LATER)


def leave(c: Connection) -> object:
    return subscribers.set_state(c, "id-ann", SubscriberState.UNSUBSCRIBED, NOW)


def suppress(c: Connection) -> object:
    return suppressions.add(c, Suppression(address_hash=HASH, reason=SuppressionReason.COMPLAINED, at=NOW))


def hold(c: Connection) -> object:
    return editions.set_state(c, KEY, EditionState.HELD, NOW)


def record(entry: Record, run: str = RUN) -> Action:
    return lambda c: deliveries.record(c, run, [entry], LATER)


def resolve(to: DeliveryState) -> Action:
    return lambda c: deliveries.resolve(c, ROW, to, LATER)


def refuse_for_policy(c: Connection) -> object:
    """Bring the row where it is, with a refusal for policy as its last attempt."""
    state = c.execute(select(delivery.c.state)).scalar_one()
    put(c, SUBMITTING)
    deliveries.record(c, RUN, [deferred(ROW, LATER, Result.POLICY)], NOW)
    return put(c, state)


WAITING_STOPS = {PENDING, DEFERRED, CLAIMED}
CASES: dict[str, tuple[Action, dict[DeliveryState, DeliveryState]]] = {
    "recover, another run": (
        lambda c: deliveries.recover(c, "run-2", LATER),
        {CLAIMED: PENDING, SUBMITTING: UNCERTAIN},
    ),
    "recover, the same run": (lambda c: deliveries.recover(c, RUN, LATER), {}),
    "claim": (claim, {PENDING: CLAIMED, DEFERRED: CLAIMED}),
    "claim, not due yet": (lambda c: deliveries.claim(c, KEY, RUN, 10, NOW), {PENDING: CLAIMED}),
    "claim, left": (after(leave, claim), {PENDING: SKIPPED, DEFERRED: SKIPPED}),
    "claim, suppressed": (after(suppress, claim), {PENDING: SKIPPED, DEFERRED: SKIPPED}),
    "claim, held": (after(hold, claim), {}),
    "claim, expired": (lambda c: deliveries.claim(c, KEY, RUN, 10, MUCH_LATER), {}),
    "arm": (arm, {CLAIMED: SUBMITTING}),
    "arm, another run": (lambda c: deliveries.arm(c, "run-2", [ROW], LATER), {}),
    "arm, left": (after(leave, arm), {CLAIMED: SKIPPED}),
    "arm, suppressed": (after(suppress, arm), {CLAIMED: SKIPPED}),
    "arm, held": (after(hold, arm), {CLAIMED: PENDING}),
    "arm, expired": (lambda c: deliveries.arm(c, RUN, [ROW], MUCH_LATER), {CLAIMED: PENDING}),
    "record accepted": (record(accepted(ROW)), {SUBMITTING: ACCEPTED}),
    "record deferred": (record(deferred(ROW, LATER)), {SUBMITTING: DEFERRED}),
    "record failed": (record(refused(ROW)), {SUBMITTING: FAILED}),
    "record uncertain": (
        record(Record(delivery_id=ROW, state=UNCERTAIN, outcome=outcome(ROW, Result.UNCERTAIN))),
        {SUBMITTING: UNCERTAIN},
    ),
    "record returned": (
        record(Record(delivery_id=ROW, state=PENDING, outcome=outcome(ROW, Result.RETURNED), charge=False)),
        {SUBMITTING: PENDING},
    ),
    "record, another run": (record(accepted(ROW), "run-2"), {}),
    "fail what was refused for policy": (
        after(refuse_for_policy, lambda c: deliveries.fail_refused(c, [refused(ROW, Result.FAILED)], LATER)),
        {DEFERRED: FAILED},
    ),
    "fail what was not refused": (lambda c: deliveries.fail_refused(c, [refused(ROW, Result.FAILED)], LATER), {}),
    "unclaim": (lambda c: deliveries.unclaim(c, RUN), {CLAIMED: PENDING}),
    "unclaim, another run": (lambda c: deliveries.unclaim(c, "run-2"), {}),
    "expire": (lambda c: deliveries.expire(c, KEY, MUCH_LATER), dict.fromkeys(WAITING_STOPS, EXPIRED)),
    "expire, too early": (lambda c: deliveries.expire(c, KEY, LATER), {}),
    "expire, held": (after(hold, lambda c: deliveries.expire(c, KEY, MUCH_LATER)), {}),
    "cancel": (lambda c: deliveries.cancel(c, KEY, LATER), dict.fromkeys(WAITING_STOPS, SKIPPED)),
    "erase": (
        lambda c: erasure.erase(c, "id-ann", LATER, source="command"),
        dict.fromkeys(WAITING_STOPS, SKIPPED),
    ),
    "resolve accepted": (resolve(ACCEPTED), {UNCERTAIN: ACCEPTED}),
    "resolve again": (resolve(DEFERRED), {UNCERTAIN: DEFERRED}),
    "resolve given up": (resolve(FAILED), {UNCERTAIN: FAILED}),
    "acknowledge": (lambda c: deliveries.acknowledge(c, LATER), {}),
    "hold": (hold, {}),
    "leave": (leave, {}),
    "suppress": (suppress, {}),
}


def put(c: Connection, state: DeliveryState) -> None:
    """Bring the row into a state, whatever it was."""
    values: dict[str, Any] = {"state": state, "claim_id": None, "claimed_at": None, "next_attempt_at": None}
    if state in (CLAIMED, SUBMITTING):
        values |= {"claim_id": RUN, "claimed_at": NOW}
    if state is DEFERRED:
        values["next_attempt_at"] = LATER
    c.execute(update(delivery).values(values))


@pytest.mark.parametrize("case", CASES)
def test_from_each_state_only_the_listed_transition_happens(database: Database, case: str) -> None:
    action, allowed = CASES[case]
    with database.write() as c:
        subscribe(c, "ann")
        assert freeze(c) == 1
        found = {state: reached_by(action, state, c) for state in DeliveryState}
    assert found == {state: allowed.get(state, state) for state in DeliveryState}


def reached_by(action: Action, state: DeliveryState, c: Connection) -> DeliveryState:
    """Return where the action leads the row from `state`, and undo it."""
    with c.begin_nested() as trial:
        put(c, state)
        with contextlib.suppress(RefusedError):
            action(c)
        reached = c.execute(select(delivery.c.state)).scalar_one()
        trial.rollback()
    return reached


def test_every_state_can_be_reached() -> None:
    reached = {to for _, allowed in CASES.values() for to in allowed.values()}
    assert reached == set(DeliveryState)


def test_nothing_leads_out_of_a_final_state() -> None:
    left = {state for _, allowed in CASES.values() for state in allowed}
    assert left == {PENDING, CLAIMED, SUBMITTING, DEFERRED, UNCERTAIN}


def test_a_deferred_row_that_is_given_back_is_deferred_again(database: Database) -> None:
    with database.write() as c:
        subscribe(c, "ann")
        freeze(c)
        put(c, DEFERRED)
        claim(c)
        assert deliveries.unclaim(c, RUN) == 1
        assert c.execute(select(delivery.c.state, delivery.c.next_attempt_at)).one() == (DEFERRED, LATER)
        claim(c)
        hold(c)
        assert deliveries.arm(c, RUN, [ROW], LATER) == {}
        assert c.execute(select(delivery.c.state)).scalar_one() is DEFERRED


@pytest.mark.parametrize("state", [CLAIMED, SUBMITTING, SKIPPED, EXPIRED])
def test_no_attempt_can_end_in_a_state_that_is_no_outcome(database: Database, state: DeliveryState) -> None:
    entry = Record(delivery_id=ROW, state=state, outcome=outcome(ROW, Result.FAILED))
    with pytest.raises(ValueError, match="no attempt ends in"), database.write() as c:
        deliveries.record(c, RUN, [entry], NOW)


def test_only_a_deferred_record_has_a_time_for_the_next_attempt(database: Database) -> None:
    without = Record(delivery_id=ROW, state=DEFERRED, outcome=outcome(ROW, Result.DEFERRED))
    with_one = Record(delivery_id=ROW, state=FAILED, outcome=outcome(ROW, Result.FAILED), next_attempt_at=LATER)
    for entry in (without, with_one):
        with pytest.raises(ValueError, match="has a time"), database.write() as c:
            deliveries.record(c, RUN, [entry], NOW)


@pytest.mark.parametrize("state", sorted(set(DeliveryState) - {ACCEPTED, DEFERRED, FAILED}))
def test_an_operator_cannot_resolve_to_any_other_state(database: Database, state: DeliveryState) -> None:
    with pytest.raises(ValueError, match="cannot become"), database.write() as c:
        deliveries.resolve(c, ROW, state, NOW)

"""Events on both databases: kept once, told in order, and settling rows that nobody could be sure of."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, update

from briefingfeed.delivery.history import earlier_bounces
from briefingfeed.models.delivery import DeliveryEvent, DeliveryState, EventKind, Phase, Result
from briefingfeed.storage import deliveries, events
from briefingfeed.storage.database import Database
from briefingfeed.storage.schema import delivery

from .samples import KEY, NOW, RUN, accepted, address_hash, edition, freeze, refused, subscribe

LATER = NOW + timedelta(hours=1)
BOUNCE = DeliveryEvent(
    kind=EventKind.BOUNCED,
    at=NOW,
    received_at=LATER,
    source="mailbox",
    source_key="1:bounced:fatal",
    delivery_id=1,
    subscriber_id="id-ann",
    permanent=True,
    code=550,
    enhanced_code="5.1.1",
    note="no such user",
)


def mailed(c: Connection, state: DeliveryState = DeliveryState.ACCEPTED, *names: str) -> None:
    subscribe(c, *(names or ("ann",)))
    freeze(c)
    claim = {"claim_id": RUN, "claimed_at": NOW} if state in (DeliveryState.CLAIMED, DeliveryState.SUBMITTING) else {}
    c.execute(update(delivery).values(state=state, next_attempt_at=NOW, **claim))


def state_of(c: Connection, row: int = 1) -> DeliveryState:
    found = deliveries.get(c, row)
    assert found
    return found.state


def test_the_same_event_is_kept_once(database: Database) -> None:
    with database.write() as c:
        mailed(c)
        assert events.add(c, BOUNCE)
        assert not events.add(c, replace(BOUNCE, note="in other words"))
        assert events.add(c, replace(BOUNCE, source="postmark"))
        assert events.of_subscriber(c, "id-ann") == [BOUNCE, replace(BOUNCE, source="postmark")]


def test_events_are_listed_newest_first_with_their_edition(database: Database) -> None:
    unknown = replace(BOUNCE, delivery_id=None, source_key="x")
    with database.write() as c:
        mailed(c)
        events.add(c, BOUNCE)
        events.add(c, unknown)
        assert [(heard.event, heard.edition_key) for heard in events.list_by(c)] == [(unknown, None), (BOUNCE, KEY)]
        assert [heard.event for heard in events.list_by(c, KEY)] == [BOUNCE]


@pytest.mark.parametrize(
    "state", [DeliveryState.PENDING, DeliveryState.DEFERRED, DeliveryState.CLAIMED, DeliveryState.UNCERTAIN]
)
def test_what_waits_or_is_unclear_is_settled_and_never_due_again(database: Database, state: DeliveryState) -> None:
    with database.write() as c:
        mailed(c, state)
        assert events.settle(c, 1, LATER)
        assert state_of(c) is DeliveryState.ACCEPTED
        assert deliveries.claim(c, KEY, "another", 10, LATER) == []
        assert deliveries.arm(c, RUN, [1], LATER) == {}
        assert not events.settle(c, 1, LATER)


@pytest.mark.parametrize(
    "state", [DeliveryState.SUBMITTING, DeliveryState.FAILED, DeliveryState.SKIPPED, DeliveryState.EXPIRED]
)
def test_what_a_run_has_in_hand_or_was_settled_otherwise_is_left_alone(
    database: Database, state: DeliveryState
) -> None:
    with database.write() as c:
        mailed(c, state)
        assert not events.settle(c, 1, LATER)
        assert state_of(c) is state


@pytest.mark.parametrize("kind", EventKind)
def test_an_uncertain_row_of_which_something_was_heard_is_settled(database: Database, kind: EventKind) -> None:
    with database.write() as c:
        mailed(c, DeliveryState.UNCERTAIN, "ann", "ben")
        events.add(c, replace(BOUNCE, kind=kind))
        assert events.settle_heard_of(c, LATER) == (kind is not EventKind.UNSUBSCRIBED)
        assert state_of(c, 2) is DeliveryState.UNCERTAIN


def test_an_event_never_makes_an_accepted_row_due_again(database: Database) -> None:
    with database.write() as c:
        mailed(c)
        for kind in EventKind:
            events.add(c, replace(BOUNCE, kind=kind, source_key=kind))
        assert not events.settle(c, 1, LATER)
        assert events.settle_heard_of(c, LATER) == 0
        assert state_of(c) is DeliveryState.ACCEPTED


def test_copies_and_editions_are_told_apart_from_rehearsals(database: Database) -> None:
    with database.write() as c:
        mailed(c, DeliveryState.ACCEPTED, "ann", "ben")
        freeze(c, edition("rehearsal/weekly/x", rehearsal=True), posts=["x"])
        assert list(events.copies(c, KEY)) == [(1, "id-ann"), (2, "id-ben")]
        assert [each.key for each in events.editions_since(c, NOW - timedelta(days=1))] == [KEY]
        assert events.editions_since(c, NOW) == []
        assert [sent.edition_key for sent in events.history(c, "id-ann", NOW - timedelta(days=1))] == [KEY]


@pytest.mark.parametrize("code", ["5.7.26", "4.7.0", "5.6.1", "5.1.8", "5.2.3", "5.3.4"])
def test_refusals_for_policy_are_counted_by_edition(database: Database, code: str) -> None:
    with database.write() as c:
        mailed(c, DeliveryState.ACCEPTED, "ann", "ben")
        events.add(c, replace(BOUNCE, enhanced_code="5.7.1"))
        events.add(c, replace(BOUNCE, enhanced_code=code, delivery_id=2, source_key="2"))
        events.add(c, replace(BOUNCE, source_key="3"))
        assert events.refused_for_policy(c, NOW) == {KEY: 2}
        assert events.refused_for_policy(c, LATER) == {}


def test_the_hash_of_an_address_is_found_until_it_is_erased(database: Database) -> None:
    with database.write() as c:
        subscribe(c, "ann")
        assert events.address_hash(c, "id-ann") == address_hash("ann@readers.example")
        assert events.address_hash(c, "id-nobody") is None


def weekly(c: Connection, number: int, *, phase: Phase = Phase.RCPT, bounces: bool = True) -> tuple[int, datetime]:
    """Let one more edition go out to Ann; return her row, and a moment soon after."""
    key, at = f"weekly/{number}", NOW + timedelta(days=7 * number)
    freeze(c, edition(key, slot_at=at), posts=[key], now=at)
    (row,) = deliveries.claim(c, key, RUN, 10, at)
    deliveries.arm(c, RUN, [row.delivery_id], at)
    ended = refused(row.delivery_id, Result.FAILED, phase=phase) if bounces else accepted(row.delivery_id)
    deliveries.record(c, RUN, [ended], at)
    return row.delivery_id, at + timedelta(minutes=5)


def test_refusals_of_earlier_editions_are_counted_without_this_one(database: Database) -> None:
    with database.write() as c:
        subscribe(c, "ann")
        weekly(c, 1)
        weekly(c, 2, phase=Phase.DOT)
        weekly(c, 3)
        row, now = weekly(c, 4)
        assert earlier_bounces(c, row, now) == 2


def test_an_edition_that_arrived_in_between_wipes_the_slate_for_refusals_too(database: Database) -> None:
    with database.write() as c:
        subscribe(c, "ann")
        weekly(c, 1)
        weekly(c, 2)
        weekly(c, 3, bounces=False)
        row, now = weekly(c, 5)
        assert earlier_bounces(c, row, now) == 0

"""Claim, arm, record and recover over many rows: who gets which, and what is written down."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from briefingfeed.models.delivery import Attempt, Claimed, DeliveryState, Outcome, Phase, Record, Result
from briefingfeed.models.edition import EditionState
from briefingfeed.models.subscriber import SubscriberState, SuppressionReason
from briefingfeed.storage import deliveries, editions, subscribers, suppressions
from briefingfeed.storage.database import Database
from briefingfeed.storage.schema import delivery

from .samples import KEY, NOW, RUN, accepted, address_hash, deferred, edition, freeze, refused, subscribe

LATER = NOW + timedelta(minutes=5)


def ready(c: Connection, *names: str) -> None:
    subscribe(c, *names)
    assert freeze(c) == len(names)


def hand_over(c: Connection, run: str = RUN) -> list[int]:
    """Claim and arm everything that is due; return the rows."""
    rows = deliveries.claim(c, KEY, run, 100, LATER)
    return sorted(deliveries.arm(c, run, [row.delivery_id for row in rows], LATER))


def test_claim_gives_what_a_copy_needs(database: Database) -> None:
    with database.write() as c:
        ready(c, "ann")
        assert deliveries.claim(c, KEY, RUN, 10, NOW) == [
            Claimed(delivery_id=1, subscriber_id="id-ann", address="ann@readers.example", attempts=0, rendition_id=1)
        ]


def test_claim_gives_no_more_than_asked_and_nothing_twice(database: Database) -> None:
    with database.write() as c:
        ready(c, "ann", "ben", "cat")
        first = deliveries.claim(c, KEY, RUN, 2, NOW)
        second = deliveries.claim(c, KEY, "run-2", 2, NOW)
        assert [row.delivery_id for row in first] == [1, 2]
        assert [row.delivery_id for row in second] == [3]
        assert deliveries.claim(c, KEY, RUN, 2, NOW) == []


def test_claim_looks_on_when_all_it_found_have_left(database: Database) -> None:
    """An empty answer means that nothing is due, so people who left must not look like the end."""
    with database.write() as c:
        ready(c, "ann", "ben", "cat")
        for name in ("ann", "ben"):
            subscribers.set_state(c, f"id-{name}", SubscriberState.UNSUBSCRIBED, NOW)
        assert [row.delivery_id for row in deliveries.claim(c, KEY, RUN, 1, NOW)] == [3]
        assert deliveries.counts(c, KEY)[DeliveryState.SKIPPED] == 2


def test_claim_leaves_other_editions_alone(database: Database) -> None:
    with database.write() as c:
        ready(c, "ann")
        freeze(c, edition("weekly/2026-W49"), posts=["tag:b"])
        assert len(deliveries.claim(c, KEY, RUN, 10, NOW)) == 1
        assert deliveries.counts(c, "weekly/2026-W49")[DeliveryState.PENDING] == 1


def test_arm_returns_only_those_that_may_go(database: Database) -> None:
    with database.write() as c:
        ready(c, "ann", "ben", "cat")
        deliveries.claim(c, KEY, RUN, 2, NOW)
        subscribers.set_state(c, "id-ben", SubscriberState.UNSUBSCRIBED, NOW)
        assert set(deliveries.arm(c, RUN, [1, 2, 3, 99], NOW)) == {1}
        assert deliveries.arm(c, RUN, [1], NOW) == {}
        assert deliveries.arm(c, RUN, [], NOW) == {}
        states = [row.state for row in deliveries.list_by(c, KEY)]
        assert states == [DeliveryState.SUBMITTING, DeliveryState.SKIPPED, DeliveryState.PENDING]


def test_nobody_who_left_in_a_committed_transaction_is_armed(database: Database) -> None:
    """F16, across connections: the web app commits between claim and arm."""
    with database.write() as c:
        ready(c, "ann")
        deliveries.claim(c, KEY, RUN, 10, NOW)
    with database.write() as c:
        subscribers.set_state(c, "id-ann", SubscriberState.UNSUBSCRIBED, NOW)
    with database.write() as c:
        assert deliveries.arm(c, RUN, [1], NOW) == {}


def test_a_plain_success_is_written_down_without_an_attempt(database: Database) -> None:
    with database.write() as c:
        ready(c, "ann", "ben")
        assert deliveries.record(c, RUN, [accepted(row) for row in hand_over(c)], LATER) == 2
        found = deliveries.list_by(c, KEY)[0]
        assert (found.state, found.attempts, found.code, found.provider_id) == (DeliveryState.ACCEPTED, 1, 250, "Q1")
        assert found.updated_at == LATER
        assert deliveries.attempts(c, 1) == []


TEXTS = ("123", "1e5", "true", "null", "[1]", '{"a":1}', '"x"', "", "5.1.1", "☂ said “no”", "back\\u0000slash")


def test_what_a_service_says_is_kept_as_the_text_it_is(database: Database) -> None:
    with database.write() as c:
        ready(c, *(f"reader{number}" for number, _ in enumerate(TEXTS)))
        said = dict(zip(hand_over(c), TEXTS, strict=True))
        outcomes = [
            Outcome(delivery_id=each, result=Result.ACCEPTED, phase=Phase.DOT, provider_id=text, note=text)
            for each, text in said.items()
        ]
        assert deliveries.accept(c, RUN, outcomes, NOW) == len(TEXTS)
        rows = deliveries.list_by(c)
        assert {row.id: row.provider_id for row in rows} == {row.id: row.note for row in rows} == said
        assert {(row.code, row.enhanced_code) for row in rows} == {(None, None)}


@pytest.mark.parametrize(("said", "kept"), [("a\0b", "a\ufffdb"), ("a\ud800b", "a?b")])
def test_characters_that_no_database_can_hold_keep_no_outcome_back(database: Database, said: str, kept: str) -> None:
    with database.write() as c:
        ready(c, "ann")
        (row,) = hand_over(c)
        outcome = Outcome(delivery_id=row, result=Result.ACCEPTED, phase=Phase.DOT, provider_id=said)
        assert deliveries.accept(c, RUN, [outcome], NOW) == 1
        assert [each.provider_id for each in deliveries.list_by(c)] == [kept]


def test_anything_else_leaves_an_attempt(database: Database) -> None:
    with database.write() as c:
        ready(c, "ann")
        hand_over(c)
        deliveries.record(c, RUN, [deferred(1, LATER)], NOW)
        assert deliveries.attempts(c, 1) == [
            Attempt(at=NOW, result=Result.DEFERRED, phase=Phase.RCPT, code=550, enhanced_code="5.1.1", note="try later")
        ]
        assert deliveries.next_due(c, KEY) == LATER


def test_a_session_that_broke_is_not_charged_to_the_recipient(database: Database) -> None:
    with database.write() as c:
        ready(c, "ann")
        hand_over(c)
        back = Outcome(delivery_id=1, result=Result.RETURNED, phase=Phase.CONNECT)
        deliveries.record(c, RUN, [Record(delivery_id=1, state=DeliveryState.PENDING, outcome=back, charge=False)], NOW)
        assert deliveries.claim(c, KEY, RUN, 1, NOW)[0].attempts == 0


def test_a_late_result_never_overwrites_what_the_operator_decided(database: Database) -> None:
    with database.write() as c:
        ready(c, "ann")
        hand_over(c)
        assert deliveries.recover(c, "run-2", NOW).uncertain == 1
        deliveries.resolve(c, 1, DeliveryState.FAILED, NOW)
        assert deliveries.record(c, RUN, [accepted(1)], LATER) == 0
        assert deliveries.record(c, RUN, [refused(1)], LATER) == 0
        assert deliveries.list_by(c, KEY)[0].state is DeliveryState.FAILED
        assert not suppressions.contains(c, [address_hash("ann@readers.example")])


def test_a_rejected_address_is_suppressed_at_once_and_needs_no_settling(database: Database) -> None:
    with database.write() as c:
        ready(c, "ann", "ben", "cat")
        hand_over(c)
        found = [refused(1), refused(2, Result.FAILED), refused(3, Result.FAILED)]
        assert deliveries.record(c, RUN, found, NOW, suppress={3}) == 3
        hashes = [address_hash(f"{name}@readers.example") for name in ("ann", "ben", "cat")]
        assert suppressions.contains(c, hashes) == {hashes[0], hashes[2]}
        stored = suppressions.get(c, hashes[0])
        assert stored is not None
        assert (stored.reason, stored.note) == (SuppressionReason.BOUNCED, "5.1.1")
        assert deliveries.unsettled(c) == {DeliveryState.FAILED: 1, DeliveryState.UNCERTAIN: 0}


def test_a_policy_refusal_fails_once_it_proves_to_be_the_recipients(database: Database) -> None:
    with database.write() as c:
        ready(c, "ann", "ben")
        hand_over(c)
        deliveries.record(c, RUN, [deferred(1, LATER, Result.POLICY), deferred(2, LATER)], NOW)
        final = [refused(1, Result.FAILED), refused(2, Result.FAILED)]
        assert deliveries.fail_refused(c, final, LATER) == 1
        assert [row.state for row in deliveries.list_by(c, KEY)] == [DeliveryState.FAILED, DeliveryState.DEFERRED]


def test_recovery_counts_what_it_settled(database: Database) -> None:
    with database.write() as c:
        ready(c, "ann", "ben", "cat", "dan")
        rows = deliveries.claim(c, KEY, "dead", 3, NOW)
        deliveries.arm(c, "dead", [rows[0].delivery_id], NOW)
        deliveries.claim(c, KEY, RUN, 1, NOW)
        recovered = deliveries.recover(c, RUN, LATER)
        assert (recovered.returned, recovered.uncertain) == (2, 1)
        assert [row.state for row in deliveries.list_by(c, KEY)] == [
            DeliveryState.UNCERTAIN,
            DeliveryState.PENDING,
            DeliveryState.PENDING,
            DeliveryState.CLAIMED,
        ]
        (attempt,) = deliveries.attempts(c, 1)
        assert (attempt.result, attempt.phase, attempt.at) == (Result.UNCERTAIN, None, LATER)
        assert deliveries.list_by(c, KEY)[0].attempts == 1


def test_an_uncertain_row_is_never_claimed(database: Database) -> None:
    with database.write() as c:
        ready(c, "ann")
        hand_over(c, "dead")
        deliveries.recover(c, RUN, NOW)
        assert deliveries.claim(c, KEY, RUN, 10, LATER) == []
        assert deliveries.next_due(c, KEY) is None


@pytest.mark.parametrize("state", [EditionState.HELD, EditionState.CANCELLED, EditionState.DONE])
def test_an_edition_that_is_not_being_sent_gives_no_rows(database: Database, state: EditionState) -> None:
    with database.write() as c:
        ready(c, "ann")
        editions.set_state(c, KEY, state, NOW)
        assert deliveries.claim(c, KEY, RUN, 10, NOW) == []


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.integers(0, 8), st.integers(1, 4), st.sampled_from(["a", "b"])), max_size=25))
def test_whatever_happens_nobody_is_armed_twice_without_an_outcome_between(
    database: Database, steps: list[tuple[int, int, str]]
) -> None:
    """P1 as a walk: a row that was armed goes out again only after it came back for certain."""
    may_have_it: set[int] = set()
    with database.write() as c, c.begin_nested() as nested:
        ready(c, "ann", "ben", "cat", "dan")
        for action, row, run in steps:
            if action <= 2:
                claimed = deliveries.claim(c, KEY, run, row, LATER)
                armed = set(deliveries.arm(c, run, [each.delivery_id for each in claimed], LATER))
                assert not armed & may_have_it
                may_have_it |= armed
            elif action == 3:
                deliveries.recover(c, run, NOW)
            elif action == 4:
                changed = deliveries.record(c, run, [deferred(row, NOW)], NOW)
                may_have_it -= {row} if changed else set()
            elif action == 5:
                deliveries.record(c, run, [accepted(row)], NOW)
            elif action == 6:
                deliveries.unclaim(c, run)
            elif action == 7:
                subscribers.set_state(c, "id-ben", SubscriberState.UNSUBSCRIBED, NOW)
            else:
                deliveries.record(c, run, [refused(row, Result.FAILED)], NOW)
            assert sum(deliveries.counts(c, KEY).values()) == 4
        lost = c.execute(select(delivery.c.id).where(delivery.c.state == DeliveryState.PENDING)).scalars()
        assert not set(lost) & may_have_it
        nested.rollback()

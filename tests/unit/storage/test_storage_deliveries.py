"""What people ask about deliveries, and what they decide."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Connection

from briefingfeed.errors import RefusedError, UsageError
from briefingfeed.models.delivery import DeliveryState, Result
from briefingfeed.models.edition import EditionState
from briefingfeed.storage import deliveries, editions
from briefingfeed.storage.database import Database

from .samples import KEY, NOW, RUN, accepted, deferred, edition, freeze, refused, subscribe

LATER = NOW + timedelta(minutes=5)
REHEARSAL = "rehearsal/weekly/2026-W48"


def send(c: Connection, key: str = KEY, run: str = RUN) -> list[int]:
    rows = deliveries.claim(c, key, run, 100, LATER)
    return sorted(deliveries.arm(c, run, [row.delivery_id for row in rows], LATER))


def make_uncertain(c: Connection, *names: str) -> None:
    """Have a run die with everybody's copy in its hands."""
    subscribe(c, *names)
    freeze(c)
    send(c, run="dead")
    deliveries.recover(c, RUN, NOW)


def test_the_counts_sum_to_the_recipients(database: Database) -> None:
    with database.write() as c:
        subscribe(c, "ann", "ben", "cat")
        freeze(c)
        send(c)
        deliveries.record(c, RUN, [accepted(1), refused(2)], NOW)
        counts = deliveries.counts(c, KEY)
        assert set(counts) == set(DeliveryState)
        assert {state: count for state, count in counts.items() if count} == {
            DeliveryState.ACCEPTED: 1,
            DeliveryState.FAILED: 1,
            DeliveryState.SUBMITTING: 1,
        }
        found = editions.get(c, KEY)
        assert found is not None
        assert sum(counts.values()) == found.recipients


def test_the_next_due_row_is_the_earliest(database: Database) -> None:
    with database.write() as c:
        assert deliveries.next_due(c, KEY) is None
        subscribe(c, "ann", "ben")
        freeze(c)
        assert deliveries.next_due(c, KEY) == NOW
        send(c)
        assert deliveries.next_due(c, KEY) is None
        deliveries.record(c, RUN, [deferred(1, LATER), deferred(2, NOW + timedelta(hours=1))], NOW)
        assert deliveries.next_due(c, KEY) == LATER


def test_rows_are_listed_by_edition_and_state(database: Database) -> None:
    with database.write() as c:
        subscribe(c, "ann", "ben")
        freeze(c)
        freeze(c, edition("weekly/2026-W49"), posts=["tag:b"])
        send(c)
        deliveries.record(c, RUN, [accepted(1), refused(2, Result.FAILED)], NOW)
        assert [row.id for row in deliveries.list_by(c)] == [1, 2, 3, 4]
        assert [row.id for row in deliveries.list_by(c, KEY)] == [1, 2]
        failed = deliveries.list_by(c, states=[DeliveryState.FAILED])
        assert [(row.address, row.note) for row in failed] == [("ben@readers.example", "no such user")]
        assert deliveries.list_by(c, KEY, [DeliveryState.SKIPPED]) == []


def test_the_story_of_a_subscriber_is_newest_first(database: Database) -> None:
    with database.write() as c:
        subscribe(c, "ann", "ben")
        freeze(c)
        freeze(c, edition("weekly/2026-W49"), posts=["tag:b"])
        keys = [row.edition_key for row in deliveries.story(c, "id-ann")]
        assert keys == ["weekly/2026-W49", "weekly/2026-W48"]
        assert deliveries.story(c, "id-nobody") == []


def test_what_awaits_the_operator_is_counted_until_it_is_acknowledged(database: Database) -> None:
    with database.write() as c:
        make_uncertain(c, "ann", "ben", "cat")
        freeze(c, edition("weekly/2026-W49"), posts=["tag:b"])
        send(c, "weekly/2026-W49")
        deliveries.record(c, RUN, [refused(4, Result.FAILED), accepted(5), accepted(6)], NOW)
        assert deliveries.unsettled(c) == {DeliveryState.FAILED: 1, DeliveryState.UNCERTAIN: 3}
        assert deliveries.acknowledge(c, NOW, ids=[1, 5]) == 1
        assert deliveries.acknowledge(c, NOW, key="weekly/2026-W49") == 1
        assert deliveries.unsettled(c) == {DeliveryState.FAILED: 0, DeliveryState.UNCERTAIN: 2}
        assert deliveries.acknowledge(c, NOW) == 2
        assert deliveries.acknowledge(c, NOW) == 0
        assert deliveries.unsettled(c) == {DeliveryState.FAILED: 0, DeliveryState.UNCERTAIN: 0}


def test_a_rehearsal_awaits_nobody(database: Database) -> None:
    with database.write() as c:
        subscribe(c, "ann")
        freeze(c, edition(REHEARSAL, rehearsal=True))
        send(c, REHEARSAL)
        deliveries.record(c, RUN, [refused(1, Result.FAILED)], NOW)
        assert deliveries.unsettled(c) == {DeliveryState.FAILED: 0, DeliveryState.UNCERTAIN: 0}


@pytest.mark.parametrize("to", [DeliveryState.ACCEPTED, DeliveryState.FAILED])
def test_what_the_operator_has_settled_awaits_them_no_more(database: Database, to: DeliveryState) -> None:
    with database.write() as c:
        make_uncertain(c, "ann")
        row = deliveries.resolve(c, 1, to, LATER)
        assert (row.state, row.acknowledged_at, row.next_attempt_at) == (to, LATER, None)
        assert sum(deliveries.unsettled(c).values()) == 0


def test_a_copy_to_be_sent_again_is_due_at_once_even_if_the_edition_was_done(database: Database) -> None:
    with database.write() as c:
        make_uncertain(c, "ann")
        deliveries.acknowledge(c, NOW)
        editions.set_state(c, KEY, EditionState.DONE, NOW)
        row = deliveries.resolve(c, 1, DeliveryState.DEFERRED, LATER)
        assert (row.state, row.next_attempt_at, row.acknowledged_at) == (DeliveryState.DEFERRED, LATER, None)
        assert editions.state(c, KEY) is EditionState.SENDING
        assert send(c) == [1]


def test_nothing_of_an_edition_that_is_over_is_sent_again(database: Database) -> None:
    with database.write() as c:
        make_uncertain(c, "ann")
        with pytest.raises(RefusedError, match="has expired"):
            deliveries.resolve(c, 1, DeliveryState.DEFERRED, NOW + timedelta(days=6))
        editions.set_state(c, KEY, EditionState.CANCELLED, NOW)
        with pytest.raises(RefusedError, match="was cancelled"):
            deliveries.resolve(c, 1, DeliveryState.DEFERRED, NOW)
        assert deliveries.resolve(c, 1, DeliveryState.FAILED, NOW).state is DeliveryState.FAILED


def test_only_an_uncertain_row_can_be_resolved(database: Database) -> None:
    with database.write() as c:
        subscribe(c, "ann")
        freeze(c)
        with pytest.raises(RefusedError, match="is pending"):
            deliveries.resolve(c, 1, DeliveryState.ACCEPTED, NOW)
        with pytest.raises(UsageError, match="no delivery 9"):
            deliveries.resolve(c, 9, DeliveryState.ACCEPTED, NOW)


def test_a_cancelled_edition_skips_who_still_waits(database: Database) -> None:
    with database.write() as c:
        subscribe(c, "ann", "ben", "cat")
        freeze(c)
        deliveries.claim(c, KEY, RUN, 2, NOW)
        deliveries.arm(c, RUN, [1], NOW)
        assert deliveries.cancel(c, KEY, NOW) == 2
        assert deliveries.record(c, RUN, [accepted(1), accepted(2)], NOW) == 1
        assert deliveries.counts(c, KEY)[DeliveryState.SKIPPED] == 2


@pytest.mark.parametrize("number", [2**31, 2**40 - 1, 2**70])
def test_a_number_beyond_every_row_is_only_unknown(database: Database, number: int) -> None:
    """A forged mark may name any; were it an error, one mail would stop all sending."""
    with database.write() as c:
        assert deliveries.get(c, number) is None
        assert deliveries.acknowledge(c, NOW, ids=[number]) == 0

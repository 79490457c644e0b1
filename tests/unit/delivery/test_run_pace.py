"""A run keeps the limits of its provider: what has no place waits, and the next run goes on."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from datetime import datetime, timedelta

import pytest

from briefingfeed.delivery.book import Ask, EditionBook
from briefingfeed.delivery.lease import Lease
from briefingfeed.delivery.pace import Pace
from briefingfeed.delivery.run import RunResult, RunSetup, run_edition
from briefingfeed.models.delivery import DeliveryState, Outcome, Phase, Result
from briefingfeed.models.subscriber import SubscriberState
from briefingfeed.providers.base import Limits, Work
from briefingfeed.storage import deliveries, pace, subscribers

ACCEPTED, PENDING = DeliveryState.ACCEPTED, DeliveryState.PENDING
READERS = [f"reader{number}@example.org" for number in range(12)]


class Relay:
    """A way out over several connections."""

    name = "relay"
    rehearses = False
    is_local = True

    def __init__(self, limits: Limits, *, connections: int = 1, at_once: int = 1) -> None:
        self.limits = limits
        self.connections = connections
        self.at_once = at_once
        self.seen: list[str] = []

    async def deliver(self, work: Work) -> None:
        await asyncio.gather(*(self._courier(work) for _ in range(self.connections)))

    async def _courier(self, work: Work) -> None:
        while messages := await work.take(self.at_once):
            for message in messages:
                self.seen.append(message.recipient)
                await work.report(Outcome(delivery_id=message.delivery_id, result=Result.ACCEPTED, phase=Phase.DOT))


class Running:
    """A clock that goes on by itself."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._begun = time.monotonic()

    def __call__(self) -> datetime:
        return self._start + timedelta(seconds=time.monotonic() - self._begun)


def run(mailing, relay: Relay, run_id: str, *, patience: timedelta = timedelta(0)) -> RunResult:
    setup = RunSetup(
        database=mailing.database, provider=relay, run_id=run_id, now=mailing.clock, patience=patience, pauses=(0.01,)
    )
    return asyncio.run(run_edition(mailing.key, mailing.copies, setup))


@pytest.mark.parametrize(("connections", "at_once"), [(1, 1), (3, 1), (1, 500), (2, 4)])
def test_each_run_hands_over_as_many_as_there_are_places_and_nobody_twice(
    mailing, connections: int, at_once: int
) -> None:
    mailing.freeze(*READERS)
    relay = Relay(Limits(per_hour=5), connections=connections, at_once=at_once)
    first = run(mailing, relay, "r1")
    assert len(relay.seen) == 5
    assert first.waits is not None
    assert first.waits.limit == "5 per hour"
    assert first.error is None
    assert Counter(mailing.states.values()) == {ACCEPTED: 5, PENDING: 7}
    mailing.clock.tick(minutes=30)
    assert run(mailing, relay, "r2").waits == first.waits
    assert len(relay.seen) == 5
    mailing.clock.at = first.waits.until
    run(mailing, relay, "r3")
    assert len(relay.seen) == 10
    mailing.clock.tick(hours=2)
    assert run(mailing, relay, "r4").waits is None
    assert Counter(relay.seen) == dict.fromkeys(READERS, 1)


def test_a_run_stays_if_the_next_place_comes_within_its_patience(mailing) -> None:
    mailing.freeze(*READERS)
    relay = Relay(Limits(per_hour=8))
    minute = mailing.clock().replace(second=0, microsecond=0)
    with mailing.database.write() as connection:
        pace.count(connection, relay.name, 6, minute - timedelta(minutes=61))  # free again when the next minute begins
        pace.count(connection, relay.name, 2, minute - timedelta(minutes=1))
    mailing.clock = Running(minute - timedelta(seconds=0.2))
    result = run(mailing, relay, "r1", patience=timedelta(minutes=15))
    assert len(relay.seen) == 6
    assert result.waits is not None
    assert result.waits.until == minute + timedelta(minutes=60)


def test_somebody_who_left_takes_no_place(mailing) -> None:
    mailing.freeze(*READERS[:4])
    relay = Relay(Limits(per_hour=3), at_once=4)
    with mailing.database.write() as connection:
        subscribers.set_state(connection, "id-of-reader0", SubscriberState.UNSUBSCRIBED, mailing.clock())
    run(mailing, relay, "r1")
    assert relay.seen == READERS[1:4]


def test_a_held_edition_is_told_from_a_full_window(mailing) -> None:
    mailing.freeze(*READERS)
    run(mailing, Relay(Limits(per_hour=5)), "r1")
    mailing.hold()
    assert run(mailing, Relay(Limits(per_hour=5)), "r2").waits is None


def test_what_a_broken_commit_has_armed_has_its_place_already(mailing) -> None:
    mailing.freeze(*READERS)
    limits = Limits(per_hour=3)
    book = EditionBook(
        key=mailing.key,
        run_id="r1",
        now=mailing.clock,
        pace=Pace(provider="relay", limits=limits),
        lease=Lease("r1", ""),
    )
    with mailing.database.write() as connection:
        book.lease.begin(connection)
        rows = deliveries.claim(connection, mailing.key, "r1", 5, mailing.clock())
        ask = Ask(renditions={row.delivery_id: row.rendition_id for row in rows})
        (first,) = book.arm(connection, [ask])
    with mailing.database.write() as connection:
        (again,) = book.arm(connection, [ask], again=True)
        assert again == first
        assert first is not None
        assert (len(first.ids), len(first.late)) == (3, 2)
        assert [copies for _, copies in pace.recorded(connection, "relay")] == [3]

"""A way out that asks to be left alone is left alone: by the run that heard it, and by those that come after."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from briefingfeed.delivery.run import RunResult, RunSetup, run_edition
from briefingfeed.errors import ProviderError
from briefingfeed.models.delivery import DeliveryState, Outcome, Phase, Result
from briefingfeed.providers.base import NO_LIMITS, Work
from briefingfeed.storage import rests

READERS = [f"reader{number}@example.org" for number in range(3)]
ACCEPTED, PENDING = DeliveryState.ACCEPTED, DeliveryState.PENDING


class Busy:
    """It asks to wait for so long each time that somebody comes, as often as `waits` says."""

    name = "busy"
    rehearses = False
    is_local = True
    limits = NO_LIMITS

    def __init__(self, *waits: float | None) -> None:
        self._waits = list(waits)
        self.asked = 0

    async def deliver(self, work: Work) -> None:
        self.asked += 1
        result = Result.RETURNED if self._waits else Result.ACCEPTED
        for message in await work.take(10):
            await work.report(Outcome(delivery_id=message.delivery_id, result=result, phase=Phase.REQUEST))
        if self._waits:
            raise ProviderError("Busy.", where="busy.example", remedy="Wait.", retry_after=self._waits.pop(0))


def run(mailing: Any, provider: Busy, name: str, *, patience: float = 0.0) -> RunResult:
    setup = RunSetup(
        database=mailing.database, provider=provider, run_id=name, now=mailing.clock,
        patience=timedelta(seconds=patience), pauses=(0.01,),
    )  # fmt: skip
    return asyncio.run(run_edition(mailing.key, mailing.copies, setup))


def test_the_next_run_asks_no_sooner_and_nobody_is_charged(mailing: Any) -> None:
    mailing.freeze(*READERS)
    busy = Busy(1800)
    first = run(mailing, busy, "r1")
    assert first.error is not None
    mailing.clock.tick(minutes=29)
    second = run(mailing, busy, "r2")
    assert second.error is not None
    assert str(second.error) == str(first.error) == "busy.example: Busy.\n  Wait."
    assert busy.asked == 1
    assert Counter(mailing.states.values()) == {PENDING: 3}
    mailing.clock.tick(minutes=2)
    assert run(mailing, busy, "r3").error is None
    assert busy.asked == 2
    assert Counter(mailing.states.values()) == {ACCEPTED: 3}


def test_whatever_time_was_named_it_is_asked_again_after_an_hour(mailing: Any) -> None:
    mailing.freeze(*READERS)
    busy = Busy(86_400)
    run(mailing, busy, "r1")
    mailing.clock.tick(minutes=59)
    assert run(mailing, busy, "r2").error is not None
    assert busy.asked == 1
    mailing.clock.tick(minutes=2)
    assert run(mailing, busy, "r3").error is None
    assert Counter(mailing.states.values()) == {ACCEPTED: 3}


def test_another_way_out_rests_for_nobody(mailing: Any) -> None:
    mailing.freeze(*READERS)
    run(mailing, Busy(1800), "r1")
    other = Busy()
    other.name = "another"
    assert run(mailing, other, "r2").error is None
    assert Counter(mailing.states.values()) == {ACCEPTED: 3}


def test_without_a_time_the_next_run_asks_at_once(mailing: Any) -> None:
    mailing.freeze(*READERS)
    busy = Busy(None)
    assert run(mailing, busy, "r1").error is not None
    assert run(mailing, busy, "r2").error is None


def test_what_is_not_long_this_run_waits_for_and_does_so_once(mailing: Any) -> None:
    mailing.freeze(*READERS)
    busy = Busy(0.05, 0.05)
    began, start = mailing.clock(), time.monotonic()
    mailing.clock = lambda: began + timedelta(seconds=time.monotonic() - start)
    assert run(mailing, busy, "r1", patience=60).error is not None
    assert busy.asked == 2


@pytest.mark.parametrize("back", [timedelta(hours=2), timedelta(days=30)])
def test_a_clock_that_was_set_back_keeps_nobody_waiting(mailing: Any, back: timedelta) -> None:
    with mailing.database.write() as c:
        rests.note(c, "busy", ProviderError("Busy.", retry_after=1800), mailing.clock())
        assert rests.find(c, "busy", mailing.clock()) is not None
        assert rests.find(c, "busy", mailing.clock() - back) is None

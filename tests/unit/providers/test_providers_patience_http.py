"""How long a run over HTTP goes on. Pauses are read off, not waited for."""

from __future__ import annotations

import asyncio

import pytest

from briefingfeed.models.delivery import Result
from briefingfeed.providers.http_answers import ACCEPTED, Item, Refusal
from briefingfeed.providers.http_patience import Patience

pytestmark = pytest.mark.anyio

BUSY = Refusal(message="Busy.")
UNCLEAR = Item(result=Result.UNCERTAIN, note="no answer")


async def test_refusals_at_the_same_time_count_once() -> None:
    patience = Patience("A service", 0.001)
    began = patience.now()
    for _ in range(20):
        patience.refused(BUSY, began)
    assert await patience.lets_on()


async def test_five_refusals_one_after_the_other_are_enough() -> None:
    patience = Patience("A service", 0.0001)
    for _ in range(5):
        assert await patience.lets_on()
        patience.refused(BUSY, patience.now())
    assert not await patience.lets_on()
    assert patience.trouble is BUSY


async def test_an_acceptance_forgets_refusals_and_unclear_answers() -> None:
    patience = Patience("A service", 0.0001)
    for _ in range(10):
        assert await patience.lets_on()
        patience.refused(BUSY, patience.now())
        patience.saw(UNCLEAR)
        patience.saw(UNCLEAR)
        patience.saw(ACCEPTED)
    assert patience.trouble is None


async def test_three_unclear_in_a_row_end_the_run_for_good() -> None:
    patience = Patience("A service", 0.0001)
    for _ in range(3):
        patience.saw(UNCLEAR)
    patience.saw(ACCEPTED)
    assert not await patience.lets_on()
    assert patience.trouble is not None
    assert "3 messages are unclear: A service" in patience.trouble.message


async def test_a_pause_of_more_than_a_minute_is_the_next_runs() -> None:
    patience = Patience("A service", 0.0001)
    patience.refused(Refusal(message="Later.", retry_after=61), patience.now())
    assert not await patience.lets_on()


async def test_who_waits_hears_that_it_is_over() -> None:
    patience = Patience("A service", 30)
    patience.refused(BUSY, patience.now())
    waiting = asyncio.create_task(patience.lets_on())
    await asyncio.sleep(0)
    patience.end()
    assert not await asyncio.wait_for(waiting, 20)


async def test_turns_come_at_the_rate() -> None:
    patience = Patience("A service", 1, rate=100)
    start = patience.now()
    await asyncio.gather(*(patience.turn() for _ in range(11)))
    assert patience.now() - start >= 0.1
    assert await patience.lets_on()
    assert patience.now() - start >= 0.11  # nothing is taken before its time


@pytest.mark.parametrize("result", [Result.POLICY, Result.UNCERTAIN])
async def test_of_a_service_s_words_no_reader_is_named_and_no_more_than_a_line_is_kept(result: Result) -> None:
    patience = Patience("A service", 1)
    words = f"Invalid 'To' address: 'ann.canary@example.org', user ann.canary\nunknown {'x' * 1000}"
    for _ in range(3):
        patience.saw(Item(result=result, note=words), "ann.canary@example.org")
    refusal = patience.trouble or patience.refused_all()
    assert "canary" not in refusal.message
    assert "Invalid 'To' address: '[address]', user [address] unknown" in refusal.message
    assert len(refusal.message) < 400

"""When a convoy of connections rests, and when it gives up."""

from __future__ import annotations

import asyncio

import pytest

from briefingfeed.providers.smtp_convoy import MOST_FAILURES, Convoy
from briefingfeed.providers.smtp_courier import Courier, OpenSession
from briefingfeed.providers.smtp_patience import MOST_IN_A_ROW
from briefingfeed.providers.smtp_protocol import Session
from briefingfeed.providers.smtp_replies import Reply
from briefingfeed.providers.smtp_settings import SmtpSettings
from briefingfeed.providers.smtp_supply import Supply
from briefingfeed.providers.smtp_troubles import SessionError
from servers.recorded_work import RecordedWork

pytestmark = pytest.mark.anyio

SETTINGS = SmtpSettings(host="mail.example.org", retry_pause=10.0)
DROPPED = SessionError(SETTINGS, "The connection was closed.")
BUSY = SessionError(SETTINGS, "Later.", wants_rest=True)
LOST = SessionError(SETTINGS, "Never.", hopeless=True)


def pause(convoy: Convoy) -> int:
    """Seconds for which all rest from now on."""
    return max(round(convoy._rest_until - asyncio.get_running_loop().time()), 0)


async def test_after_a_drop_the_first_try_is_made_at_once_and_the_others_ever_later() -> None:
    convoy = Convoy(SETTINGS)
    pauses = []
    for _ in range(MOST_FAILURES - 1):
        convoy.failed(DROPPED)
        pauses.append(pause(convoy))
    assert pauses == [0, 10, 20, 40]
    with pytest.raises(SessionError, match="was closed"):
        convoy.failed(DROPPED)


async def test_a_server_that_asks_for_patience_gets_it_at_once() -> None:
    convoy = Convoy(SETTINGS)
    pauses = []
    for _ in range(MOST_FAILURES - 1):
        convoy._rest_until = 0.0  # the rest before is over
        convoy.failed(BUSY)
        pauses.append(pause(convoy))
    assert pauses == [10, 20, 40, 60]
    convoy._rest_until = 0.0
    with pytest.raises(SessionError, match="Later"):
        convoy.failed(BUSY)


async def test_what_many_connections_are_told_at_the_same_time_counts_once() -> None:
    convoy = Convoy(SETTINGS)
    for _ in range(3 * MOST_FAILURES):
        convoy.failed(BUSY)
    assert pause(convoy) == 10


async def test_what_cannot_mend_itself_ends_it_even_while_all_rest() -> None:
    convoy = Convoy(SETTINGS)
    convoy.failed(BUSY)
    with pytest.raises(SessionError, match="Never"):
        convoy.failed(LOST)


@pytest.mark.parametrize("forgive", [Convoy.succeeded, Convoy.answered])
async def test_a_session_that_works_makes_the_drops_before_forgotten(forgive) -> None:  # type: ignore[no-untyped-def]
    convoy = Convoy(SETTINGS)
    for _ in range(3 * MOST_FAILURES):
        convoy.failed(DROPPED)
        forgive(convoy)
    assert pause(convoy) == 0


async def test_only_refusals_in_a_row_are_taken_for_a_plea() -> None:
    convoy, trouble = Convoy(SETTINGS), Reply(451, ("4.3.0 temporary trouble",))
    for _ in range(3):
        assert not any(convoy.is_plea(trouble) for _ in range(MOST_IN_A_ROW - 1))
        convoy.succeeded()
    for _ in range(3):
        assert not any(convoy.is_plea(trouble) for _ in range(MOST_IN_A_ROW - 1))
        convoy.is_plea(Reply(550, ("5.1.1 no such user",)))
    assert [convoy.is_plea(trouble) for _ in range(MOST_IN_A_ROW + 1)][-2:] == [True, True]


async def test_rest_ends_with_the_work_unless_a_message_still_has_to_go() -> None:
    convoy = Convoy(SETTINGS)
    convoy.failed(BUSY)
    convoy.end()
    await asyncio.wait_for(convoy.rest(holding=False), 5)
    resting = asyncio.create_task(convoy.rest(holding=True))
    await asyncio.sleep(0)
    assert not resting.done()
    convoy.break_off()
    await asyncio.wait_for(resting, 5)


async def test_the_pace_is_shared() -> None:
    convoy = Convoy(SmtpSettings(host="mail.example.org", rate=100.0))
    clock = asyncio.get_running_loop().time
    begun = clock()
    await asyncio.gather(*(convoy.keep_pace() for _ in range(11)))
    assert clock() - begun >= 0.1


async def test_one_connection_is_opened_first_and_then_as_many_at_once_as_there_are() -> None:
    convoy, opening, at_once = Convoy(SETTINGS), set(), []

    async def open_one(number: int) -> None:
        async with convoy.opening():
            opening.add(number)
            assert len(opening) <= max(convoy.sessions, 1)
            for _ in range(20):
                await asyncio.sleep(0)  # all who may begin meanwhile have begun
            at_once.append(len(opening))
            opening.remove(number)
            convoy.joined(0.02)

    async with asyncio.timeout(60):
        await asyncio.gather(*(open_one(number) for number in range(15)))
    assert at_once[:3] == [1, 1, 2]
    assert max(at_once) > 4
    assert convoy.sessions == 15


class Couriers:
    """Some couriers that find no session: `open_session` is what becomes of each try."""

    def __init__(self, count: int, retry_pause: float, open_session: OpenSession) -> None:
        settings = SmtpSettings(host="mail.example.org", retry_pause=retry_pause)
        self.convoy = Convoy(settings)
        work = RecordedWork(["ann@example.org"])
        supply = Supply(work, self.convoy)
        self._couriers = [Courier(settings, open_session, work, self.convoy, supply) for _ in range(count)]

    async def run(self) -> list[BaseException | None]:
        async with asyncio.timeout(60):
            return await asyncio.gather(*(courier.run() for courier in self._couriers), return_exceptions=True)


async def test_many_connections_try_as_often_and_rest_as_long_as_one() -> None:
    times = []

    async def refuse() -> Session:
        times.append(asyncio.get_running_loop().time())
        await asyncio.sleep(0)  # all others wait for their turn meanwhile
        raise DROPPED

    outcomes = await Couriers(6, 0.05, refuse).run()
    assert DROPPED in outcomes
    assert len(times) == MOST_FAILURES
    assert times[-1] - times[0] >= 0.05 + 0.1 + 0.2


async def test_what_cuts_sessions_and_openings_together_counts_once_for_each_session() -> None:
    began, cut, tries = asyncio.Event(), asyncio.Event(), 0

    async def open_session() -> Session:
        nonlocal tries
        tries += 1
        if tries == 3:
            began.set()
        await cut.wait()
        raise DROPPED

    couriers = Couriers(3, 10.0, open_session)
    convoy = couriers.convoy
    for _ in range(3):
        convoy.joined(0.02)
    running = asyncio.create_task(couriers.run())
    await asyncio.wait_for(began.wait(), 60)
    for _ in range(3):
        convoy.left()
        convoy.failed(DROPPED)
    cut.set()
    for _ in range(50):
        await asyncio.sleep(0)
    assert tries == 3
    assert convoy._failures == 3
    running.cancel()


async def test_while_there_is_no_session_connections_are_tried_one_after_another() -> None:
    convoy, tried = Convoy(SETTINGS), []

    async def try_one(number: int) -> None:
        async with convoy.opening():
            tried.append(f"begin {number}")
            await asyncio.sleep(0)
            tried.append(f"end {number}")
            raise DROPPED

    async with asyncio.timeout(60):
        await asyncio.gather(*(try_one(number) for number in range(3)), return_exceptions=True)
    assert tried == [f"{what} {number}" for number in range(3) for what in ("begin", "end")]

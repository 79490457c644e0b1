"""A provider that is cancelled, or breaks down, while rows are being armed for it: what was armed is reported."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from briefingfeed.models.delivery import Message, Result
from briefingfeed.providers.smtp import Security, SmtpProvider, SmtpSettings
from briefingfeed.providers.smtp_convoy import NEARBY, Convoy
from briefingfeed.providers.smtp_supply import Supply
from servers.api_ways import provider_for
from servers.recorded_work import RecordedWork
from servers.smtp_sink import SmtpSink

pytestmark = pytest.mark.anyio

READERS = [f"reader{number}@example.org" for number in range(3)]
NOBODY = "http://127.0.0.1:1"


class SlowlyArmed(RecordedWork):
    """Rows are armed at once, and handed out once `opened` is set."""

    def __init__(self, recipients: Sequence[str]) -> None:
        super().__init__(recipients)
        self.arming = asyncio.Event()
        self.opened = asyncio.Event()
        self.broken = asyncio.Event()

    async def take(self, most: int) -> Sequence[Message]:
        if self.arming.is_set() and not self.opened.is_set():
            self.broken.set()
            raise RuntimeError("the second one to ask")
        self.arming.set()
        taken = await super().take(most)
        await self.opened.wait()
        return taken


async def test_cancelled_over_http_what_is_being_armed_goes_back() -> None:
    work = SlowlyArmed(READERS)
    delivering = asyncio.create_task(provider_for("mailgun", NOBODY).deliver(work))
    await work.arming.wait()
    delivering.cancel()
    await asyncio.sleep(0)
    work.opened.set()
    with pytest.raises(asyncio.CancelledError):
        await delivering
    assert work.results == dict.fromkeys(READERS, Result.RETURNED)


async def test_if_one_request_breaks_down_what_is_being_armed_for_another_goes_back() -> None:
    work = SlowlyArmed(READERS)
    delivering = asyncio.create_task(provider_for("mailgun", NOBODY, connections=2).deliver(work))
    await work.broken.wait()
    await asyncio.sleep(0.01)  # it takes the other with it
    work.opened.set()
    with pytest.raises(RuntimeError, match="second"):
        await delivering
    assert work.results == dict.fromkeys(READERS, Result.RETURNED)


async def test_cancelled_twice_over_smtp_nobody_waits_for_ever_and_what_is_being_armed_goes_back(
    tmp_path: Path,
) -> None:
    with SmtpSink(tmp_path) as sink:
        settings = SmtpSettings(host="127.0.0.1", port=sink.port, security=Security.NONE, connections=3)
        work = SlowlyArmed(READERS)
        delivering = asyncio.create_task(SmtpProvider(settings, None).deliver(work))
        while len([line for line in sink.commands() if line.startswith("EHLO")]) < 3:  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.01)
        await work.arming.wait()
        for _ in range(2):
            await asyncio.sleep(0.05)
            delivering.cancel()
        await asyncio.sleep(0)
        work.opened.set()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(delivering, 60)
        assert work.unreported == []
        assert set(work.results.values()) == {Result.RETURNED}


async def test_whoever_stops_waiting_for_an_order_keeps_nobody_else_waiting_and_finds_it_filled() -> None:
    supply = Supply(RecordedWork(READERS[:2]), Convoy(SmtpSettings(host="mail.example.org")))
    left, kept, one_too_many = (supply.order(lambda: None) for _ in range(3))
    waiting = asyncio.create_task(left.fetch())
    await asyncio.sleep(0)
    waiting.cancel()
    async with asyncio.timeout(60):
        assert await kept.fetch() is not None
        assert await one_too_many.fetch() is None
        assert waiting.cancelled()
        assert await left.fetch() is not None


async def test_an_order_nobody_waits_for_says_when_it_is_filled() -> None:
    supply = Supply(RecordedWork(READERS[:1]), Convoy(SmtpSettings(host="mail.example.org")))
    arrived = asyncio.Event()
    order = supply.order(arrived.set)
    async with asyncio.timeout(60):
        await arrived.wait()
    assert order.message is not None


class CountedTakes(RecordedWork):
    def __init__(self, recipients: Sequence[str]) -> None:
        super().__init__(recipients)
        self.asked: list[int] = []

    async def take(self, most: int) -> Sequence[Message]:
        self.asked.append(most)
        return await super().take(most)


@pytest.mark.parametrize(("round_trip", "asked"), [(NEARBY / 2, [3]), (NEARBY * 2, [1, 1, 1])])
async def test_what_connections_order_shortly_after_one_another_is_armed_together_if_the_server_is_near(
    round_trip: float, asked: list[int]
) -> None:
    convoy = Convoy(SmtpSettings(host="mail.example.org", connections=3))
    for _ in READERS:
        convoy.joined(round_trip)
    work = CountedTakes(READERS)
    supply = Supply(work, convoy)
    orders = []
    for _ in READERS:
        orders.append(supply.order(lambda: None))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    async with asyncio.timeout(60):
        assert None not in [await order.fetch() for order in orders]
    assert work.asked == asked


@pytest.mark.parametrize(("connections", "enough"), [(2, 2), (4, 3), (8, 6), (12, 8), (16, 8), (40, 20)])
async def test_an_order_waits_for_most_of_a_few_connections_and_half_of_many(connections: int, enough: int) -> None:
    convoy = Convoy(SmtpSettings(host="mail.example.org", connections=connections))
    for _ in range(connections):
        convoy.joined(NEARBY / 2)
    supply = Supply(CountedTakes([]), convoy)
    found = []
    for _ in range(enough):
        supply.order(lambda: None)
        found.append(supply._is_company)
    assert found == [False] * (enough - 1) + [True]

"""A request that a later run could repeat is posted only while the word that it may be is news: a machine may sleep."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

import pytest

from briefingfeed.errors import ProviderError
from briefingfeed.models.delivery import Result
from briefingfeed.models.keyed_request import KeyedRequest
from briefingfeed.providers.base import NEWS_LASTS, Permit, Unfinished
from servers.api_server import ApiServer, Plan
from servers.api_ways import KEYED, DigestWork, copy_of, digest, provider_for

pytestmark = pytest.mark.anyio

READERS = [f"reader{number}@example.org" for number in range(3)]


@dataclass
class Memory:
    """It allows everything. Of its clock `readings` are left; then it stands still."""

    readings: list[float] = field(default_factory=list)
    key_lasts: float = 3600.0
    left: list[Unfinished] = field(default_factory=list)

    def clock(self) -> float:
        return self.readings.pop(0) if len(self.readings) > 1 else self.readings[0] if self.readings else 0.0

    async def begin(self) -> None:
        pass

    async def unfinished(self) -> Unfinished | None:
        return self.left.pop() if self.left else None

    async def keep(self, request: KeyedRequest) -> Permit | None:
        return Permit(clock=self.clock, asked_at=0.0, key_lasts=self.key_lasts)

    async def may_repeat(self, request: KeyedRequest, *, had_error: bool) -> Permit | None:
        return Permit(clock=self.clock, asked_at=0.0, key_lasts=self.key_lasts)

    async def may_be_left(self, request: KeyedRequest) -> bool:
        return False

    def leave(self, delivery_ids: Collection[int]) -> None:
        assert not delivery_ids


@pytest.mark.parametrize("name", KEYED)
@pytest.mark.parametrize("first", [0.0, NEWS_LASTS])
async def test_a_machine_that_slept_since_it_asked_sends_nothing(name: str, first: float, tmp_path: Path) -> None:
    """Also if it slept while the line was made: that is, between two looks at the clock."""
    with ApiServer(name, tmp_path) as server:
        work = DigestWork(READERS)
        work.memory = Memory(readings=[first, 0.0, NEWS_LASTS])
        with pytest.raises(ProviderError, match="slept"):
            await provider_for(name, server.url).deliver(work)
        assert set(work.results.values()) == {Result.RETURNED}
        assert server.requests() == []


async def test_nothing_is_sent_either_whose_key_may_be_forgotten_by_now(tmp_path: Path) -> None:
    with ApiServer("brevo", tmp_path) as server:
        work = DigestWork(READERS)
        work.memory = Memory(readings=[0.0, 0.0, 1.0], key_lasts=1.0)
        with pytest.raises(ProviderError, match="slept"):
            await provider_for("brevo", server.url).deliver(work)
        assert server.requests() == []


async def test_no_request_is_on_its_way_for_longer_than_its_key_lasts(tmp_path: Path) -> None:
    with ApiServer("resend", tmp_path, Plan(answer="silent", times=1)) as server:
        work = DigestWork(READERS)
        work.memory = Memory(key_lasts=2.0)
        async with asyncio.timeout(25):  # it is silent for longer
            await provider_for("resend", server.url, read_seconds=600).deliver(work)
        assert set(work.results.values()) == {Result.ACCEPTED}
        assert set(server.counts().values()) == {1}


async def test_what_breaks_when_it_is_made_again_is_unclear_and_ends_no_run(tmp_path: Path) -> None:
    def broken() -> NoReturn:
        raise LookupError("a part is missing")

    with ApiServer("resend", tmp_path) as server:
        work = DigestWork(READERS)
        [one] = await work.take(1)
        request = KeyedRequest(key="k", digest="d", delivery_ids=(one.delivery_id,), repeatable_for=timedelta(hours=1))
        messages = [replace(copy_of(digest(), one.delivery_id, one.recipient), parts=broken, template=broken)]
        left = Unfinished(request=request, messages=messages, open_ids=frozenset({one.delivery_id}), had_error=False)
        work.memory = Memory(left=[left])
        await provider_for("resend", server.url).deliver(work)
        assert work.results == {
            READERS[0]: Result.UNCERTAIN,
            READERS[1]: Result.ACCEPTED,
            READERS[2]: Result.ACCEPTED,
        }

"""A provider that is cancelled, or breaks down, while rows are being armed for it: what was armed is reported."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from briefingfeed.models.delivery import Message, Result
from servers.api_ways import provider_for
from servers.recorded_work import RecordedWork

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
        if self.arming.is_set():
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

"""A request that an earlier run left, as the run after takes it over."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

from briefingfeed.delivery.copies import Copies
from briefingfeed.delivery.run import RunSetup, run_edition
from briefingfeed.models.delivery import DeliveryState
from briefingfeed.models.edition import Rendition
from briefingfeed.models.keyed_request import KeyedRequest
from briefingfeed.providers.base import NO_LIMITS, Work
from briefingfeed.storage import deliveries

READERS = [f"reader{number}@example.org" for number in range(3)]


class Keyed:
    """It keeps a request and dies of it, or asks for what others left."""

    name = "resend"
    rehearses = False
    is_local = True
    limits = NO_LIMITS

    def __init__(self, *, keeps: bool) -> None:
        self._keeps = keeps

    async def deliver(self, work: Work) -> None:
        assert work.memory is not None
        assert await work.memory.unfinished() is None
        if self._keeps:
            ids = tuple(message.delivery_id for message in await work.take(10))
            request = KeyedRequest(key="k", digest="d", delivery_ids=ids, repeatable_for=timedelta(hours=1))
            assert await work.memory.keep(request)
            work.memory.leave(ids)


def run(mailing: Any, copies: Copies, name: str, *, keeps: bool = False) -> None:
    with mailing.database.write() as connection:
        deliveries.recover(connection, name, mailing.clock())
    setup = RunSetup(
        database=mailing.database, provider=Keyed(keeps=keeps), run_id=name, now=mailing.clock, pauses=(0.01,)
    )
    asyncio.run(run_edition(mailing.key, copies, setup))


def test_whatever_goes_wrong_when_its_copies_are_made_again_they_are_unclear_and_the_run_goes_on(mailing: Any) -> None:
    def broken(_id: int) -> Rendition:
        raise LookupError("a rendition is damaged")

    mailing.freeze(*READERS)
    run(mailing, mailing.copies, "r1", keeps=True)
    assert Counter(mailing.states.values()) == {DeliveryState.SUBMITTING: 3}
    run(mailing, Copies(mailing.edition, broken, mailing.keyring), "r2")
    assert Counter(mailing.states.values()) == {DeliveryState.UNCERTAIN: 3}

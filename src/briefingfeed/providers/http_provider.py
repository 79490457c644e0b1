"""A way out over HTTP: what all services have in common. What is a service's own stands in its file.

Messages are taken as many as go into one request, and reported one by one. A request whose answer is lost is repeated
only if the service recognises it; otherwise its messages are `uncertain`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx

from briefingfeed.errors import ProviderError
from briefingfeed.providers.addresses import scrub
from briefingfeed.providers.base import Limits, Work
from briefingfeed.providers.http_lane import Lane
from briefingfeed.providers.http_patience import LONGEST_PAUSE, Patience
from briefingfeed.providers.http_service import Service

ClientFactory = Callable[[], httpx.AsyncClient]


class HttpProvider:
    """`open_client` makes the client that one `deliver` uses."""

    rehearses = False

    def __init__(self, name: str, service: Service, open_client: ClientFactory) -> None:
        settings = service.settings
        self.name = name
        self.service = service
        self.settings = settings
        self.is_local = settings.is_loopback
        self.limits = Limits(per_hour=settings.per_hour, per_day=settings.per_day)
        self._open_client = open_client

    async def deliver(self, work: Work) -> None:
        patience = Patience(self.service.title, self.settings.retry_pause, self.settings.rate)
        async with self._open_client() as client:
            lane = Lane(self.service, client, work, patience)
            await lane.finish_what_others_began()
            lanes = [asyncio.create_task(lane.run()) for _ in range(self.settings.connections)]
            try:
                await asyncio.gather(*lanes)
            finally:
                for task in lanes:
                    task.cancel()
                await asyncio.wait(lanes)  # each reports what it had in hand
        if patience.trouble:
            trouble = patience.trouble
            raise ProviderError(
                scrub(trouble.message),
                where=self.settings.host,
                remedy=trouble.remedy,
                retry_after=trouble.retry_after if (trouble.retry_after or 0.0) > LONGEST_PAUSE else None,
            )

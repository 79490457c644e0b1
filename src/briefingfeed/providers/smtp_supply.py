"""What the connections of one `deliver` fetch from the work: many messages at a time, for whoever wants one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

from briefingfeed.models.delivery import Message
from briefingfeed.providers.base import Work
from briefingfeed.providers.smtp_convoy import Convoy


class Supply:
    """Lives in one event loop. To arm twenty rows takes one commit, and hardly longer than to arm one."""

    def __init__(self, work: Work, convoy: Convoy) -> None:
        self._work = work
        self._convoy = convoy
        self._orders: deque[asyncio.Future[Message | None]] = deque()
        self._fetching: asyncio.Task[None] | None = None

    def order(self) -> asyncio.Future[Message | None]:
        """Return what will hold one message, armed; or None, if there are no more. Nobody should cancel it: what is
        armed for it then would never be reported."""
        order = asyncio.get_running_loop().create_future()
        self._orders.append(order)
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._fetch(), name="supply")
        return order

    async def _fetch(self) -> None:
        """Fulfil all orders. What is ordered while others are being armed goes together with the next."""
        try:
            while self._orders:
                messages = await self._take()
                for message in messages:
                    order = self._orders.popleft()
                    if not order.done():
                        order.set_result(message)
                if not messages:
                    self._convoy.end()
                    self._settle(None)
        except BaseException as error:
            self._settle(error)
        finally:
            self._fetching = None

    async def _take(self) -> Sequence[Message]:
        await self._convoy.keep_pace()
        await asyncio.sleep(0)  # whoever is awake in this turn of the loop orders first
        if self._convoy.is_over:
            return ()
        return await self._work.take(1 if self._convoy.keeps_pace else len(self._orders))

    def _settle(self, error: BaseException | None) -> None:
        """Let nobody wait for what will not come."""
        while self._orders:
            order = self._orders.popleft()
            if order.done():
                continue
            if error is None:
                order.set_result(None)
            else:
                order.set_exception(error)

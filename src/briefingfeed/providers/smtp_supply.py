"""What the connections of one `deliver` fetch from the work: many messages at a time, for whoever wants one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from briefingfeed.models.delivery import Message
from briefingfeed.providers.base import Work
from briefingfeed.providers.smtp_convoy import Convoy

ORDER_WAIT = 0.001
"""Seconds that an order waits for those of others: a commit for eight rows costs hardly more than one for four."""
COMPANY = 0.75
"""Of a few connections: if so many have ordered, nobody waits for the rest."""
MANY = 8
"""Orders that are company enough, until half of all connections are more."""


class Order:
    """One message to come. Whoever waits for it may be cancelled: what is armed for it meanwhile stays in it."""

    def __init__(self, arrived: Callable[[], None]) -> None:
        """`arrived` is called when it is filled and nobody waits for it."""
        self._arrived = arrived
        self._waiter: asyncio.Future[None] | None = None
        self._message: Message | None = None
        self._error: BaseException | None = None
        self.is_filled = False

    @property
    def message(self) -> Message | None:
        """What came; None as long as nothing has."""
        return self._message

    async def filled(self) -> None:
        """Return once it is filled."""
        if not self.is_filled:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None

    async def fetch(self) -> Message | None:
        """Return the message; or None, if there are no more. Raises what kept it from coming."""
        await self.filled()
        if self._error is not None:
            raise self._error
        return self._message

    def fill(self, message: Message | None, error: BaseException | None = None) -> None:
        self._message, self._error, self.is_filled = message, error, True
        if self._waiter is None:
            self._arrived()
        elif not self._waiter.done():
            self._waiter.set_result(None)


class Supply:
    """Lives in one event loop. To arm twenty rows takes one commit, and hardly longer than to arm one."""

    def __init__(self, work: Work, convoy: Convoy) -> None:
        self._work = work
        self._convoy = convoy
        self._orders: deque[Order] = deque()
        self._fetching: asyncio.Task[None] | None = None
        self._others: asyncio.Future[None] | None = None

    def order(self, arrived: Callable[[], None]) -> Order:
        """Return what will hold one message, armed. See `Order`."""
        order = Order(arrived)
        self._orders.append(order)
        if self._is_company:
            self._go()
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._fetch(), name="supply")
        return order

    async def _fetch(self) -> None:
        """Fill all orders. What is ordered while others are being armed goes together with the next."""
        try:
            while self._orders:
                messages = await self._take()
                for message in messages:
                    self._orders.popleft().fill(message)
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
        if self._convoy.keeps_pace:
            most = 1
        else:
            await self._wait_for_others()
            most = len(self._orders)
        return () if self._convoy.is_over else await self._work.take(most)

    @property
    def _is_company(self) -> bool:
        """Whether enough have ordered. The server has the messages of the others to read meanwhile; with fewer orders
        in a commit, the commits would cost more than that gains."""
        sessions = self._convoy.sessions
        return len(self._orders) >= max(sessions / 2, min(sessions * COMPANY, MANY))

    async def _wait_for_others(self) -> None:
        """Wait until most connections have ordered, or `ORDER_WAIT` is over."""
        if self._is_company or not self._convoy.waits_for_company:
            return
        loop = asyncio.get_running_loop()
        self._others = loop.create_future()
        alarm = loop.call_later(ORDER_WAIT, self._go)
        try:
            await self._others
        finally:
            alarm.cancel()
            self._others = None

    def _go(self) -> None:
        if self._others is not None and not self._others.done():
            self._others.set_result(None)

    def _settle(self, error: BaseException | None) -> None:
        """Let nobody wait for what will not come."""
        while self._orders:
            self._orders.popleft().fill(None, error)

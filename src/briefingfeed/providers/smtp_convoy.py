"""What the connections of one `deliver` share: whether to go on, the pace, when to rest, and when to give up."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from briefingfeed.providers.smtp_patience import MOST_IN_A_ROW, Plea, plea
from briefingfeed.providers.smtp_replies import Reply
from briefingfeed.providers.smtp_settings import SmtpSettings
from briefingfeed.providers.smtp_troubles import SessionError

MOST_FAILURES = 5
"""Session failures in a row, over all connections, after which the run is given up."""
_LONGEST_PAUSE = 60.0
NEARBY = 0.002
"""Seconds of a round trip. To have a message armed takes about as long."""


class Convoy:
    """Lives in one event loop."""

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self._clock = asyncio.get_running_loop().time
        self._ended = asyncio.Event()
        self._broken = asyncio.Event()
        self._failures = 0
        self._pleas = 0
        self._doubted: str | None = None
        self._rest_until = 0.0
        self._next_start = 0.0
        self._opening = 0
        self._opened = asyncio.Event()
        self._round_trip = math.inf
        self.sessions = 0
        """How many connections have a session now."""
        self.pipelines = True
        """False: the server offers PIPELINING and loses what it gets that way."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be taken."""
        return self._ended.is_set()

    @property
    def is_broken(self) -> bool:
        """Whether even what was taken is to be given back."""
        return self._broken.is_set()

    def end(self) -> None:
        self._ended.set()

    def break_off(self) -> None:
        self._ended.set()
        self._broken.set()

    @asynccontextmanager
    async def opening(self) -> AsyncIterator[None]:
        """Wait for one's turn to open a connection: the first is opened alone, so that a server that is not there is
        found out once, and then as many at once as there are: fifty to a server far away take about seven turns."""
        while self._opening >= max(self.sessions, 1):
            await self._opened.wait()
        self._opening += 1
        try:
            yield
        finally:
            self._opening -= 1
            self._opened.set()
            self._opened = asyncio.Event()

    def joined(self, round_trip: float) -> None:
        """Note that a connection has a session now. `round_trip`: seconds that its server took for its quickest
        answer."""
        self.sessions += 1
        self._round_trip = min(self._round_trip, round_trip)

    def left(self) -> None:
        """Note that a session is over."""
        self.sessions -= 1

    @property
    def waits_for_company(self) -> bool:
        """Whether connections wait for one another, to have their next messages armed together and to send each with
        the envelope behind it: both sides have less to do then. If the server is far away, what counts is how soon it
        hears of the next envelope."""
        return self.sessions > 1 and self._round_trip < NEARBY

    def succeeded(self) -> None:
        """Note that a message was taken."""
        self._failures = self._pleas = 0
        self._doubted = None

    def answered(self) -> None:
        """Note that a message was refused, in a session that goes on."""
        self._failures = 0

    def is_plea(self, reply: Reply) -> bool:
        """Whether a refusal asks us to slow down, rather than that one recipient is refused. Each is asked once."""
        heard = plea(reply)
        if heard is Plea.PERHAPS:
            self._pleas += 1
        elif heard is Plea.NONE:
            self._pleas = 0
        return heard is Plea.CLEAR or self._pleas >= MOST_IN_A_ROW

    def was_told_before(self, recipient: str) -> bool:
        """Whether what ends the run was said about another recipient, too, and nobody was taken between. Said about one
        alone it may be the word of that one's own server, and all behind them would wait for it."""
        before, self._doubted = self._doubted, recipient
        return before not in (None, recipient)

    def failed(self, trouble: SessionError) -> None:
        """Count a failed session, and rest after it. Raises `trouble` if there is no sense in going on.

        The first try again is made at once, as servers close now and then; unless the server asks for patience. What
        several connections are told while all rest counts once.
        """
        if trouble.wants_rest and not trouble.hopeless and self._clock() < self._rest_until:
            return
        self._failures += 1
        if trouble.hopeless or self._failures >= MOST_FAILURES:
            raise trouble
        doubled = self._failures - 1 if trouble.wants_rest else self._failures - 2
        if doubled >= 0:
            pause = min(self._settings.retry_pause * 2**doubled, _LONGEST_PAUSE)
            self._rest_until = self._clock() + pause

    @property
    def must_rest(self) -> bool:
        """Whether something went wrong so lately that `rest` may have to wait."""
        return self._rest_until > 0.0 and self._rest_until > self._clock()

    async def rest(self, *, holding: bool) -> None:
        """Wait as long as all rest, but not beyond the end of the work. `holding`: a message still has to go."""
        while (left := self._rest_until - self._clock()) > 0:
            await _wait_for(self._broken if holding else self._ended, left)
            if self.is_broken or (self.is_over and not holding):
                return

    @property
    def keeps_pace(self) -> bool:
        """Whether messages take turns by the settings' `rate`."""
        return self._settings.rate is not None

    async def keep_pace(self) -> None:
        """Wait for the turn of the next message, by the settings' `rate`."""
        if self._settings.rate is None:
            return
        now = self._clock()
        start = max(now, self._next_start)
        self._next_start = start + 1 / self._settings.rate
        if start > now:
            await _wait_for(self._ended, start - now)


async def _wait_for(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()

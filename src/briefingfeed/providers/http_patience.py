"""How long a run over HTTP goes on, and when it rests. All its lanes share one."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from briefingfeed.models.delivery import Result
from briefingfeed.providers.addresses import scrub
from briefingfeed.providers.http_answers import Item, Refusal

_MOST_REFUSALS = 5
"""Of whole requests, one after the other."""
_MOST_UNCLEAR = 3
"""Messages in a row; then the next would most likely become unclear as well."""
LONGEST_PAUSE = 60.0
"""What is to rest for longer is left to the next run."""


class Patience:
    """Times are those of the event loop, in seconds."""

    def __init__(self, title: str, retry_pause: float, rate: float | None = None) -> None:
        self._title = title
        self._retry_pause = retry_pause
        self._gap = 1 / rate if rate else 0.0
        self._next_slot = 0.0
        self._resume_at = 0.0
        self._refusals = 0
        self._unclear = 0
        self._note = ""
        self._has_given_up = False
        self._stopped = asyncio.Event()
        self.spoilt = 0
        """Messages in a row that were refused by themselves."""
        self.trouble: Refusal | None = None
        """Why the run ends before its work does."""

    @property
    def last_word(self) -> Refusal | None:
        """Why nothing more goes out, not even of what is taken; None: it does."""
        return self.trouble if self._has_given_up else None

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    async def lets_on(self) -> bool:
        """Wait until a request may go out, and as long as we are asked to; return whether to take more."""
        while not self._stopped.is_set() and (rest := max(self._next_slot, self._resume_at) - self.now()) > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(rest):
                    await self._stopped.wait()
        return not self._stopped.is_set()

    async def turn(self) -> None:
        """Wait for a request's turn, as `rate` has it."""
        slot = max(self._next_slot, self.now())
        self._next_slot = slot + self._gap
        await asyncio.sleep(slot - self.now())

    def end(self) -> None:
        """Nothing is left to take."""
        self._stopped.set()

    def pause(self, failures: int, asked: float | None) -> float:
        return max(asked or 0.0, self._retry_pause * float(1 << failures))

    def refused(self, refusal: Refusal, began: float) -> None:
        """What was sent at `began` went back. Of lanes refused at the same time, one counts."""
        self.trouble = refusal
        if began >= self._resume_at:
            self._refusals += 1
        pause = self.pause(max(self._refusals - 1, 0), refusal.retry_after)
        self._resume_at = max(self._resume_at, self.now() + pause)
        if refusal.permanent or self._refusals >= _MOST_REFUSALS or pause > LONGEST_PAUSE:
            self._give_up()

    def saw(self, item: Item, recipient: str = "") -> None:
        """What became of a message. Of its note nothing of the recipient is kept."""
        if item.result is Result.ACCEPTED:
            self._refusals = self._unclear = self.spoilt = 0
            if not self._has_given_up:
                self.trouble = None
        elif item.result in (Result.FAILED, Result.POLICY):
            self.spoilt += 1
            self._note = scrub(item.note, recipient)
        elif item.result is Result.UNCERTAIN:
            self._unclear += 1
            if self._unclear >= _MOST_UNCLEAR:
                self.trouble = self._lost(scrub(item.note, recipient))
                self._give_up()

    def _give_up(self) -> None:
        self._has_given_up = True
        self._stopped.set()

    def refused_all(self) -> Refusal:
        return Refusal(
            message=f"{self._title} refuses one message after the other. {self._note}".strip(),
            remedy="Look at what it says: sender, settings and content are the same for all. Then run the command "
            "again; it goes on with those who are left.",
            permanent=True,
        )

    def _lost(self, note: str) -> Refusal:
        return Refusal(
            message=f"{self._unclear} messages are unclear: {self._title} may have taken them or not. {note}",
            remedy=f"Look at what {self._title} shows as sent, then settle them with "
            "`briefingfeed deliveries resolve`.",
            permanent=True,
        )

"""SIGTERM and SIGINT: the first asks a run to finish what is in flight, the second to drop it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stop:
    """Whether the run was asked to end. Belongs to one event loop."""

    def __init__(self) -> None:
        self.by: signal.Signals | None = None
        """The first signal that came."""
        self._asked = asyncio.Event()
        self._insisted = asyncio.Event()

    @property
    def is_asked(self) -> bool:
        return self._asked.is_set()

    def ask(self, by: signal.Signals = signal.SIGTERM) -> None:
        """Ask once to stop in good order; ask twice to stop now."""
        if self._asked.is_set():
            self._insisted.set()
        else:
            self.by = by
            self._asked.set()

    async def insisted(self) -> None:
        """Return when asked the second time."""
        await self._insisted.wait()

    async def sleep(self, seconds: float) -> None:
        """Sleep, but no longer than until asked to stop."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._asked.wait(), seconds)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take the signals over from their handlers until the block ends. Main thread only."""
        loop = asyncio.get_running_loop()
        before = {number: signal.getsignal(number) for number in SIGNALS}
        for number in SIGNALS:
            loop.add_signal_handler(number, self.ask, number)
        try:
            yield
        finally:
            for number, handler in before.items():
                loop.remove_signal_handler(number)
                signal.signal(number, handler)

"""One message outside any edition, such as a test mail: nothing of it is written down."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from briefingfeed.errors import ProviderError
from briefingfeed.models.delivery import Message, Outcome, Result
from briefingfeed.providers.base import CanHurry, Provider

if TYPE_CHECKING:
    from briefingfeed.dkim.signing import Sealing


class _SingleWork:
    def __init__(self, message: Message) -> None:
        self._left = [message]
        self.outcome: Outcome | None = None
        self.memory = None

    async def take(self, most: int) -> Sequence[Message]:
        taken, self._left = self._left[:most], self._left[most:]
        return taken

    async def report(self, outcome: Outcome) -> None:
        self.outcome = outcome

    def reached(self, place: str) -> None:
        """Nobody is killed for a test mail."""


def hand_over(
    provider: Provider, message: Message, sealing: Sealing | None = None, *, in_haste: bool = False
) -> Outcome:
    """Hand one message over and return what became of it. Raises ProviderError if the way out can't be used.

    `sealing`: how it is signed, if it is. `in_haste`: somebody waits for the answer.
    """
    if in_haste and isinstance(provider, CanHurry):
        provider = provider.in_haste()
    if sealing is not None:
        signature = sealing(message.segments).sign(message.segments)
        message = replace(message, segments=(signature, *message.segments))
    work = _SingleWork(message)
    try:
        asyncio.run(provider.deliver(work))
    except ProviderError:
        if work.outcome is None or work.outcome.result is Result.RETURNED:
            raise
    if work.outcome is None:
        raise RuntimeError(f"{provider.name} reported nothing about a message that it took")
    return work.outcome

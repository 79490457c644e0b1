"""What of one `take` is not reported yet, so that nothing stays unreported, whatever happens."""

from __future__ import annotations

from collections.abc import Sequence

from briefingfeed.models.delivery import Message, Outcome, Phase, Result
from briefingfeed.models.keyed_request import KeyedRequest
from briefingfeed.providers.addresses import scrub
from briefingfeed.providers.base import Work
from briefingfeed.providers.http_answers import Item, Refusal


class Batch:
    def __init__(self, work: Work, taken: Sequence[Message]) -> None:
        self._work = work
        self._open = {message.delivery_id: message for message in taken}
        self.in_flight: Sequence[Message] = ()
        """What the other side may have by now."""
        self.kept: KeyedRequest | None = None
        """What is in flight, if it was written down: a later run can ask what became of it."""
        self.said: Refusal | None = None
        """How the last try of what is in flight was refused, if it was."""
        self.refusal: Refusal | None = None
        """Why the rest goes back."""

    async def report(self, message: Message, item: Item, status: int | None = None) -> None:
        del self._open[message.delivery_id]
        await self._work.report(
            Outcome(
                delivery_id=message.delivery_id,
                result=item.result,
                phase=Phase.REQUEST,
                code=status,
                provider_id=_kept(item.provider_id),
                note=scrub(item.note, message.recipient) if item.note else "",
                retry_after=item.refusal.retry_after if item.refusal else None,
            )
        )

    def holds(self, message: Message) -> bool:
        """Whether it is not reported yet."""
        return message.delivery_id in self._open

    def leave(self) -> None:
        """Leave what is in flight to a later run."""
        ids = [message.delivery_id for message in self.in_flight if message.delivery_id in self._open]
        for each in ids:
            del self._open[each]
        if self._work.memory is not None:
            self._work.memory.leave(ids)

    async def close(self) -> None:
        """Report the rest: interrupted, or never begun. What can be asked again is left."""
        if self.kept is not None:
            self.leave()
        interrupted = Item(result=Result.UNCERTAIN, note="The run was interrupted.")
        for message in self.in_flight:
            if message.delivery_id in self._open:
                await self.report(message, interrupted)
        returned = Item(result=Result.RETURNED, note=self.refusal.message if self.refusal else "", refusal=self.refusal)
        for message in list(self._open.values()):
            await self.report(message, returned)


def _kept(identity: str | None) -> str | None:
    """Return a service's id if any database can hold it: JSON may bring NUL, and halves of characters."""
    return identity if identity and identity.isprintable() else None

"""A post office: the way out of tests that look at what was handed over."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage

from briefingfeed.models.delivery import Message, Outcome, Phase, Result
from briefingfeed.providers.base import Limits, Work


class PostOffice:
    """A way out that mails people; keeps what it was given, and takes it unless told otherwise."""

    name = "post-office"
    rehearses = False
    limits = Limits()

    def __init__(self, *, is_local: bool = True, at_once: int = 2) -> None:
        self.is_local = is_local
        self.at_once = at_once
        self.seen: list[Message] = []
        self.answers: dict[str, Result] = {}
        """By address, or by the name before the @."""
        self.words = ""
        """Of the refusals."""
        self.down: Exception | None = None

    async def deliver(self, work: Work) -> None:
        if self.down:
            raise self.down
        while messages := await work.take(self.at_once):
            for message in messages:
                self.seen.append(message)
                result = self._answer(message.recipient)
                words = "" if result is Result.ACCEPTED else self.words
                await work.report(Outcome(delivery_id=message.delivery_id, result=result, phase=Phase.RCPT, note=words))

    def _answer(self, address: str) -> Result:
        name, _, _ = address.partition("@")
        return self.answers.get(address, self.answers.get(name, Result.ACCEPTED))

    @property
    def recipients(self) -> list[str]:
        return sorted(message.recipient for message in self.seen)

    @property
    def mails(self) -> list[EmailMessage]:
        return [message_from_bytes(b"".join(message.segments), policy=policy.default) for message in self.seen]

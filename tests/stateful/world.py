"""The world beyond the provider: it writes down what it is handed before it answers, and answers as it pleases.

What happens stands in one file, line by line, in its true order: copies, and who left or came back. A run that is
killed takes nothing of it along.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from enum import StrEnum
from itertools import chain, repeat
from pathlib import Path
from typing import Any

from briefingfeed.delivery.failpoints import AFTER_DOT, BEFORE_DOT
from briefingfeed.errors import ProviderError
from briefingfeed.models.delivery import Message, Outcome, Phase, Result
from briefingfeed.providers.base import Limits, Work
from faults.invariants import digest, identity

EDITOR = "editor@harbour.example"
"""Who gets proofs: nobody counts those."""


class Answer(StrEnum):
    """What becomes of a copy, and what the provider learns of it."""

    TAKEN = "taken"
    GREYLISTED = "greylisted"
    NO_SUCH_RECIPIENT = "5.1.1"
    NO = "550 without a word"
    POLICY = "5.7.1"
    LOST_BEFORE_THE_DOT = "lost before the dot"
    TAKEN_AND_LOST = "taken, then lost"
    LOST_AFTER_THE_DOT = "lost after the dot, not taken"
    TAKEN_AND_BROKEN = "taken, then the program breaks"
    BROKEN = "the program breaks"
    NO_SESSION = "no session"


_OUTCOMES = {
    Answer.TAKEN: (Result.ACCEPTED, Phase.DOT, 250, "2.0.0"),
    Answer.GREYLISTED: (Result.DEFERRED, Phase.RCPT, 450, "4.2.0"),
    Answer.NO_SUCH_RECIPIENT: (Result.REJECTED, Phase.RCPT, 550, "5.1.1"),
    Answer.NO: (Result.FAILED, Phase.RCPT, 550, None),
    Answer.POLICY: (Result.POLICY, Phase.DOT, 554, "5.7.1"),
    Answer.LOST_BEFORE_THE_DOT: (Result.RETURNED, Phase.BODY, None, None),
    Answer.TAKEN_AND_LOST: (Result.UNCERTAIN, Phase.DOT, None, None),
    Answer.LOST_AFTER_THE_DOT: (Result.UNCERTAIN, Phase.DOT, None, None),
    Answer.NO_SESSION: (Result.RETURNED, Phase.CONNECT, None, None),
}
_TAKEN = frozenset({Answer.TAKEN, Answer.TAKEN_AND_LOST, Answer.TAKEN_AND_BROKEN})
_BREAKS = frozenset({Answer.BROKEN, Answer.TAKEN_AND_BROKEN})
ANSWERS: Sequence[Answer] = (*repeat(Answer.TAKEN, 6), *(each for each in Answer if each is not Answer.TAKEN))
"""To draw from: most servers do what they should."""


class Breakdown(Exception):  # noqa: N818 - the program's, not the server's
    """A mistake in the way out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """What a run meets: the answers to its copies, in order, all taken after the last; and an event in its middle."""

    answers: tuple[Answer, ...] = ()
    window: int = 1
    """Copies under way at once."""
    meanwhile: tuple[int, str, int] | None = None
    """Before so many copies were answered, what happens, and to whom."""


FAIR = Weather()


class World:
    """`meanwhile` does what a weather tells, while a run is at work."""

    def __init__(self, file: Path, now: Callable[[], datetime]) -> None:
        self.file = file
        self.limits = Limits()
        self.meanwhile: Callable[[str, int], None] = lambda _what, _whom: None
        self._now = now
        self._read = 0
        self._texts: dict[str, list[str]] = {}

    def provider(self, weather: Weather) -> Provider:
        return Provider(self, weather)

    def note(self, what: str, **details: Any) -> None:
        """Write down what happened. Whoever leaves is noted after the commit, whoever comes back before it."""
        line = json.dumps({"what": what, "at": self._now().isoformat(), **details}) + "\n"
        handle = os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(handle, line.encode())
        finally:
            os.close(handle)

    def news(self) -> list[dict[str, Any]]:
        """Return what happened since the last call."""
        if not self.file.exists():
            return []
        with self.file.open("rb") as stream:
            stream.seek(self._read)
            content = stream.read()
        self._read += len(content)
        return [json.loads(line) for line in content.splitlines()]

    def take(self, message: Message) -> None:
        """Count a copy."""
        content = b"".join(message.segments)
        shared = digest(content, message.recipient)
        if shared not in self._texts:
            self._texts[shared] = _posts(content)
        token = re.search(rb"/u/([\w.-]+)>", content)
        assert token
        self.note(
            "copy",
            id=message.delivery_id,
            to=message.recipient,
            return_path=message.envelope_from,
            message_id=identity(content).decode(),
            token=token[1].decode(),
            digest=shared,
            posts=self._texts[shared],
        )


@dataclass
class Provider:
    """A way out that mails people. It learns no more of the world than a mail server tells."""

    world: World
    weather: Weather
    name: str = "world"
    rehearses: bool = False
    is_local: bool = True
    limits: Limits = field(init=False)

    def __post_init__(self) -> None:
        self.limits = self.world.limits
        self._answers = chain(self.weather.answers, repeat(Answer.TAKEN))
        self._answered = 0

    async def deliver(self, work: Work) -> None:
        while messages := await work.take(self.weather.window):
            for message in messages:
                if message.recipient != EDITOR:
                    self.world.note("armed", id=message.delivery_id, to=message.recipient)
            left = list(messages)
            while left:
                message = left.pop(0)
                answer = self._answer(message)
                if answer is Answer.NO_SESSION:
                    await self._break_off(work, [message, *left])
                elif message.recipient == EDITOR:
                    await work.report(_outcome(message, answer if answer in _OUTCOMES else Answer.TAKEN))
                else:
                    await self._hand_over(work, message, answer)

    def _answer(self, message: Message) -> Answer:
        if message.recipient != EDITOR:
            self._answered += 1
            if self.weather.meanwhile and self.weather.meanwhile[0] == self._answered:
                self.world.meanwhile(*self.weather.meanwhile[1:])
        return next(self._answers)

    async def _hand_over(self, work: Work, message: Message, answer: Answer) -> None:
        work.reached(BEFORE_DOT)
        if answer in _TAKEN:
            self.world.take(message)
        work.reached(AFTER_DOT)
        if answer in _BREAKS:
            raise Breakdown(answer)
        await work.report(_outcome(message, answer))
        self.world.note("answered", id=message.delivery_id, to=message.recipient, answer=answer)

    async def _break_off(self, work: Work, messages: Iterable[Message]) -> None:
        for message in messages:
            await work.report(_outcome(message, Answer.NO_SESSION))
        raise ProviderError("the server hung up")


def _outcome(message: Message, answer: Answer) -> Outcome:
    result, phase, code, enhanced = _OUTCOMES[answer]
    return Outcome(
        delivery_id=message.delivery_id, result=result, phase=phase, code=code, enhanced_code=enhanced, note=answer
    )


def _posts(content: bytes) -> list[str]:
    mail = message_from_bytes(content, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    body = mail.get_body(("plain",))
    assert body is not None
    return re.findall(r"The text of (\w+)\.", body.get_content())

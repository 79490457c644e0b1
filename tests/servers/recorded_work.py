"""A delivery run as a provider sees it, without a database: it hands out messages and keeps what is reported."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from briefingfeed.models.delivery import Message, Outcome, Parts, Result
from briefingfeed.providers.base import RequestMemory

BODY = b"Subject: Test\r\nMIME-Version: 1.0\r\n\r\nHello =2E\r\n"


def message(delivery_id: int, recipient: str, segments: Sequence[bytes] = (BODY,)) -> Message:
    parts = Parts(
        sender="Briefings <news@briefings.example>",
        subject="Zwölf Fälle",
        html=f"<p>Hello {delivery_id}, ünïcode</p>",
        text=f"Hello {delivery_id}, ünïcode",
        headers=(
            ("Reply-To", "Team <team@briefings.example>"),
            ("List-Unsubscribe", f"<https://briefings.example/u/{delivery_id}>"),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ),
    )
    return Message(
        delivery_id=delivery_id,
        envelope_from="bounces@briefings.example",
        recipient=recipient,
        message_id=f"<{delivery_id}@briefings.example>",
        segments=tuple(segments),
        parts=lambda: parts,
        mark=lambda: f"mark{delivery_id:020}",
    )


class RecordedWork:
    """`outcomes` holds what was reported, by recipient. What is reported twice, or was never taken, fails the test."""

    def __init__(self, recipients: Sequence[str], segments: Sequence[bytes] = (BODY,)) -> None:
        self._waiting = [message(number, recipient, segments) for number, recipient in enumerate(recipients)]
        self._taken: dict[int, Message] = {}
        self.outcomes: dict[str, Outcome] = {}
        self.most_in_flight = 0
        self.asked_after_end = 0
        self.ended = False
        self.reported = asyncio.Event()
        self.memory: RequestMemory | None = None

    async def take(self, most: int) -> Sequence[Message]:
        assert most > 0
        if self.ended:
            self.asked_after_end += 1
        taken, self._waiting = self._waiting[:most], self._waiting[most:]
        self.ended = not taken
        self._taken.update((one.delivery_id, one) for one in taken)
        self.most_in_flight = max(self.most_in_flight, len(self._taken))
        await asyncio.sleep(0)
        return taken

    async def report(self, outcome: Outcome) -> None:
        one = self._taken.pop(outcome.delivery_id)
        self.outcomes[one.recipient] = outcome
        self.reported.set()
        await asyncio.sleep(0)

    def reached(self, place: str) -> None:
        pass

    @property
    def waiting(self) -> list[Message]:
        return list(self._waiting)

    def replace(self, number: int, parts: Parts) -> None:
        """Give one of the waiting messages other parts."""
        self._waiting[number] = replace(self._waiting[number], parts=lambda: parts)

    def stop(self) -> None:
        """As after SIGTERM: nothing more is handed out."""
        self._waiting = []

    @property
    def unreported(self) -> list[str]:
        return [one.recipient for one in self._taken.values()]

    @property
    def results(self) -> dict[str, Result]:
        return {recipient: outcome.result for recipient, outcome in self.outcomes.items()}

"""What a service's answer means: for a whole request, and for each message of it. Pure.

An answer that never came, or that is a server error, says nothing: the messages may be on their way. A refusal is
certain only if it says so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from briefingfeed.models.delivery import Result

LATER: Final = "Nobody loses their copy by it. The next run tries again by itself."


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Refused for certain: the whole request, or one message for reasons of our account.

    `splits`: one message may have spoilt it for the others. `permanent`: trying again without a change is of no use.
    """

    message: str
    remedy: str = LATER
    permanent: bool = False
    splits: bool = False
    retry_after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unclear:
    """The other side may have taken the whole request, or not. `answered`: it said that something went wrong there."""

    note: str
    answered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What became of one message."""

    result: Result
    provider_id: str | None = None
    note: str = ""
    refusal: Refusal | None = None
    """Why it went back, if it did: the run ends, or waits."""


Verdict = tuple[Item, ...] | Refusal | Unclear
"""An item for each message of the request, in its order; or what holds for all of them."""

ACCEPTED: Final = Item(result=Result.ACCEPTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    earlier: Unclear | None = None
    """What earlier tries of the very same request leave in doubt."""

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def retry_after(self) -> float | None:
        """Seconds. As a date it is left to our own back-off."""
        value = self.headers.get("retry-after")
        return float(value) if value and value.isdecimal() and len(value) < 8 else None

    def json(self) -> Any:
        """Return what the body holds; None if that cannot be read."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def object(self) -> Mapping[str, Any]:
        """Return the JSON object that the body holds; an empty one if it doesn't."""
        found = self.json()
        return found if isinstance(found, dict) else {}


def judge_status(answer: Answer, service: str, *, login: str, refusals: frozenset[int] = frozenset()) -> Verdict | None:
    """Return what the status alone settles; None if the body has to be read.

    `login`: what to do about a login that is refused. `refusals`: server errors by which this service is known to
    refuse, having taken nothing.
    """
    status = answer.status
    if status == 429 or status in refusals:
        return Refusal(message=f"{service} asks us to wait ({status}).", retry_after=answer.retry_after)
    if status >= 500:
        return Unclear(note=f"{service} answered {status}; it may have taken the message.", answered=True)
    if status in (401, 403):
        return Refusal(message=f"{service} refuses our login ({status}).", remedy=login, permanent=True)
    if status < 200 or 300 <= status < 400:
        return Refusal(message=f"{service} answered {status}.", remedy="Check url in the settings.", permanent=True)
    return None


def permanent_refusal(service: str, answer: Answer, words: str, remedy: str) -> Refusal:
    """A refusal of the request that no retry would change."""
    message = f"{service} refused the request: {answer.status} {words}".strip()
    return Refusal(message=message, remedy=remedy, permanent=True)

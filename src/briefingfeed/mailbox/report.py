"""What one mail says about mails of ours, before anybody has checked whether they were ours."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from briefingfeed.models.delivery import EventKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Clues:
    """What may tell which copy a report is about, best first. All of it was written by strangers."""

    marks: tuple[str, ...] = ()
    """Bounce tokens of envelope senders (VERP)."""
    message_ids: tuple[str, ...] = ()
    """Of the returned mail, with angle brackets; only those that look like ours."""
    tokens: tuple[str, ...] = field(default=(), repr=False)
    """Unsubscribe tokens."""
    addresses: tuple[str, ...] = field(default=(), repr=False)
    """Recipients that are named; anybody can write these down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One thing reported."""

    kind: EventKind
    about: Clues
    at: datetime | None = None
    """What the mail itself gives as its date."""
    permanent: bool = False
    code: int | None = None
    enhanced_code: str | None = None
    words: str = field(default="", repr=False)
    """The other side's, as they are: addresses may stand in them."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What was understood of one mail."""

    report: Report | None = None
    nothing_follows: bool = False
    """An automatic answer, a read receipt: understood, and of no consequence."""

    @property
    def is_understood(self) -> bool:
        return self.report is not None or self.nothing_follows

"""What somebody says of our mails, before anybody has checked whether they were ours: a bounce by mail, a call of a
provider."""

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
    provider_ids: tuple[str, ...] = ()
    """What a provider calls the mail, as it said when it took it."""
    addresses: tuple[str, ...] = field(default=(), repr=False)
    """Recipients that are named; anybody can write these down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One thing reported."""

    kind: EventKind
    about: Clues
    at: datetime | None = None
    """When it happened, as far as the other side says."""
    permanent: bool = False
    code: int | None = None
    enhanced_code: str | None = None
    words: str = field(default="", repr=False)
    """The other side's, as they are: addresses may stand in them."""

"""Delivery: one edition for one subscriber; what was tried, and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from briefingfeed.models.edition import SlotName, SlotValues


class DeliveryState(StrEnum):
    """See reference of the states in docs/glossary.md; the words people read are in `cli/words.py`."""

    PENDING = "pending"
    """Frozen into the edition, not tried yet, or returned untouched."""
    CLAIMED = "claimed"
    """Leased by a run; nothing irrevocable has happened."""
    SUBMITTING = "submitting"
    """Armed: committed before its envelope or request is written."""
    ACCEPTED = "accepted"
    """The server answered 250 to the final dot, or the provider 2xx for this recipient."""
    DEFERRED = "deferred"
    """Refused for now, or dropped where a retry is safe; due again at `next_attempt_at`."""
    FAILED = "failed"
    """Refused for good."""
    UNCERTAIN = "uncertain"
    """The other side may have taken it. Never tried again unless the operator says so."""
    SKIPPED = "skipped"
    """No longer wants it: unsubscribed, suppressed or erased after the freeze; or cancelled."""
    EXPIRED = "expired"

    @property
    def waits(self) -> bool:
        return self in _WAITING


_WAITING = frozenset({DeliveryState.PENDING, DeliveryState.CLAIMED, DeliveryState.SUBMITTING, DeliveryState.DEFERRED})


class Result(StrEnum):
    """How one attempt ended, in the provider's view (outcome table, docs/operations.md)."""

    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    """This recipient was refused for now (4xx); try later."""
    REJECTED = "rejected"
    """This recipient does not exist or cannot be mailed (5.1.x, 5.2.1): failed and suppressed."""
    FAILED = "failed"
    """Refused for good, but not proof against the address: failed, not suppressed."""
    POLICY = "policy"
    """Refused for what we are or send (5.7.x and the like), not for whom: see `delivery.run`."""
    RETURNED = "returned"
    """Not handed over for certain (the session broke before the dot): as before, not charged to the recipient."""
    UNCERTAIN = "uncertain"


class EventKind(StrEnum):
    """What is heard of a delivery after it was handed over."""

    DELIVERED = "delivered"
    DELAYED = "delayed"
    """The other side is still trying. Nothing follows from it."""
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"


class Phase(StrEnum):
    """How far an attempt came."""

    CONNECT = "connect"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    BODY = "body"
    DOT = "dot"
    REQUEST = "request"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a provider says about one message. `note` holds the server's words without any address."""

    delivery_id: int
    result: Result
    phase: Phase
    code: int | None = None
    """SMTP reply code or HTTP status."""
    enhanced_code: str | None = None
    """RFC 3463, such as `5.1.1`."""
    provider_id: str | None = None
    """The provider's own id of an accepted mail."""
    note: str = ""
    retry_after: float | None = None
    """Seconds the other side asked to wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is written down after an attempt: `delivery.outcomes` decides it, `storage.deliveries.record` writes it."""

    delivery_id: int
    state: DeliveryState
    outcome: Outcome
    next_attempt_at: datetime | None = None
    """When a `deferred` row falls due again; None otherwise."""
    charge: bool = True
    """Whether the attempt counts against the recipient (a broken session does not)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A message unassembled, for providers that build the MIME themselves. All text is decoded."""

    sender: str
    """The From header: `Name <address>`."""
    subject: str
    html: str
    text: str
    headers: tuple[tuple[str, str], ...]
    """Reply-To, List-Id, List-Unsubscribe and the like: neither From, To, Subject, Date nor Message-ID."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MergeTemplate:
    """What all copies of a rendition share, for providers that write it once and merge. Each rendition has one."""

    parts: Parts
    """With a stand-in wherever a copy has something of its own."""
    stand_ins: Mapping[SlotName, str]
    """Plain ASCII that occurs nowhere else in the parts, nor could."""
    in_html: frozenset[SlotName]
    """What stands in the HTML, where a value is HTML-escaped."""
    in_text: frozenset[SlotName]
    """What stands in the text or the subject, as it is."""


@dataclass(slots=True, kw_only=True)
class Message:
    """One copy, ready to go.

    `segments` joined are the exact bytes: CRLF, 7-bit, no line begins with a dot; the To field alone is UTF-8 if the
    recipient's local part is not ASCII. `parts()` is the same content for a
    provider that builds the MIME itself; it is put together when called, since most providers never need it. Nobody
    changes a message, which the type checker sees to: frozen, one would take twice as long to make.
    """

    delivery_id: Final[int]
    envelope_from: Final[str]
    recipient: Final[str] = field(repr=False)
    message_id: Final[str]
    segments: Final[tuple[bytes, ...]] = field(repr=False)
    parts: Final[Callable[[], Parts]] = field(repr=False, compare=False)
    template: Final[Callable[[], MergeTemplate] | None] = field(default=None, repr=False, compare=False)
    """None: it shares nothing with others."""
    values: Final[SlotValues] = field(default_factory=dict, repr=False, compare=False)
    """What takes the places of the template's stand-ins, unescaped."""
    mark: Final[Callable[[], str]] = field(repr=False, compare=False)
    """Returns what names this copy and only we can have made, for a provider that repeats it in what it reports: 24
    letters and digits (`tokens.bounce_token`), or nothing if nobody needs to hear of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A row as claimed by a run: what a copy needs to be spliced."""

    delivery_id: int
    subscriber_id: str
    address: str = field(repr=False)
    attempts: int
    rendition_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A row as people see it."""

    id: int
    edition_key: str
    subscriber_id: str | None
    address: str | None = field(repr=False)
    state: DeliveryState
    attempts: int
    next_attempt_at: datetime | None
    code: int | None
    enhanced_code: str | None
    provider_id: str | None
    note: str
    acknowledged_at: datetime | None
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try that was anything but a plain success, as people see it."""

    at: datetime
    result: Result
    phase: Phase | None
    """None: unknown, the run that tried was killed."""
    code: int | None
    enhanced_code: str | None
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryEvent:
    """What was heard of a delivery after it was handed over: a bounce, a complaint, a provider's report.

    `source` and `source_key` together name it: the same event heard twice is one.
    """

    kind: EventKind
    at: datetime
    """When it happened, as far as the other side says."""
    received_at: datetime
    source: str
    """Where it was heard: `mailbox`, or a provider's name."""
    source_key: str
    delivery_id: int | None = None
    """None: it could not be tied to a delivery."""
    subscriber_id: str | None = None
    permanent: bool = False
    """Of a bounce: it will be the same next time."""
    code: int | None = None
    enhanced_code: str | None = None
    note: str = ""
    """The other side's words without any address."""

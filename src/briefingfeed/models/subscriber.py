"""Subscriber: an address that asked; the proof that it did; and addresses never to be mailed again."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from briefingfeed.models.edition import Cadence


class SubscriberState(StrEnum):
    UNCONFIRMED = "unconfirmed"
    CONFIRMED = "confirmed"
    UNSUBSCRIBED = "unsubscribed"


class ConsentKind(StrEnum):
    """What a row of the append-only consent table says."""

    ADDED = "added"
    """The operator added the address and says where the consent came from."""
    IMPORTED = "imported"
    WITHDRAWN = "withdrawn"
    """Unsubscribed, by link, one-click, mail or operator."""
    RENEWED = "renewed"
    """Subscribed again, on the subscriber's own wish."""
    ERASED = "erased"


class SuppressionReason(StrEnum):
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    ERASED = "erased"
    LEFT = "left"
    """Asked to leave, but a restored database doesn't know them: they came after it was copied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    id: str
    """32 hex digits, most of them random: what links carry instead of the address."""
    address: str = field(repr=False)
    """Normalised: domain lower-case, IDN as Unicode."""
    state: SubscriberState
    created_at: datetime
    unsubscribed_at: datetime | None = None
    cadence: Cadence = Cadence.WEEKLY
    cadence_since: datetime | None = None
    """When it was changed; None: never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    subscriber_id: str
    kind: ConsentKind
    at: datetime
    source: str
    """Where it came from: `command`, `import members.csv`, `one-click`, `page`."""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """Known by a keyed hash of the address, so that it outlives the address itself."""

    address_hash: str
    reason: SuppressionReason
    at: datetime
    note: str = ""

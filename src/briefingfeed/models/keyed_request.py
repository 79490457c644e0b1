"""A request under an idempotency key: what must be known to send the very same one again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedRequest:
    key: str
    """The service takes one request under it, however often it comes."""
    digest: str
    """SHA-256 of all that is sent, login and key included: what differs in anything is another request."""
    delivery_ids: tuple[int, ...]
    """Its copies, in its order."""
    repeatable_for: timedelta
    """So long after its first attempt it may be sent again."""

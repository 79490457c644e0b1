"""What a way out can carry, as data: the dispatch reads it, and docs/providers.md is held to it by a test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """`most_*` None: no limit that we know of."""

    most_messages: int = 1
    """Per request, or per turn of an SMTP session."""
    most_octets: int | None = None
    """Per request, well below what the service says."""
    own_bytes: bool = False
    """It takes our MIME message as it is. Otherwise it builds one from subject, texts and header fields."""
    merges: bool = False
    """It takes the texts once per request, and what differs from copy to copy beside them."""
    key_seconds: float | None = None
    """For how long it recognises a request that comes twice, by the shortest time it ever published; None: it
    doesn't."""
    international: bool = False
    """It takes an address with letters beyond ASCII before the @."""
    envelope_sender: bool = False
    """Bounces come back to an address of ours, one per copy (VERP)."""
    own_message_id: bool = False
    """The copy keeps our Message-ID."""


OURS: Final = Capabilities(own_bytes=True, international=True, envelope_sender=True, own_message_id=True)
"""Of ways out that carry our bytes, one message at a time."""

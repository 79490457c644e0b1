"""What a way out can carry, as data: the dispatch reads it, and docs/providers.md is held to it by a test."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """`most_*` None: no limit that we know of."""

    most_messages: int = 1
    """Per request, or per turn of an SMTP session."""
    most_octets: int | None = None
    """Per request, well below what the service says."""
    raw_mime: bool = False
    """It takes our MIME message as it is ("raw"). Otherwise it builds one from subject, texts and header fields."""
    merges: bool = False
    """It takes the texts once per request, and what differs from copy to copy beside them."""
    idempotency_window: timedelta | None = None
    """For how long a request that comes twice under one idempotency key is taken once, by the shortest time it ever
    published; None: it knows no such keys."""
    smtputf8: bool = False
    """It takes an internationalised address (EAI, RFC 6531): letters beyond ASCII before the @."""
    envelope_sender: bool = False
    """Bounces come back to an address of ours, one per copy (VERP)."""
    own_message_id: bool = False
    """The copy keeps our Message-ID."""

    @property
    def repeatable_for(self) -> timedelta | None:
        """So long after its first attempt we send a request again: a fifth of the window is left to clocks that are
        wrong, and to the request's way there. None: never."""
        return self.idempotency_window * 4 / 5 if self.idempotency_window else None


OURS: Final = Capabilities(raw_mime=True, smtputf8=True, envelope_sender=True, own_message_id=True)
"""Of ways out that carry our bytes, one message at a time."""

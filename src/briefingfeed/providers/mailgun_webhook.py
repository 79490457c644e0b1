"""What Mailgun tells later. https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/webhook-payloads

The proof stands in the body: HMAC-SHA256 over a time and a token, which leaves the rest unsigned
(https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks). So a token counts for one body
only, as long as the process lives: who saw a call can repeat it, and change nothing in it before the next restart.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from itertools import takewhile
from typing import Any, Final

from briefingfeed.models.delivery import EventKind
from briefingfeed.models.report import Report
from briefingfeed.providers.webhook import (
    TRIED_AGAIN,
    Call,
    ForgedCallError,
    Told,
    about,
    check_age,
    enhanced_code,
    inner,
    instant,
    read_unproven,
    reply_code,
    words,
)

_KINDS: Final[Mapping[str, EventKind]] = {
    "delivered": EventKind.DELIVERED,
    "failed": EventKind.BOUNCED,
    "rejected": EventKind.BOUNCED,
    "complained": EventKind.COMPLAINED,
    "unsubscribed": EventKind.UNSUBSCRIBED,
}
_THEY_REFUSE: Final[Mapping[str, str]] = {
    # Of addresses on its lists of suppressions it says no more than this.
    "suppress-bounce": "5.1.1",
    "suppress-complaint": "5.7.1",
    "suppress-unsubscribe": "5.7.1",
}


class MailgunWebhook:
    def __init__(self, key: str) -> None:
        """`key`: the account's HTTP webhook signing key, which is not the API key."""
        self._key = key.strip().encode()
        self._seen: dict[str, tuple[datetime, bytes]] = {}
        """When each token came first, and the digest of what it came with. The oldest is first."""

    async def read(self, call: Call) -> Sequence[Told]:
        told = read_unproven(call.body)
        token = self._prove(call, inner(told, "signature"))
        event = inner(told, "event-data")
        kind = _KINDS.get(str(event.get("event")))
        return (Told(key=token, report=_report(kind, event)),) if kind else ()

    def _prove(self, call: Call, signature: Mapping[str, Any]) -> str:
        time, token, given = (str(signature.get(each, "")) for each in ("timestamp", "token", "signature"))
        expected = hmac.digest(self._key, f"{time}{token}".encode(errors="replace"), "sha256").hex()
        if not hmac.compare_digest(given.encode(errors="replace"), expected.encode()):
            raise ForgedCallError
        check_age(call, time, TRIED_AGAIN)
        digest = sha256(call.body).digest()
        if self._seen.setdefault(token, (call.at, digest))[1] != digest:
            raise ForgedCallError
        for old in list(takewhile(lambda each: self._seen[each][0] < call.at - 2 * TRIED_AGAIN, self._seen)):
            del self._seen[old]
        return token


def _report(kind: EventKind, event: Mapping[str, Any]) -> Report:
    status = inner(event, "delivery-status")
    said = words(status.get("message"), status.get("description"))
    permanent = kind is EventKind.BOUNCED and event.get("severity") != "temporary"
    if kind is EventKind.BOUNCED and not permanent:
        kind = EventKind.DELAYED  # it goes on trying, for eight hours
    reason = str(event.get("reason"))
    code = status.get("code")
    message_id = inner(inner(event, "message"), "headers").get("message-id")
    return Report(
        kind=kind,
        about=about(
            mark=inner(event, "user-variables").get("mark"),
            provider_id=f"<{message_id.strip('<>')}>" if isinstance(message_id, str) else None,
            address=event.get("recipient"),
        ),
        at=instant(event.get("timestamp")),
        permanent=permanent,
        code=code if isinstance(code, int) and 400 <= code < 600 else reply_code(said),
        enhanced_code=_THEY_REFUSE.get(reason) or enhanced_code(words(status.get("enhanced-code"), said)),
        words=said or words(event.get("reason")),
    )

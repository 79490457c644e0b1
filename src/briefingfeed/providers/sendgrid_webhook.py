"""What SendGrid tells later: a list of events at a time.

https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event. It signs time and body by ECDSA (P-256,
SHA-256); the public key stands on the webhook's page there
(https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from briefingfeed.errors import ConfigurationError
from briefingfeed.models.delivery import EventKind
from briefingfeed.models.report import Report
from briefingfeed.providers.webhook import (
    TRIED_AGAIN,
    Call,
    ForgedCallError,
    Told,
    UnreadableCallError,
    about,
    check_age,
    enhanced_code,
    instant,
    read_json,
    reply_code,
    words,
)

_SIGNATURE = "x-twilio-email-event-webhook-signature"
_TIME = "x-twilio-email-event-webhook-timestamp"
_KINDS: Final[Mapping[str, EventKind]] = {
    "delivered": EventKind.DELIVERED,
    "deferred": EventKind.DELAYED,
    "bounce": EventKind.BOUNCED,
    "dropped": EventKind.BOUNCED,
    "spamreport": EventKind.COMPLAINED,
    "unsubscribe": EventKind.UNSUBSCRIBED,
    "group_unsubscribe": EventKind.UNSUBSCRIBED,
}
_THEY_REFUSE: Final[Mapping[str, str]] = {
    # Why an event is `dropped`; the others are about us, or about the mail.
    "bounced address": "5.1.1",
    "invalid": "5.1.3",
}


class SendGridWebhook:
    """Raises ConfigurationError for a key that is none."""

    def __init__(self, public_key: str) -> None:
        """`public_key`: as the webhook's page shows it, without the lines around it or with them."""
        lines = [line.strip() for line in public_key.splitlines() if not line.startswith("-----")]
        try:
            key = load_der_public_key(base64.b64decode("".join(lines), validate=True))
        except (ValueError, binascii.Error):
            key = None
        if not isinstance(key, EllipticCurvePublicKey):
            raise ConfigurationError(
                "The webhook's public key is not one of SendGrid's.",
                where="[sendgrid]",
                remedy="Copy the verification key again from Signature Verification on the webhook's page there.",
            )
        self._key = key

    async def read(self, call: Call) -> Sequence[Told]:
        self._prove(call)
        events = read_json(call.body)
        if not isinstance(events, list):
            raise UnreadableCallError("It is no list of events.")
        told = [_told(event) for event in events if isinstance(event, dict)]
        return [each for each in told if each]

    def _prove(self, call: Call) -> None:
        time = call.headers.get(_TIME, "")
        try:
            signature = base64.b64decode(call.headers.get(_SIGNATURE, ""), validate=True)
            self._key.verify(signature, time.encode() + call.body, ECDSA(SHA256()))
        except (InvalidSignature, ValueError, binascii.Error):
            raise ForgedCallError from None
        check_age(call, time, TRIED_AGAIN)


def _told(event: Mapping[str, Any]) -> Told | None:
    kind = _KINDS.get(str(event.get("event")))
    if kind is None:
        return None
    said = words(event.get("reason"), event.get("response"))
    refused = event.get("event") == "dropped"
    # What is `blocked` was refused for now or for what we are: the address may be well.
    permanent = kind is EventKind.BOUNCED and event.get("type") != "blocked"
    message_id = event.get("sg_message_id")
    report = Report(
        kind=kind,
        about=about(
            mark=event.get("mark"),
            provider_id=message_id.partition(".")[0] if isinstance(message_id, str) else None,
            address=event.get("email"),
        ),
        at=instant(event.get("timestamp")),
        permanent=permanent,
        code=reply_code(said),
        enhanced_code=_THEY_REFUSE.get(str(event.get("reason")).lower(), "5.7.1")
        if refused
        else enhanced_code(words(event.get("status"), said)),
        words=said,
    )
    return Told(key=f"{event.get('sg_event_id')}:{message_id}:{kind}", report=report)

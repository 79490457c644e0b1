"""What Resend tells later. https://resend.com/docs/dashboard/webhooks/introduction

It signs by Svix's scheme: HMAC-SHA256 over id, time and body, with a secret that it shows when the webhook is made
(https://docs.svix.com/receiving/verifying-payloads/how-manual). The time is that of each try.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from typing import Any

from briefingfeed.errors import ConfigurationError
from briefingfeed.models.delivery import EventKind
from briefingfeed.models.report import Clues, Report
from briefingfeed.providers.webhook import (
    FRESH,
    Call,
    ForgedCallError,
    Told,
    about,
    check_age,
    enhanced_code,
    inner,
    instant,
    read_object,
    reply_code,
    words,
)

_PREFIX = "whsec_"
_KINDS = {
    "email.delivered": EventKind.DELIVERED,
    "email.delivery_delayed": EventKind.DELAYED,
    "email.bounced": EventKind.BOUNCED,
    "email.complained": EventKind.COMPLAINED,
}


class ResendWebhook:
    """Raises ConfigurationError for a secret that is none."""

    def __init__(self, secret: str) -> None:
        try:
            self._key = base64.b64decode(secret.strip().removeprefix(_PREFIX), validate=True)
        except (binascii.Error, ValueError):
            self._key = b""
        if len(self._key) < 16:
            raise ConfigurationError(
                "The webhook's signing secret is not one of Resend's.",
                where="[resend]",
                remedy=f"Copy it again from the webhook's page there: it begins with {_PREFIX}.",
            )

    async def read(self, call: Call) -> Sequence[Told]:
        name = self._prove(call)
        told = read_object(call.body)
        kind = _KINDS.get(str(told.get("type")))
        if kind is None:
            return ()
        data = inner(told, "data")
        if kind is EventKind.BOUNCED:
            report = _bounce(told, data)
        else:
            report = Report(kind=kind, about=_about(data), at=instant(told.get("created_at")))
        return (Told(key=name, report=report),)

    def _prove(self, call: Call) -> str:
        """Return the event's own name."""
        name, time = (call.headers.get(f"svix-{each}", "") for each in ("id", "timestamp"))
        signed = f"{name}.{time}.".encode() + call.body
        expected = base64.b64encode(hmac.digest(self._key, signed, "sha256"))
        # Several while the secret is being changed: "v1,… v1,…".
        given = [each.partition(",") for each in call.headers.get("svix-signature", "").split(" ")]
        fits = [version == "v1" and hmac.compare_digest(one.encode(), expected) for version, _, one in given]
        if not name or not any(fits):
            raise ForgedCallError
        check_age(call, time, FRESH)
        return name


def _bounce(told: Mapping[str, Any], data: Mapping[str, Any]) -> Report:
    bounce = inner(data, "bounce")
    servers = bounce.get("diagnosticCode")
    said = words(*(servers if isinstance(servers, list) else ()), bounce.get("message"))
    permanent = bounce.get("type") == "Permanent"
    is_refused_by_resend = permanent and bounce.get("subType") in ("Suppressed", "OnAccountSuppressionList", "NoEmail")
    return Report(
        kind=EventKind.BOUNCED,
        about=_about(data),
        at=instant(told.get("created_at")),
        permanent=permanent,
        code=reply_code(said),
        enhanced_code="5.1.1" if is_refused_by_resend else enhanced_code(said),
        words=said,
    )


def _about(data: Mapping[str, Any]) -> Clues:
    """Tags come as an object or as a list of names and values, whatever the page says."""
    tags = data.get("tags")
    if isinstance(tags, list):
        tags = {each.get("name"): each.get("value") for each in tags if isinstance(each, Mapping)}
    recipients = data.get("to")
    return about(
        mark=tags.get("mark") if isinstance(tags, Mapping) else None,
        provider_id=data.get("email_id"),
        address=recipients[0] if isinstance(recipients, list) and recipients else None,
    )

"""What may stand in a request to a mail service, as JSON Schema, by what the vendors publish.

SES: API reference of SendEmail, and its service model. Resend, SendGrid: the vendors' OpenAPI files (send-batch-emails,
mail/send). Brevo: reference of sendTransacEmail. Only what we send is listed; anything else is a mistake of ours.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def _object(required: dict[str, Any], **optional: Any) -> Schema:
    return {
        "type": "object",
        "properties": {**required, **optional},
        "required": list(required),
        "additionalProperties": False,
    }


def _list(items: Any, most: int) -> Schema:
    return {"type": "array", "items": items, "minItems": 1, "maxItems": most}


TEXT: Schema = {"type": "string", "minLength": 1}
ADDRESS: Schema = {"type": "string", "pattern": r"^[^@\s,<>]{1,64}@[A-Za-z0-9.-]+$"}
TEXTS: Schema = {"type": "object", "additionalProperties": {"type": "string"}}
OFF: Schema = {"const": False}

SES = _object(
    {
        "Destination": _object({"ToAddresses": _list(ADDRESS, 50)}),
        "Content": _object({"Raw": _object({"Data": {"type": "string", "pattern": "^[A-Za-z0-9+/]+=*$"}})}),
    },
    FeedbackForwardingEmailAddress=ADDRESS,
    ConfigurationSetName=TEXT,
    EmailTags=_list(
        _object({name: {"type": "string", "pattern": r"^[\w.@-]{1,256}$"} for name in ("Name", "Value")}), 50
    ),
)

RESEND = _list(
    _object(
        {"from": TEXT, "to": _list(ADDRESS, 50), "subject": TEXT, "html": TEXT, "text": TEXT},
        reply_to=_list(TEXT, 50),
        headers=TEXTS,
        tags=_list(_object({name: {"type": "string", "pattern": r"^[\w-]{1,256}$"} for name in ("name", "value")}), 50),
    ),
    100,
)

_PERSON = _object({"email": ADDRESS}, name=TEXT)

SENDGRID = _object(
    {
        "personalizations": _list(
            _object(
                {"to": _list(_object({"email": ADDRESS}), 1000), "headers": TEXTS},
                substitutions={**TEXTS, "maxProperties": 100},
                custom_args=TEXTS,
            ),
            1000,
        ),
        "from": _PERSON,
        "subject": TEXT,
        "content": {
            "prefixItems": [_object({"type": {"const": kind}, "value": TEXT}) for kind in ("text/plain", "text/html")],
            "items": False,
            "minItems": 2,
        },
        "tracking_settings": _object(
            {
                "click_tracking": _object({"enable": OFF, "enable_text": OFF}),
                **{name: _object({"enable": OFF}) for name in ("open_tracking", "subscription_tracking", "ganalytics")},
            }
        ),
    },
    reply_to=_PERSON,
)

BREVO = _object(
    {
        "sender": _PERSON,
        "subject": TEXT,
        "htmlContent": TEXT,
        "textContent": TEXT,
        "messageVersions": _list(
            _object({"to": _list(_object({"email": ADDRESS}), 99), "headers": TEXTS}, params=TEXTS), 1000
        ),
        "headers": _object(
            {"idempotencyKey": {"type": "string", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"}}
        ),
    },
    replyTo=_PERSON,
)

"""A service's provider, spoken to by `api_server`; and copies of a real rendition to hand it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from briefingfeed.http import open_client
from briefingfeed.models.delivery import Message
from briefingfeed.models.edition import Rendition, SlotName
from briefingfeed.models.settings import PathSettings
from briefingfeed.newsletter.merge_template import merge_template
from briefingfeed.newsletter.mime import build_message, fill, splice
from briefingfeed.newsletter.placeholders import placeholders_of
from briefingfeed.providers.http_provider import HttpProvider
from briefingfeed.providers.registry import provider_spec
from renditions import rendition_of
from servers.api_dialects import KEY
from servers.recorded_work import RecordedWork
from servers.sigv4_check import KEY_ID, SECRET_KEY

NAMES = ("brevo", "mailgun", "resend", "sendgrid", "ses")
MERGING = ("brevo", "mailgun", "sendgrid")
KEYED = ("brevo", "resend")
_BATCHES = frozenset(NAMES) - {"ses"}


def now() -> datetime:
    return datetime(2026, 11, 23, 8, 1, tzinfo=UTC)


def provider_for(name: str, url: str, *, batch: int = 5, read_seconds: float = 60.0, **settings: Any) -> HttpProvider:
    """Return a provider as the registry builds it, but for how long it waits."""
    spec = provider_spec(name)
    secrets = dict.fromkeys(spec.secrets, KEY)
    if name == "ses":
        secrets = dict(zip(spec.secrets, (KEY_ID, SECRET_KEY), strict=False))
    given = {
        "url": url,
        "retry_pause": 0.01,
        "rate": None,
        **({"batch": batch} if name in _BATCHES else {}),
        **settings,
    }
    if name in ("ses", "mailgun"):
        given.setdefault("connections", 1)
    nowhere = Path("/nonexistent")
    paths = PathSettings(root=nowhere, posts=nowhere, templates=nowhere, output=nowhere, state=nowhere)
    built = spec.build(spec.settings(**given), secrets, paths, now)
    assert isinstance(built, HttpProvider)
    opened = partial(open_client, allow_loopback=True, read_seconds=read_seconds, keep_connections=name == "ses")
    return HttpProvider(name, built.service, opened)


def digest(
    text: str = "Leave: {leave}\n",
    html: str = "<p><a href='{leave}'>Leave</a></p>",
    *,
    sender: str = "Zoë’s Briefings <news@briefings.example>",
    subject: str = "Zwölf Fälle",
) -> Rendition:
    """Make a rendition; where `text` and `html` say `{leave}`, the address for unsubscribing comes."""
    made = rendition_of(text, html, sender=sender, subject=subject, post_id="p")
    headers = (
        *made.headers,
        ("Reply-To", "Zoë Team <team@briefings.example>"),
        ("List-Id", "Zwölf <list.briefings.example>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    )
    message = build_message(headers, made.text, made.html, placeholders_of(made))
    return replace(made, headers=headers, message=message)


def copy_of(rendition: Rendition, number: int, recipient: str, base: str = "https://briefings.example/u/") -> Message:
    values = {
        SlotName.ADDRESS: recipient,
        SlotName.MESSAGE_ID: f"<{number}@briefings.example>",
        SlotName.UNSUBSCRIBE_URL: f"{base}{number}",
        SlotName.UNSUBSCRIBE_TOKEN: f"{number}",
    }
    return Message(
        delivery_id=number,
        envelope_from="bounces@briefings.example",
        recipient=recipient,
        message_id=values[SlotName.MESSAGE_ID],
        segments=splice(rendition.message, values),
        parts=partial(fill, rendition, values),
        template=partial(merge_template, rendition),
        values=values,
        mark=lambda: f"{number:024}",
    )


class DigestWork(RecordedWork):
    """Copies of a real rendition."""

    def __init__(self, recipients: Sequence[str], rendition: Rendition | None = None, **base: str) -> None:
        super().__init__(())
        rendition = rendition or digest()
        self.hand_in([copy_of(rendition, number, recipient, **base) for number, recipient in enumerate(recipients)])

    def hand_in(self, messages: Sequence[Message]) -> None:
        """Numbered anew, since each work has numbers of its own."""
        self._waiting = [replace(message, delivery_id=number) for number, message in enumerate(messages)]

"""SendGrid's mail/send: the texts once per request, and for each reader a personalization with what is their own.

https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send (at most 1,000 readers, 30 MB). It replaces text
by text, so each slot's tag is one that cannot stand in the content. It has no idempotency key.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Final

from briefingfeed.http import open_client
from briefingfeed.models.delivery import MergeTemplate, Parts, Result
from briefingfeed.models.edition import SlotName, SlotValues
from briefingfeed.models.settings import PathSettings
from briefingfeed.providers.capabilities import Capabilities
from briefingfeed.providers.http_answers import Answer, Item, Refusal, Verdict, judge_status, permanent_refusal
from briefingfeed.providers.http_provider import HttpProvider
from briefingfeed.providers.http_service import BatchSettings, Copy, Request, checked_secret
from briefingfeed.providers.merging import ascii_fields, ascii_words, mailbox, own_fields, reply_to, sort_out, tags_of
from briefingfeed.providers.spec import Clock, Found, ProviderSpec, Secret, WebhookSpec
from briefingfeed.providers.stencil import OwnStencils
from briefingfeed.providers.webhook import Webhook

NAME = "sendgrid"
KEY = Secret("BRIEFINGFEED_SENDGRID_KEY", "key_file")
CAPABILITIES: Final = Capabilities(most_messages=1000, merges=True, own_message_id=True)
_LOGIN = (
    f"Check the API key in {KEY.variable}: it needs the right Mail Send. The address in [newsletter] from must belong "
    "to a domain that is authenticated at SendGrid."
)
_NO_TRACKING: Final[Mapping[str, Any]] = {
    "click_tracking": {"enable": False, "enable_text": False},
    "open_tracking": {"enable": False},
    "subscription_tracking": {"enable": False},
    "ganalytics": {"enable": False},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SendgridSettings(BatchSettings):
    """The table `[sendgrid]`."""

    capabilities: ClassVar[Capabilities] = CAPABILITIES

    key_file: Path | None = None
    webhook_public_key: str | None = None
    batch: int = CAPABILITIES.most_messages
    url: str = "https://api.sendgrid.com"


class Sendgrid:
    """Raises ConfigurationError without a key."""

    title = "SendGrid"

    def __init__(self, settings: SendgridSettings, key: str | None) -> None:
        self.settings = settings
        remedy = f"Make one at Settings, API Keys there, and put it into the environment as {KEY.variable}."
        self._headers = {
            "Authorization": f"Bearer {checked_secret(key, 'API key for SendGrid', NAME, remedy)}",
            "Content-Type": "application/json",
        }
        self._personal = OwnStencils(_personal)

    def requests(self, copies: Sequence[Copy]) -> Iterator[Request]:
        shared, alone = sort_out(copies, lambda _template: True)
        for template, group in shared.items():
            yield self._request(group, _tagged(template), [self._personal.write(template, copy) for copy in group])
        for copy in alone:
            parts = copy.message.parts()
            fields = ascii_fields(parts.headers, ascii_words)
            envelope = _envelope(copy.recipient, copy.message.message_id, copy.message.mark(), fields)
            yield self._request([copy], parts, [_json(envelope)])

    def read(self, request: Request, answer: Answer) -> Verdict:
        verdict = judge_status(answer, self.title, login=_LOGIN)
        if verdict is not None:
            return verdict
        count = len(request.copies)
        if answer.is_success:
            return (Item(result=Result.ACCEPTED, provider_id=answer.headers.get("x-message-id") or None),) * count
        errors = answer.object().get("errors")
        first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
        words, field = str(first.get("message", "")), str(first.get("field") or "")
        if answer.status in (400, 413) and count > 1 and (not field or field.startswith("personalizations")):
            return Refusal(message=f"SendGrid refused the request ({answer.status}).", splits=True)
        if answer.status == 400 and field.startswith("personalizations"):
            return (Item(result=Result.FAILED, note=f"{field} {words}"),)
        return permanent_refusal(
            self.title, answer, f"{field} {words}".strip(), "Check from and reply_to in [newsletter]."
        )

    def _request(self, copies: Sequence[Copy], parts: Parts, personal: Sequence[bytes]) -> Request:
        answers_to = reply_to(parts.headers)
        mail = {
            "from": _person(parts.sender),
            **({"reply_to": _person(answers_to)} if answers_to else {}),
            "subject": parts.subject,
            "content": [{"type": "text/plain", "value": parts.text}, {"type": "text/html", "value": parts.html}],
            "tracking_settings": _NO_TRACKING,
        }
        content = b'%b,"personalizations":[%b]}' % (_json(mail)[:-1], b",".join(personal))
        return Request(
            copies=copies, url=f"{self.settings.endpoint}/v3/mail/send", content=content, headers=self._headers
        )


def _tagged(template: MergeTemplate) -> Parts:
    """The template's parts with SendGrid's tags in place of stand-ins."""
    parts, html, text = template.parts, template.parts.html, template.parts.text
    for slot, stand_in in template.stand_ins.items():
        html, text = (each.replace(stand_in, f"-{tags_of(template)[slot]}-") for each in (html, text))
    return Parts(sender=parts.sender, subject=parts.subject, html=html, text=text, headers=parts.headers)


def _personal(template: MergeTemplate, values: SlotValues, recipient: str, mark: str) -> Mapping[str, Any]:
    tags = tags_of(template)
    own = {f"-{tags[slot]}-": values[slot] for slot in template.in_html | template.in_text}
    envelope = _envelope(recipient, values[SlotName.MESSAGE_ID], mark, own_fields(template, values, ascii_words))
    return {**envelope, "substitutions": own} if own else envelope


def _envelope(recipient: str, message_id: str, mark: str, fields: Mapping[str, str]) -> Mapping[str, Any]:
    return {
        "to": [{"email": recipient}],
        "headers": {**fields, "Message-ID": message_id},
        **({"custom_args": {"mark": mark}} if mark else {}),
    }


def _person(value: str) -> Mapping[str, str]:
    name, address = mailbox(value)
    return {"email": address, "name": name} if name else {"email": address}


def _json(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _build(settings: SendgridSettings, secrets: Found, paths: PathSettings, now: Clock) -> HttpProvider:
    del paths, now
    service = Sendgrid(settings, secrets.get(KEY))
    return HttpProvider(NAME, service, partial(open_client, allow_loopback=settings.is_loopback))


def _webhook(settings: SendgridSettings, secrets: Found, passwords: Sequence[str]) -> Webhook | None:
    del secrets, passwords
    if settings.webhook_public_key is None:
        return None
    from briefingfeed.providers.sendgrid_webhook import SendGridWebhook  # loads cryptography

    return SendGridWebhook(settings.webhook_public_key)


SPEC = ProviderSpec(
    SendgridSettings,
    _build,
    (KEY,),
    capabilities=CAPABILITIES,
    webhook=WebhookSpec(
        _webhook, "Delivered, Deferred, Bounced, Dropped, Spam Reports, Unsubscribes", "[sendgrid] webhook_public_key"
    ),
)

"""Brevo's smtp/email: the texts once per request, and for each reader a message version with what is their own.

https://developers.brevo.com/docs/batch-send-transactional-emails (at most 1,000 versions). Its template language reads
subject and texts, so every `{` that could begin something in it is a parameter itself: what a template puts in is not
read again. It recognises a request by the UUID in it for a quarter of an hour, and answers the second with an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Final
from uuid import UUID

from briefingfeed.http import open_client
from briefingfeed.models.delivery import MergeTemplate, Parts, Result
from briefingfeed.models.edition import SlotName, SlotValues
from briefingfeed.models.settings import PathSettings
from briefingfeed.providers.brevo_webhook import BrevoWebhook
from briefingfeed.providers.capabilities import Capabilities
from briefingfeed.providers.http_answers import (
    ACCEPTED,
    Answer,
    Item,
    Refusal,
    Unclear,
    Verdict,
    judge_status,
    permanent_refusal,
)
from briefingfeed.providers.http_provider import HttpProvider
from briefingfeed.providers.http_service import BatchSettings, Copy, Request, checked_secret, fingerprint
from briefingfeed.providers.merging import ascii_fields, ascii_words, mailbox, own_fields, reply_to, sort_out
from briefingfeed.providers.spec import Clock, Found, ProviderSpec, Secret, WebhookSpec
from briefingfeed.providers.stencil import OwnStencils
from briefingfeed.providers.webhook import Webhook

NAME = "brevo"
KEY = Secret("BRIEFINGFEED_BREVO_KEY", "key_file")
CAPABILITIES: Final = Capabilities(most_messages=1000, merges=True, idempotency_window=timedelta(minutes=15))
_LOGIN = f"Check the API key in {KEY.variable}. Brevo may also want to know this machine's address: Security there."
_ABOUT_OUR_ACCOUNT = frozenset({"not_enough_credits", "permission_denied", "account_under_validation", "unauthorized"})
_KNOWN = "duplicate_parameter"
_BEGINS = re.compile(r"\{(?=[{%#h])")
"""A brace that begins something of theirs, or would before a parameter: every stand-in begins with an h."""
_BRACE: Final = "brace"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrevoSettings(BatchSettings):
    """The table `[brevo]`."""

    capabilities: ClassVar[Capabilities] = CAPABILITIES

    key_file: Path | None = None
    batch: int = CAPABILITIES.most_messages
    rate: float | None = 1.5
    """Their limit is 100 requests a minute."""
    url: str = "https://api.brevo.com"


class Brevo:
    """Raises ConfigurationError without a key."""

    title = "Brevo"

    def __init__(self, settings: BrevoSettings, key: str | None) -> None:
        self.settings = settings
        remedy = f"Make one at SMTP & API, API Keys there, and put it into the environment as {KEY.variable}."
        self._headers = {
            "api-key": checked_secret(key, "API key for Brevo", NAME, remedy),
            "Accept": "application/json",
            "Content-Type": "application/json",
        }
        self._versions = OwnStencils(_merged)

    def requests(self, copies: Sequence[Copy]) -> Iterator[Request]:
        shared, alone = sort_out(copies, lambda _template: True)
        for template, group in shared.items():
            stand_ins = [(stand_in, _parameter(_name(slot))) for slot, stand_in in template.stand_ins.items()]
            versions = [self._versions.write(template, copy) for copy in group]
            yield self._request(group, template.parts, stand_ins, versions)
        for copy in alone:
            parts = copy.message.parts()
            version = _version(copy.recipient, copy.message.mark(), ascii_fields(parts.headers, _without_words), {})
            yield self._request([copy], parts, (), [_json(version)])

    def read(self, request: Request, answer: Answer) -> Verdict:
        verdict = judge_status(answer, self.title, login=_LOGIN)
        if verdict is not None:
            return verdict
        count, found = len(request.copies), answer.object()
        if answer.is_success:
            ids = found.get("messageIds", [found.get("messageId")])
            if not isinstance(ids, list) or len(ids) != count:
                return (ACCEPTED,) * count  # they said yes: it is taken, only the ids are lost
            return tuple(Item(result=Result.ACCEPTED, provider_id=str(each) if each else None) for each in ids)
        code, words = str(found.get("code", "")), str(found.get("message", ""))
        if code == _KNOWN:
            return self._known(count, words, answer.earlier)
        if code in _ABOUT_OUR_ACCOUNT or answer.status == 402:
            remedy = "Look at the account there: what it may send, and how much of that is left."
            return Refusal(message=f"Brevo does not send for us: {code} {words}", remedy=remedy, permanent=True)
        if answer.status in (400, 413) and count > 1:
            return Refusal(message=f"Brevo refused the request ({answer.status}).", splits=True)
        if answer.status == 400 and "sender" not in words:
            about_address = "email" in words and "valid" in words
            return (Item(result=Result.FAILED if about_address else Result.POLICY, note=f"{code} {words}"),)
        return permanent_refusal(
            self.title, answer, f"{code} {words}", "Check the sender in [newsletter] from at Brevo."
        )

    def _known(self, count: int, words: str, earlier: Unclear | None) -> Verdict:
        """The key names content and copies: this very request has been there, by our doing or another run's. Unless it
        is another parameter that came twice."""
        if "idempoten" in words.lower() and earlier is not None and not earlier.answered:
            return (ACCEPTED,) * count
        return Unclear(note="Brevo knows this request from an earlier try that did not end well.", answered=True)

    def _request(
        self,
        copies: Sequence[Copy],
        parts: Parts,
        stand_ins: Sequence[tuple[str, str]],
        versions: Sequence[bytes],
    ) -> Request:
        answers_to = reply_to(parts.headers)
        mail = {
            "sender": _person(parts.sender),
            **({"replyTo": _person(answers_to)} if answers_to else {}),
            "subject": _literal(parts.subject, ()),
            "htmlContent": _literal(parts.html, stand_ins),
            "textContent": _literal(parts.text, stand_ins),
        }
        content = b'%b,"messageVersions":[%b]' % (_json(mail)[:-1], b",".join(versions))
        key = UUID(bytes=fingerprint(content, copies)[:16], version=4)
        return Request(
            copies=copies,
            url=f"{self.settings.endpoint}/v3/smtp/email",
            content=b'%b,"headers":{"idempotencyKey":"%b"}}' % (content, str(key).encode()),
            headers=self._headers,
            key=str(key),
        )


def _literal(text: str, stand_ins: Sequence[tuple[str, str]]) -> str:
    """Return text that their template language gives back as it was, and with parameters in place of stand-ins."""
    text = _BEGINS.sub(_parameter(_BRACE), text)
    for stand_in, parameter in stand_ins:
        text = text.replace(stand_in, parameter)
    return text


def _parameter(name: str) -> str:
    return f"{{{{params.{name}}}}}"


def _merged(template: MergeTemplate, values: SlotValues, recipient: str, mark: str) -> Mapping[str, Any]:
    own = {_name(slot): values[slot] for slot in template.in_html | template.in_text}
    return _version(recipient, mark, own_fields(template, values, _without_words), own)


def _version(recipient: str, mark: str, fields: Mapping[str, str], params: Mapping[str, str]) -> Mapping[str, Any]:
    return {
        "to": [{"email": recipient}],
        "headers": {**fields, "X-Mailin-custom": mark} if mark else fields,
        "params": {**params, _BRACE: "{"},
    }


def _without_words(value: str) -> str:
    """Words beyond ASCII would arrive as raw octets, even encoded ones; List-Id is as good without its words."""
    return value if value.isascii() else ascii_words(value).rpartition(" ")[2]


def _person(value: str) -> Mapping[str, str]:
    """A name with both a comma and letters beyond ASCII is lost there unless it is encoded."""
    name, address = mailbox(value)
    if not name:
        return {"email": address}
    return {"email": address, "name": ascii_words(name) if "," in name else name}


def _name(slot: SlotName) -> str:
    return slot.replace("-", "_")


def _json(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _build(settings: BrevoSettings, secrets: Found, paths: PathSettings, now: Clock) -> HttpProvider:
    del paths, now
    service = Brevo(settings, secrets.get(KEY))
    return HttpProvider(NAME, service, partial(open_client, allow_loopback=settings.is_loopback))


def _webhook(settings: BrevoSettings, secrets: Found, passwords: Sequence[str]) -> Webhook:
    del settings, secrets
    return BrevoWebhook(passwords)


SPEC = ProviderSpec(
    BrevoSettings,
    _build,
    (KEY,),
    capabilities=CAPABILITIES,
    webhook=WebhookSpec(
        _webhook, "Delivered, Soft bounce, Hard bounce, Invalid email, Blocked, Complaint, Unsubscribed, Deferred"
    ),
)

"""Resend's batch API. A copy is a whole message of its own there; the MIME is theirs.

https://resend.com/docs/api-reference/emails/send-batch-emails (at most 100 messages). It recognises a request by its
Idempotency-Key for 24 hours, so one whose answer is lost is sent again. Opens and clicks are counted, or not, by the
settings of the domain there: no request can switch it off.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Final

from briefingfeed.http import open_client
from briefingfeed.models.delivery import Parts, Result
from briefingfeed.models.settings import PathSettings
from briefingfeed.providers.capabilities import Capabilities
from briefingfeed.providers.http_answers import Answer, Item, Refusal, Unclear, Verdict, judge_status, permanent_refusal
from briefingfeed.providers.http_provider import HttpProvider
from briefingfeed.providers.http_service import BatchSettings, Copy, Request, bundles, checked_secret, fingerprint
from briefingfeed.providers.merging import ascii_fields, ascii_words
from briefingfeed.providers.resend_webhook import ResendWebhook
from briefingfeed.providers.spec import Clock, Found, ProviderSpec, Secret, WebhookSpec
from briefingfeed.providers.stencil import Stencils
from briefingfeed.providers.webhook import Webhook

NAME = "resend"
KEY = Secret("BRIEFINGFEED_RESEND_KEY", "key_file")
WEBHOOK_SECRET = Secret("BRIEFINGFEED_RESEND_WEBHOOK_SECRET", "webhook_secret_file")
CAPABILITIES: Final = Capabilities(most_messages=100, most_octets=20_000_000, idempotency_window=timedelta(hours=24))
_LOGIN = f"Check the API key in {KEY.variable}: it needs the right to send, for the domain in [newsletter] from."
_WAITS = frozenset({"rate_limit_exceeded", "daily_quota_exceeded", "monthly_quota_exceeded"})
_AGAIN = "concurrent_idempotent_requests"
"""The first try is still being worked on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResendSettings(BatchSettings):
    """The table `[resend]`."""

    capabilities: ClassVar[Capabilities] = CAPABILITIES

    key_file: Path | None = None
    webhook_secret_file: Path | None = None
    batch: int = CAPABILITIES.most_messages
    rate: float | None = 2.0
    """Their limit is per team; it stood at 2 requests per second before they raised it."""
    url: str = "https://api.resend.com"


class Resend:
    """Raises ConfigurationError without a key."""

    title = "Resend"

    def __init__(self, settings: ResendSettings, key: str | None) -> None:
        self.settings = settings
        remedy = f"Make one at API Keys there, and put it into the environment as {KEY.variable}."
        self._headers = {
            "Authorization": f"Bearer {checked_secret(key, 'API key for Resend', NAME, remedy)}",
            "Content-Type": "application/json",
            # One bad message must not spoil the request: without this they refuse all of it.
            "x-batch-validation": "permissive",
        }
        self._stencils = Stencils(_element)

    def requests(self, copies: Sequence[Copy]) -> Iterator[Request]:
        elements = [(copy, self._stencils.write(copy)) for copy in copies]
        most = CAPABILITIES.most_messages
        for bundle in bundles([(each, len(each[1])) for each in elements], most, CAPABILITIES.most_octets):
            content = b"[" + b",".join([octets for _, octets in bundle]) + b"]"
            those = [copy for copy, _ in bundle]
            key = fingerprint(content, those).hex()
            yield Request(
                copies=those,
                url=f"{self.settings.endpoint}/emails/batch",
                content=content,
                headers={**self._headers, "Idempotency-Key": key},
                key=key,
            )

    def read(self, request: Request, answer: Answer) -> Verdict:
        count = len(request.copies)
        found = answer.object()
        name, words = str(found.get("name", "")), str(found.get("message", ""))
        if answer.status == 409:
            # Our keys name content and copies: if the key is known, this very request has been there.
            return Unclear(note=f"Resend knows this request: {name} {words}".strip(), answered=name != _AGAIN)
        verdict = judge_status(answer, self.title, login=_LOGIN)
        if verdict is not None:
            return verdict
        if answer.is_success:
            return _read_batch(found, count)
        if name in _WAITS:
            return Refusal(message=f"Resend asks us to wait: {name}.", retry_after=answer.retry_after)
        if count > 1 and answer.status in (400, 413, 422):
            return Refusal(message=f"Resend refused the request ({answer.status}).", splits=True)
        if answer.status in (400, 422):
            return (Item(result=Result.POLICY, note=f"{name} {words}".strip()),)
        return permanent_refusal(
            self.title, answer, f"{name} {words}", "Check url in [resend] and the domain at Resend."
        )


def _read_batch(found: Mapping[str, Any], count: int) -> Verdict:
    """In permissive mode `data` holds those taken, in order, and `errors` the others by their index."""
    data, errors = found.get("data"), found.get("errors")
    if not isinstance(data, list):
        if not errors:
            return (Item(result=Result.ACCEPTED),) * count  # they said yes: it is taken, only the ids are lost
        data = []
    refused = {
        error["index"]: str(error.get("message", ""))
        for error in (errors if isinstance(errors, list) else ())
        if isinstance(error, dict) and isinstance(error.get("index"), int) and 0 <= error["index"] < count
    }
    if len(data) + len(refused) != count:
        unnamed = Item(result=Result.UNCERTAIN, note="Resend's answer does not say what became of each message.")
        return tuple(_refused(refused[index]) if index in refused else unnamed for index in range(count))
    ids = iter(data)
    return tuple(_refused(refused[index]) if index in refused else _taken(next(ids)) for index in range(count))


def _taken(item: object) -> Item:
    identity = item.get("id") if isinstance(item, dict) else None
    return Item(result=Result.ACCEPTED, provider_id=str(identity) if identity else None)


def _refused(words: str) -> Item:
    """What is wrong is rarely the address alone, and they don't say."""
    return Item(result=Result.FAILED if "`to`" in words else Result.POLICY, note=words)


def _element(parts: Parts, recipient: str, message_id: str, mark: str) -> Mapping[str, Any]:
    del message_id  # theirs replaces it
    reply_to = [value for name, value in parts.headers if name.lower() == "reply-to"]
    return {
        "from": parts.sender,
        "to": [recipient],
        "subject": parts.subject,
        "html": parts.html,
        "text": parts.text,
        **({"reply_to": reply_to} if reply_to else {}),
        "headers": ascii_fields(parts.headers, ascii_words),
        **({"tags": [{"name": "mark", "value": mark}]} if mark else {}),
    }


def _build(settings: ResendSettings, secrets: Found, paths: PathSettings, now: Clock) -> HttpProvider:
    del paths, now
    service = Resend(settings, secrets.get(KEY))
    return HttpProvider(NAME, service, partial(open_client, allow_loopback=settings.is_loopback))


def _webhook(settings: ResendSettings, secrets: Found, passwords: Sequence[str]) -> Webhook | None:
    del settings, passwords
    secret = secrets.get(WEBHOOK_SECRET)
    return ResendWebhook(secret) if secret else None


SPEC = ProviderSpec(
    ResendSettings,
    _build,
    (KEY, WEBHOOK_SECRET),
    capabilities=CAPABILITIES,
    webhook=WebhookSpec(
        _webhook, "email.delivered, email.delivery_delayed, email.bounced, email.complained", WEBHOOK_SECRET.variable
    ),
)

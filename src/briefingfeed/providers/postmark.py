"""Postmark's batch API. A copy is a whole message of its own there; the MIME is theirs.

https://postmarkapp.com/developer/api/email-api (a batch: at most 500 messages, 50 MB). It has no idempotency key, so a
request whose answer is lost leaves the whole batch `uncertain`. The envelope sender is theirs, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Final

from briefingfeed.http import open_client
from briefingfeed.models.delivery import Parts
from briefingfeed.models.settings import PathSettings
from briefingfeed.providers.capabilities import Capabilities
from briefingfeed.providers.http_answers import Answer, Verdict
from briefingfeed.providers.http_provider import HttpProvider
from briefingfeed.providers.http_service import BatchSettings, Copy, Request, bundles, checked_secret
from briefingfeed.providers.postmark_replies import read_answer
from briefingfeed.providers.postmark_webhook import PostmarkWebhook
from briefingfeed.providers.spec import Clock, Found, ProviderSpec, Secret, WebhookSpec
from briefingfeed.providers.stencil import Stencils
from briefingfeed.providers.webhook import Webhook

NAME = "postmark"
TOKEN = Secret("BRIEFINGFEED_POSTMARK_TOKEN", "token_file")
CAPABILITIES: Final = Capabilities(most_messages=500, most_octets=45_000_000, own_message_id=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostmarkSettings(BatchSettings):
    """The table `[postmark]`."""

    capabilities: ClassVar[Capabilities] = CAPABILITIES

    token_file: Path | None = None
    message_stream: str = "broadcast"
    """Newsletters must not go through a transactional stream."""
    batch: int = CAPABILITIES.most_messages
    url: str = "https://api.postmarkapp.com"


class Postmark:
    """Raises ConfigurationError without a token."""

    title = "Postmark"

    def __init__(self, settings: PostmarkSettings, token: str | None) -> None:
        self.settings = settings
        remedy = f"Copy it from API Tokens on your server's page there into the environment as {TOKEN.variable}."
        self._headers = {
            "X-Postmark-Server-Token": checked_secret(token, "server token for Postmark", NAME, remedy),
            "Accept": "application/json",
            "Content-Type": "application/json",
        }
        self._stencils = Stencils(self._element)

    def requests(self, copies: Sequence[Copy]) -> Iterator[Request]:
        elements = [(copy, self._stencils.write(copy)) for copy in copies]
        most = CAPABILITIES.most_messages
        for bundle in bundles([(each, len(each[1])) for each in elements], most, CAPABILITIES.most_octets):
            yield Request(
                copies=[copy for copy, _ in bundle],
                url=f"{self.settings.endpoint}/email/batch",
                content=b"[" + b",".join([octets for _, octets in bundle]) + b"]",
                headers=self._headers,
            )

    def read(self, request: Request, answer: Answer) -> Verdict:
        return read_answer(answer, [copy.recipient for copy in request.copies])

    def _element(self, parts: Parts, recipient: str, message_id: str, mark: str) -> Mapping[str, Any]:
        reply_to = [value for name, value in parts.headers if name.lower() == "reply-to"]
        headers = [(name, value) for name, value in parts.headers if name.lower() != "reply-to"]
        return {
            "From": parts.sender,
            "To": recipient,
            "Subject": parts.subject,
            "HtmlBody": parts.html,
            "TextBody": parts.text,
            **({"ReplyTo": ", ".join(reply_to)} if reply_to else {}),
            "MessageStream": self.settings.message_stream,
            "TrackOpens": False,
            "TrackLinks": "None",
            **({"Metadata": {"mark": mark}} if mark else {}),
            # Without X-PM-KeepID they write a Message-ID of their own.
            "Headers": [
                {"Name": name, "Value": value}
                for name, value in (*headers, ("Message-ID", message_id), ("X-PM-KeepID", "true"))
            ],
        }


def _build(settings: PostmarkSettings, secrets: Found, paths: PathSettings, now: Clock) -> HttpProvider:
    del paths, now
    service = Postmark(settings, secrets.get(TOKEN))
    return HttpProvider(NAME, service, partial(open_client, allow_loopback=settings.is_loopback))


def _webhook(settings: PostmarkSettings, secrets: Found, passwords: Sequence[str]) -> Webhook:
    del settings, secrets
    return PostmarkWebhook(passwords)


SPEC = ProviderSpec(
    PostmarkSettings,
    _build,
    (TOKEN,),
    capabilities=CAPABILITIES,
    webhook=WebhookSpec(_webhook, "Delivery, Bounce, Spam Complaint, Subscription Change"),
)

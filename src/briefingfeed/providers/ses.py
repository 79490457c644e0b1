"""Amazon SES, API version 2: one message a request, our own MIME, several requests at once.

https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html. Amazon replaces Date and Message-ID. It has
no idempotency key, and it does not queue what is above the account's rate: it refuses it.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Final

from httpx import URL

from briefingfeed.http import open_client
from briefingfeed.models.delivery import Result
from briefingfeed.models.settings import PathSettings
from briefingfeed.providers.capabilities import Capabilities
from briefingfeed.providers.http_answers import LATER, Answer, Item, Refusal, Verdict, judge_status, permanent_refusal
from briefingfeed.providers.http_provider import HttpProvider
from briefingfeed.providers.http_service import Copy, HttpSettings, Request, checked_secret
from briefingfeed.providers.sigv4 import Signature
from briefingfeed.providers.spec import Clock, Found, ProviderSpec, Secret, WebhookSpec
from briefingfeed.providers.webhook import Webhook

NAME = "ses"
KEY_ID = Secret("BRIEFINGFEED_SES_KEY_ID", "key_id_file")
SECRET_KEY = Secret("BRIEFINGFEED_SES_SECRET_KEY", "secret_key_file")
SESSION_TOKEN = Secret("BRIEFINGFEED_SES_SESSION_TOKEN", "session_token_file")
CAPABILITIES: Final = Capabilities(raw_mime=True, envelope_sender=True)
_PATH = "/v2/email/outbound-emails"
_LOGIN = (
    f"Check {KEY_ID.variable} and {SECRET_KEY.variable}, whether the user they belong to may do ses:SendEmail, and "
    "this machine's clock: Amazon refuses what was signed more than five minutes ago."
)
_TOO_FAST = frozenset({"TooManyRequestsException", "Throttling", "ThrottlingException"})
_ABOUT_OUR_ACCOUNT: Mapping[str, str] = {
    "LimitExceededException": LATER,
    "AccountSuspendedException": "Amazon has stopped the account from sending: answer the mail it sent about that.",
    "SendingPausedException": "Sending is paused for this account or configuration set: see the SES console.",
    "MailFromDomainNotVerifiedException": "Put the DNS records of your MAIL FROM domain right: see the SES console.",
    "NotFoundException": "Check configuration_set and region in [ses].",
}
_NOT_VERIFIED = "not verified"
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class SesSettings(HttpSettings):
    """The table `[ses]`."""

    capabilities: ClassVar[Capabilities] = CAPABILITIES

    region: str = "eu-west-1"
    key_id_file: Path | None = None
    secret_key_file: Path | None = None
    session_token_file: Path | None = None
    configuration_set: str | None = None
    connections: int = 4
    """Requests at once: as many messages may be unclear after a crash."""
    rate: float | None = 10.0
    """Messages per second. An account that has left the sandbox has 14 at first."""
    webhook_topic: str | None = None
    """ARN of the SNS topic by which it tells what became of mails."""

    def __post_init__(self) -> None:
        HttpSettings.__post_init__(self)
        if self.webhook_topic is not None and not _TOPIC.fullmatch(self.webhook_topic):
            raise ValueError("webhook_topic must be the ARN of an SNS topic: arn:aws:sns:region:account:name")

    @property
    def endpoint(self) -> str:
        return self.url or f"https://email.{self.region}.amazonaws.com"


class Ses:
    """Raises ConfigurationError without both keys."""

    title = "Amazon SES"

    def __init__(self, settings: SesSettings, secrets: Found, now: Clock) -> None:
        self.settings = settings
        self._now = now
        remedy = "Make an access key for a user that may do ses:SendEmail and put it into the environment as {}."
        token = secrets.get(SESSION_TOKEN)
        self._signature = Signature(
            key_id=checked_secret(secrets.get(KEY_ID), "key id for SES", NAME, remedy.format(KEY_ID.variable)),
            secret=checked_secret(
                secrets.get(SECRET_KEY), "secret key for SES", NAME, remedy.format(SECRET_KEY.variable)
            ),
            token=checked_secret(token, "session token for SES", NAME, "Copy it again.") if token else None,
            region=settings.region,
            service="ses",
        )
        self._url = f"{settings.endpoint}{_PATH}"
        self._path = URL(self._url).raw_path.decode()

    def requests(self, copies: Sequence[Copy]) -> Iterator[Request]:
        for copy in copies:
            content = self._content(copy)
            headers = self._signature.headers(self.settings.host, self._path, content, self._now())
            yield Request(copies=(copy,), url=self._url, content=content, headers=headers)

    def read(self, request: Request, answer: Answer) -> Verdict:
        found = answer.object()
        kind = answer.headers.get("x-amzn-errortype", "").partition(":")[0]
        words = str(found.get("message") or found.get("Message") or "")
        if kind in _TOO_FAST and "daily" not in words.lower():
            return Refusal(message="Amazon SES asks us to go slower: rate in [ses].", retry_after=answer.retry_after)
        if kind in _ABOUT_OUR_ACCOUNT or kind in _TOO_FAST:
            remedy = _ABOUT_OUR_ACCOUNT.get(kind, LATER)
            return Refusal(message=f"Amazon SES does not send for us: {kind} {words}", remedy=remedy, permanent=True)
        verdict = judge_status(answer, self.title, login=_LOGIN)
        if verdict is not None:
            return verdict
        if answer.is_success:
            identity = found.get("MessageId")
            return (Item(result=Result.ACCEPTED, provider_id=str(identity) if identity else None),)
        return self._read_refusal(answer, kind, words)

    def _read_refusal(self, answer: Answer, kind: str, words: str) -> Verdict:
        if kind == "MessageRejected" and _NOT_VERIFIED in words:
            remedy = (
                f"Verify the domain of [newsletter] from in the region {self.settings.region}. As long as the account "
                "is in the sandbox, readers must be verified, too: ask Amazon for production access."
            )
            return Refusal(message="Amazon SES does not know the sender yet.", remedy=remedy, permanent=True)
        note = f"{kind} {words}".strip()
        if kind == "MessageRejected":
            return (Item(result=Result.POLICY, note=note),)
        if kind == "BadRequestException":
            about_address = "address" in words.lower() or "domain" in words.lower()
            return (Item(result=Result.FAILED if about_address else Result.POLICY, note=note),)
        return permanent_refusal(self.title, answer, note, "Check url and region in [ses].")

    def _content(self, copy: Copy) -> bytes:
        message = copy.message
        mark = message.mark()
        around: dict[str, Any] = {
            "Destination": {"ToAddresses": [copy.recipient]},
            "FeedbackForwardingEmailAddress": message.envelope_from,
            **({"ConfigurationSetName": self.settings.configuration_set} if self.settings.configuration_set else {}),
            **({"EmailTags": [{"Name": "mark", "Value": mark}]} if mark else {}),
        }
        head = json.dumps(around)[:-1].encode()
        return b'%b,"Content":{"Raw":{"Data":"%b"}}}' % (head, b64encode(b"".join(message.segments)))


def _build(settings: SesSettings, secrets: Found, paths: PathSettings, now: Clock) -> HttpProvider:
    del paths
    open_ = partial(open_client, allow_loopback=settings.is_loopback, keep_connections=True)
    return HttpProvider(NAME, Ses(settings, secrets, now), open_)


def _webhook(settings: SesSettings, secrets: Found, passwords: Sequence[str]) -> Webhook | None:
    del secrets, passwords
    if settings.webhook_topic is None:
        return None
    from briefingfeed.providers.ses_webhook import SesWebhook, fetching  # loads cryptography

    return SesWebhook(settings.webhook_topic, fetching(open_client))


SPEC = ProviderSpec(
    SesSettings,
    _build,
    (KEY_ID, SECRET_KEY, SESSION_TOKEN),
    capabilities=CAPABILITIES,
    webhook=WebhookSpec(_webhook, "Deliveries, Hard bounces, Complaints, Delivery delays", "[ses] webhook_topic"),
)

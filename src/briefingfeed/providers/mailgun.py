"""Mailgun's messages: the texts once per request, with variables of each reader; or our own MIME, one by one.

https://documentation.mailgun.com/docs/mailgun/user-manual/sending-messages/batch-sending (at most 1,000 readers). Text
that looks like one of its variables cannot be told apart from them: such an edition goes as MIME. It has no idempotency
key.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from hashlib import sha256
from pathlib import Path
from typing import ClassVar, Final

from briefingfeed.http import open_client
from briefingfeed.models.delivery import MergeTemplate, Result
from briefingfeed.models.edition import SlotName
from briefingfeed.models.settings import PathSettings
from briefingfeed.providers.capabilities import Capabilities
from briefingfeed.providers.http_answers import Answer, Item, Refusal, Verdict, judge_status, permanent_refusal
from briefingfeed.providers.http_provider import HttpProvider
from briefingfeed.providers.http_service import KEPT_TEMPLATES, BatchSettings, Copy, Request, checked_secret
from briefingfeed.providers.mailgun_webhook import MailgunWebhook
from briefingfeed.providers.merging import ascii_fields, ascii_words, mailbox, reply_to, sort_out
from briefingfeed.providers.spec import Clock, Found, ProviderSpec, Secret, WebhookSpec
from briefingfeed.providers.webhook import Webhook

NAME = "mailgun"
KEY = Secret("BRIEFINGFEED_MAILGUN_KEY", "key_file")
WEBHOOK_KEY = Secret("BRIEFINGFEED_MAILGUN_WEBHOOK_KEY", "webhook_key_file")
CAPABILITIES: Final = Capabilities(most_messages=1000, merges=True, raw_mime=True)
_LOGIN = f"Check the API key in {KEY.variable}, and that region in [mailgun] is the one of the domain."
_VARIABLE = re.compile(r"%(?![0-9A-Fa-f]{2})[A-Za-z_][\w.:-]*%")
"""Of theirs, all begin otherwise than an escape in a URL does."""
_NO_TRACKING = (("o:tracking", "no"), ("o:tracking-clicks", "no"), ("o:tracking-opens", "no"))
_HOSTS = {"us": "https://api.mailgun.net", "eu": "https://api.eu.mailgun.net"}
_NOT_THEIR_ANSWER = b"Magnificent"
"""What a wrong address there is answered with, and 200."""

Fields = Sequence[tuple[str, str | bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class MailgunSettings(BatchSettings):
    """The table `[mailgun]`."""

    capabilities: ClassVar[Capabilities] = CAPABILITIES

    key_file: Path | None = None
    webhook_key_file: Path | None = None
    domain: str | None = None
    """None: that of the sender."""
    region: str = "us"
    merge: bool = True
    """False: always our own MIME, in a request of its own for each reader."""
    batch: int = CAPABILITIES.most_messages
    connections: int = 2

    def __post_init__(self) -> None:
        if self.region not in _HOSTS:
            raise ValueError(f"region must be one of {', '.join(_HOSTS)}")
        BatchSettings.__post_init__(self)

    @property
    def endpoint(self) -> str:
        return self.url or _HOSTS[self.region]

    @property
    def most_taken(self) -> int:
        return self.batch if self.merge else 1


class Mailgun:
    """Raises ConfigurationError without a key."""

    title = "Mailgun"

    def __init__(self, settings: MailgunSettings, key: str | None) -> None:
        self.settings = settings
        remedy = f"Make a sending key for the domain there, and put it into the environment as {KEY.variable}."
        login = f"api:{checked_secret(key, 'API key for Mailgun', NAME, remedy)}"
        self._headers = {"Authorization": f"Basic {b64encode(login.encode()).decode()}"}
        self._can_merge = lru_cache(maxsize=KEPT_TEMPLATES)(self._is_safe)

    def requests(self, copies: Sequence[Copy]) -> Iterator[Request]:
        shared, alone = sort_out(copies, self._can_merge)
        for template, group in shared.items():
            yield self._request(group, "messages", _merged(template, group), mailbox(template.parts.sender)[1])
        for copy in alone:
            sender = mailbox(copy.message.parts().sender)[1]
            yield self._request([copy], "messages.mime", _whole(copy), sender)

    def read(self, request: Request, answer: Answer) -> Verdict:
        verdict = judge_status(answer, self.title, login=_LOGIN)
        if verdict is not None:
            return verdict
        count, found = len(request.copies), answer.object()
        if answer.is_success and _NOT_THEIR_ANSWER not in answer.body:
            identity = found.get("id")
            return (Item(result=Result.ACCEPTED, provider_id=str(identity) if identity else None),) * count
        words = str(found.get("message", ""))
        about_address = words.startswith(("to parameter", "'to' parameter"))
        if answer.status in (400, 413) and count > 1 and (about_address or answer.status == 413):
            return Refusal(message=f"Mailgun refused the request ({answer.status}).", splits=True)
        if answer.status == 400 and about_address:
            return (Item(result=Result.FAILED, note=words),)
        remedy = "Check domain and region in [mailgun], and what Mailgun says about the domain."
        return permanent_refusal(self.title, answer, words, remedy)

    def _is_safe(self, template: MergeTemplate) -> bool:
        parts = template.parts
        texts = (parts.sender, parts.subject, parts.html, parts.text, *(value for _, value in parts.headers))
        return self.settings.merge and not any(map(_VARIABLE.search, texts))

    def _request(self, copies: Sequence[Copy], way: str, fields: Fields, sender: str) -> Request:
        domain = self.settings.domain or sender.rpartition("@")[2]
        content, content_type = _multipart(fields)
        return Request(
            copies=copies,
            url=f"{self.settings.endpoint}/v3/{domain}/{way}",
            content=content,
            headers={**self._headers, "Content-Type": content_type},
        )


def _merged(template: MergeTemplate, copies: Sequence[Copy]) -> Fields:
    parts = template.parts
    variables: dict[SlotName, str] = {
        slot: f"%recipient.{_name(slot)}%" for slot in template.stand_ins if slot is not SlotName.ADDRESS
    }
    answers_to = reply_to(parts.headers)
    used = {slot for slot in variables if slot is not SlotName.MESSAGE_ID}
    own = {
        copy.recipient: {**{_name(slot): copy.message.values[slot] for slot in used}, "mark": copy.message.mark()}
        for copy in copies
    }
    return (
        ("from", parts.sender),
        ("to", ", ".join(own)),
        ("subject", parts.subject),
        ("text", _with(parts.text, template, variables)),
        ("html", _with(parts.html, template, variables)),
        *((("h:Reply-To", ascii_words(answers_to)),) if answers_to else ()),
        *(
            (f"h:{name}", _with(value, template, variables))
            for name, value in ascii_fields(parts.headers, ascii_words).items()
        ),
        *_NO_TRACKING,
        ("v:mark", "%recipient.mark%"),
        ("recipient-variables", json.dumps(own, separators=(",", ":"))),
    )


def _with(text: str, template: MergeTemplate, variables: Mapping[SlotName, str]) -> str:
    for slot, variable in variables.items():
        text = text.replace(template.stand_ins[slot], variable)
    return text


def _whole(copy: Copy) -> Fields:
    mark = copy.message.mark()
    return (
        ("to", copy.recipient),
        *_NO_TRACKING,
        *((("v:mark", mark),) if mark else ()),
        ("message", b"".join(copy.message.segments)),
    )


def _name(slot: SlotName) -> str:
    return slot.replace("-", "_")


def _multipart(fields: Fields) -> tuple[bytes, str]:
    """RFC 7578. The boundary is made from the content, and cannot occur in it; octets go as a file."""
    octets = [(name, value if isinstance(value, bytes) else value.encode()) for name, value in fields]
    digest = sha256()
    for _, value in octets:
        digest.update(value)
    boundary = digest.hexdigest()[:40]
    pieces = []
    for (name, value), (_, given) in zip(octets, fields, strict=True):
        file = '; filename="message.eml"\r\nContent-Type: message/rfc822' if isinstance(given, bytes) else ""
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
        pieces += [head.encode(), value, b"\r\n"]
    return b"".join([*pieces, f"--{boundary}--\r\n".encode()]), f"multipart/form-data; boundary={boundary}"


def _build(settings: MailgunSettings, secrets: Found, paths: PathSettings, now: Clock) -> HttpProvider:
    del paths, now
    service = Mailgun(settings, secrets.get(KEY))
    return HttpProvider(NAME, service, partial(open_client, allow_loopback=settings.is_loopback))


def _webhook(settings: MailgunSettings, secrets: Found, passwords: Sequence[str]) -> Webhook | None:
    del settings, passwords
    key = secrets.get(WEBHOOK_KEY)
    return MailgunWebhook(key) if key else None


SPEC = ProviderSpec(
    MailgunSettings,
    _build,
    (KEY, WEBHOOK_KEY),
    capabilities=CAPABILITIES,
    webhook=WebhookSpec(
        _webhook, "Delivered, Permanent Failure, Temporary Failure, Spam Complaints, Unsubscribes", WEBHOOK_KEY.variable
    ),
)

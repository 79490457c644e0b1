"""What Amazon SES tells later, by way of a topic of Amazon SNS.

https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html

SNS signs each notification; the certificate comes from an address that stands in it
(https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html). Anybody can have a topic, so only the
one of the settings counts, and only its subscription is confirmed.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import load_pem_x509_certificate

from briefingfeed.errors import ProviderError
from briefingfeed.models.delivery import EventKind
from briefingfeed.models.report import Clues, Report
from briefingfeed.providers.webhook import (
    TRIED_AGAIN,
    Call,
    ForgedCallError,
    Told,
    about,
    check_age,
    enhanced_code,
    inner,
    instant,
    read_object,
    read_unproven,
    reply_code,
    words,
)

Fetch = Callable[[str], Awaitable[bytes]]
"""Returns what stands at an address. Raises ProviderError; follows no redirect."""

_SIGNED: Final = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
_MOST_CERTIFICATES: Final = 8


def fetching(open_client: Callable[[], httpx.AsyncClient]) -> Fetch:
    """Return what fetches from Amazon with clients of `open_client`, which must follow no redirect."""

    async def fetch(address: str) -> bytes:
        where = urlsplit(address).netloc
        try:
            async with open_client() as client:
                answer = await client.get(address)
        except httpx.HTTPError as error:
            raise ProviderError(f"Amazon can't be reached: {error or 'no answer in time'}", where=where) from error
        if answer.status_code != httpx.codes.OK:
            raise ProviderError(f"Amazon answers {answer.status_code}.", where=where)
        return answer.content

    return fetch


class SesWebhook:
    """The topic's signature must be of version 2 (SHA-256): docs/providers.md says where that is set."""

    def __init__(self, topic: str, fetch: Fetch) -> None:
        """`topic`: the ARN of the SNS topic that the configuration set publishes to."""
        self._topic = topic
        self._fetch = fetch
        # Of the topic's own region: `sns.s3-us-west-2.amazonaws.com` would be anybody's.
        host = rf"https://sns\.{re.escape(topic.split(':')[3])}\.amazonaws\.com(\.cn)?"
        self._certificate = re.compile(rf"{host}/SimpleNotificationService-[A-Za-z0-9]{{8,64}}\.pem", re.ASCII)
        self._confirmation = re.compile(rf"{host}/\?Action=ConfirmSubscription&[A-Za-z0-9_.:&=%-]+", re.ASCII)
        self._keys: dict[str, RSAPublicKey] = {}

    async def read(self, call: Call) -> Sequence[Told]:
        notice = read_unproven(call.body)
        await self._prove(call, notice)
        if notice["Type"] == "SubscriptionConfirmation":
            address = str(notice["SubscribeURL"])
            if not self._confirmation.fullmatch(address):
                raise ForgedCallError
            await self._fetch(address)
            return ()
        event = read_object(str(notice.get("Message", "")).encode())
        return _told(str(notice.get("MessageId")), event)

    async def _prove(self, call: Call, notice: Mapping[str, Any]) -> None:
        names = _SIGNED.get(str(notice.get("Type")))
        at = instant(notice.get("Timestamp"))
        address = str(notice.get("SigningCertURL"))
        if (
            names is None
            or at is None
            or notice.get("TopicArn") != self._topic
            or notice.get("SignatureVersion") != "2"
            or not self._certificate.fullmatch(address)
        ):
            raise ForgedCallError
        check_age(call, at.timestamp(), TRIED_AGAIN)
        signed = "".join(f"{name}\n{notice[name]}\n" for name in names if name in notice)
        key = await self._key(address)
        try:
            signature = base64.b64decode(str(notice.get("Signature")), validate=True)
            key.verify(signature, signed.encode(), PKCS1v15(), SHA256())
        except (InvalidSignature, ValueError, binascii.Error):
            raise ForgedCallError from None

    async def _key(self, address: str) -> RSAPublicKey:
        """Return the key of the certificate at an address of Amazon's; it is fetched once."""
        if address not in self._keys:
            try:
                key = load_pem_x509_certificate(await self._fetch(address)).public_key()
            except ValueError:
                key = None
            if not isinstance(key, RSAPublicKey):
                raise ProviderError("Amazon's certificate can't be read.", where=urlsplit(address).netloc)
            while len(self._keys) >= _MOST_CERTIFICATES:
                del self._keys[next(iter(self._keys))]
            self._keys[address] = key
        return self._keys[address]


def _told(name: str, event: Mapping[str, Any]) -> Sequence[Told]:
    kind = event.get("eventType", event.get("notificationType"))
    match kind:
        case "Bounce":
            report = _bounce(event)
        case "Complaint":
            report = _plain(EventKind.COMPLAINED, event, "complaint", "complainedRecipients")
        case "Delivery":
            report = _plain(EventKind.DELIVERED, event, "delivery", "recipients")
        case "DeliveryDelay":
            report = _plain(EventKind.DELAYED, event, "deliveryDelay", "delayedRecipients")
        case _:
            return ()
    return (Told(key=name, report=report),)


def _bounce(event: Mapping[str, Any]) -> Report:
    bounce = inner(event, "bounce")
    recipient = _first(bounce.get("bouncedRecipients"))
    said = words(recipient.get("diagnosticCode"))
    permanent = bounce.get("bounceType") == "Permanent"
    listed = permanent and bounce.get("bounceSubType") in ("Suppressed", "OnAccountSuppressionList", "NoEmail")
    return Report(
        kind=EventKind.BOUNCED,
        about=_about(event, recipient.get("emailAddress")),
        at=instant(bounce.get("timestamp")),
        permanent=permanent,
        code=reply_code(said),
        enhanced_code="5.1.1" if listed else enhanced_code(words(recipient.get("status"), said)),
        words=said,
    )


def _plain(kind: EventKind, event: Mapping[str, Any], name: str, recipients: str) -> Report:
    detail = inner(event, name)
    found = detail.get(recipients)
    first = found[0] if isinstance(found, list) and found else None
    address = first.get("emailAddress") if isinstance(first, dict) else first
    return Report(
        kind=kind,
        about=_about(event, address),
        at=instant(detail.get("timestamp")),
        words=words(detail.get("smtpResponse"), detail.get("complaintFeedbackType")),
    )


def _about(event: Mapping[str, Any], address: object) -> Clues:
    mail = inner(event, "mail")
    marks = inner(mail, "tags").get("mark")
    return about(
        mark=marks[0] if isinstance(marks, list) and marks else None,
        provider_id=mail.get("messageId"),
        address=address,
    )


def _first(found: object) -> Mapping[str, Any]:
    return found[0] if isinstance(found, list) and found and isinstance(found[0], dict) else {}

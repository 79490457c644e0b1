"""Each provider as the one who tells: its events in its own words, with its own proof."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Protocol

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from briefingfeed.providers.brevo_webhook import BrevoWebhook
from briefingfeed.providers.mailgun_webhook import MailgunWebhook
from briefingfeed.providers.postmark_webhook import PostmarkWebhook
from briefingfeed.providers.resend_webhook import ResendWebhook
from briefingfeed.providers.sendgrid_webhook import SendGridWebhook
from briefingfeed.providers.ses_webhook import SesWebhook
from briefingfeed.providers.webhook import Webhook

from .doors import basic

THEIR_ID = "their-id-0001"
ADDRESS = "ann@readers.example"
UNKNOWN_USER = "550 5.1.1 User unknown"
FULL = "452 4.2.2 mailbox full"
Event = dict[str, Any]


class Teller(Protocol):
    name: str
    stored_id: str
    """What we keep as the provider's own id of a mail."""

    def webhook(self) -> Webhook: ...

    def prove(self, body: bytes, at: datetime) -> dict[str, str]: ...

    def body(self, event: Event, at: datetime) -> bytes: ...

    def bounced(self, mark: str | None, words: str = UNKNOWN_USER, *, permanent: bool = True) -> Event: ...

    def delivered(self, mark: str | None) -> Event: ...

    def complained(self, mark: str | None) -> Event: ...

    def opened(self, mark: str | None) -> Event: ...


class _Plain:
    stored_id = THEIR_ID

    def body(self, event: Event, at: datetime) -> bytes:
        return json.dumps(event).encode()


class Postmark(_Plain):
    name = "postmark"
    _password = "postmark's password"

    def webhook(self) -> Webhook:
        return PostmarkWebhook([self._password])

    def prove(self, body: bytes, at: datetime) -> dict[str, str]:
        return basic(self._password)

    def _event(self, kind: str, mark: str | None, **more: object) -> Event:
        metadata = {"mark": mark} if mark else {}
        return {"RecordType": kind, "ID": 1, "MessageID": THEIR_ID, "Metadata": metadata, "Email": ADDRESS} | more

    def bounced(self, mark: str | None, words: str = UNKNOWN_USER, *, permanent: bool = True) -> Event:
        return self._event("Bounce", mark, Type="HardBounce" if permanent else "SoftBounce", Details=words)

    def delivered(self, mark: str | None) -> Event:
        return self._event("Delivery", mark, Recipient=ADDRESS)

    def complained(self, mark: str | None) -> Event:
        return self._event("SpamComplaint", mark)

    def opened(self, mark: str | None) -> Event:
        return self._event("Open", mark)


class Brevo(_Plain):
    name = "brevo"
    _password = "brevo's password"

    def webhook(self) -> Webhook:
        return BrevoWebhook([self._password])

    def prove(self, body: bytes, at: datetime) -> dict[str, str]:
        return basic(self._password)

    def _event(self, kind: str, mark: str | None, **more: object) -> Event:
        named = {"X-Mailin-custom": mark} if mark else {}
        return {"event": kind, "email": ADDRESS, "message-id": THEIR_ID, "ts_event": 1795000000} | named | more

    def bounced(self, mark: str | None, words: str = UNKNOWN_USER, *, permanent: bool = True) -> Event:
        return self._event("hard_bounce" if permanent else "soft_bounce", mark, reason=words)

    def delivered(self, mark: str | None) -> Event:
        return self._event("delivered", mark)

    def complained(self, mark: str | None) -> Event:
        return self._event("spam", mark)

    def opened(self, mark: str | None) -> Event:
        return self._event("unique_opened", mark)


class Resend(_Plain):
    name = "resend"
    _key = bytes(range(24))

    def webhook(self) -> Webhook:
        return ResendWebhook("whsec_" + base64.b64encode(self._key).decode())

    def prove(self, body: bytes, at: datetime) -> dict[str, str]:
        name = "msg_" + hashlib.sha256(body).hexdigest()[:20]
        seconds = str(int(at.timestamp()))
        signature = hmac.digest(self._key, f"{name}.{seconds}.".encode() + body, "sha256")
        return {
            "svix-id": name,
            "svix-timestamp": seconds,
            "svix-signature": "v1,b2xk v1," + base64.b64encode(signature).decode(),
        }

    def _event(self, kind: str, mark: str | None, **more: object) -> Event:
        data = {"email_id": THEIR_ID, "to": [ADDRESS], "tags": {"mark": mark} if mark else {}}
        return {"type": kind, "created_at": "2026-11-23T08:04:00.000Z", "data": data | more}

    def bounced(self, mark: str | None, words: str = UNKNOWN_USER, *, permanent: bool = True) -> Event:
        bounce = {"type": "Permanent" if permanent else "Transient", "subType": "General", "message": words}
        return self._event("email.bounced", mark, bounce=bounce)

    def delivered(self, mark: str | None) -> Event:
        return self._event("email.delivered", mark)

    def complained(self, mark: str | None) -> Event:
        return self._event("email.complained", mark)

    def opened(self, mark: str | None) -> Event:
        return self._event("email.opened", mark)


class Mailgun(_Plain):
    name = "mailgun"
    stored_id = f"<{THEIR_ID}>"
    _key = "key-of-the-webhook"

    def webhook(self) -> Webhook:
        return MailgunWebhook(self._key)

    def prove(self, body: bytes, at: datetime) -> dict[str, str]:
        return {}

    def body(self, event: Event, at: datetime) -> bytes:
        seconds = str(int(at.timestamp()))
        token = hashlib.sha256(json.dumps(event).encode()).hexdigest()[:50]
        signature = hmac.digest(self._key.encode(), f"{seconds}{token}".encode(), "sha256").hex()
        signed = {"timestamp": seconds, "token": token, "signature": signature}
        return json.dumps({"signature": signed, "event-data": event}).encode()

    def _event(self, kind: str, mark: str | None, **more: object) -> Event:
        return {
            "event": kind,
            "timestamp": 1795420000.5,
            "recipient": ADDRESS,
            "message": {"headers": {"message-id": THEIR_ID}},
            "user-variables": {"mark": mark} if mark else {},
        } | more

    def bounced(self, mark: str | None, words: str = UNKNOWN_USER, *, permanent: bool = True) -> Event:
        status = {"code": int(words[:3]), "message": words, "description": ""}
        severity = "permanent" if permanent else "temporary"
        return self._event("failed", mark, severity=severity, reason="bounce", **{"delivery-status": status})

    def delivered(self, mark: str | None) -> Event:
        return self._event("delivered", mark)

    def complained(self, mark: str | None) -> Event:
        return self._event("complained", mark)

    def opened(self, mark: str | None) -> Event:
        return self._event("opened", mark)


class SendGrid(_Plain):
    name = "sendgrid"

    def webhook(self) -> Webhook:
        return SendGridWebhook(sendgrid_public_key())

    def prove(self, body: bytes, at: datetime) -> dict[str, str]:
        seconds = str(int(at.timestamp()))
        signature = _ec_key().sign(seconds.encode() + body, ec.ECDSA(SHA256()))
        return {
            "X-Twilio-Email-Event-Webhook-Timestamp": seconds,
            "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
        }

    def body(self, event: Event, at: datetime) -> bytes:
        return json.dumps([{"event": "processed", "email": "somebody@else.example"}, event]).encode()

    def _event(self, kind: str, mark: str | None, **more: object) -> Event:
        named = {"mark": mark} if mark else {}
        ids = {"sg_event_id": f"e-{kind}", "sg_message_id": f"{THEIR_ID}.recvd-7d-1"}
        return {"event": kind, "email": ADDRESS, "timestamp": 1795420000} | ids | named | more

    def bounced(self, mark: str | None, words: str = UNKNOWN_USER, *, permanent: bool = True) -> Event:
        status = words.split()[1]
        return self._event("bounce", mark, type="bounce" if permanent else "blocked", status=status, reason=words)

    def dropped(self, mark: str | None, reason: str) -> Event:
        """Not sent at all, for what they know of the address or of us."""
        return self._event("dropped", mark, reason=reason)

    def delivered(self, mark: str | None) -> Event:
        return self._event("delivered", mark)

    def complained(self, mark: str | None) -> Event:
        return self._event("spamreport", mark)

    def opened(self, mark: str | None) -> Event:
        return self._event("open", mark)


class Ses(_Plain):
    name = "ses"
    topic = "arn:aws:sns:eu-west-1:123456789012:mail"
    certificate_at = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem"

    def __init__(self) -> None:
        self.fetched: list[str] = []

    def webhook(self) -> Webhook:
        async def fetch(address: str) -> bytes:
            self.fetched.append(address)
            return _certificate() if address == self.certificate_at else b""

        return SesWebhook(self.topic, fetch)

    def prove(self, body: bytes, at: datetime) -> dict[str, str]:
        return {"x-amz-sns-message-type": "Notification"}

    def body(self, event: Event, at: datetime) -> bytes:
        message = json.dumps(event)
        notice = {
            "Type": "Notification",
            "MessageId": hashlib.sha256(message.encode()).hexdigest(),
            "TopicArn": self.topic,
            "Message": message,
            "Timestamp": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        }
        return json.dumps(self.sign(notice)).encode()

    def sign(self, notice: dict[str, str]) -> dict[str, str]:
        named = "".join(f"{name}\n{notice[name]}\n" for name in sorted(notice))
        signature = _rsa_key().sign(named.encode(), padding.PKCS1v15(), SHA256())
        proof = {"Signature": base64.b64encode(signature).decode(), "SigningCertURL": self.certificate_at}
        return notice | proof | {"SignatureVersion": "2"}

    def _event(self, kind: str, mark: str | None, name: str, detail: Event) -> Event:
        mail = {"messageId": THEIR_ID, "tags": {"mark": [mark]} if mark else {}}
        return {"eventType": kind, "mail": mail, name: {"timestamp": "2026-11-23T08:04:00.000Z"} | detail}

    def bounced(self, mark: str | None, words: str = UNKNOWN_USER, *, permanent: bool = True) -> Event:
        recipient = {"emailAddress": ADDRESS, "status": words.split()[1], "diagnosticCode": f"smtp; {words}"}
        kind = "Permanent" if permanent else "Transient"
        return self._event("Bounce", mark, "bounce", {"bounceType": kind, "bouncedRecipients": [recipient]})

    def delivered(self, mark: str | None) -> Event:
        return self._event("Delivery", mark, "delivery", {"recipients": [ADDRESS]})

    def complained(self, mark: str | None) -> Event:
        return self._event("Complaint", mark, "complaint", {"complainedRecipients": [{"emailAddress": ADDRESS}]})

    def opened(self, mark: str | None) -> Event:
        return self._event("Open", mark, "open", {})


TELLERS = (Postmark, Brevo, Resend, Mailgun, SendGrid, Ses)


def sendgrid_public_key() -> str:
    """As the webhook's page there shows it."""
    public = _ec_key().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(public).decode()


@cache
def _ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def _rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@cache
def _certificate() -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.amazonaws.com")])
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(_rsa_key().public_key())
        .serial_number(1)
        .not_valid_before(begun)
        .not_valid_after(begun + timedelta(days=365))
        .sign(_rsa_key(), SHA256())
    )
    return made.public_bytes(Encoding.PEM)

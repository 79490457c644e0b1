"""How five mail services speak, for `api_server`: what they refuse to read, what they merge, what they answer.

Requests are held to `api_schemas`, signatures and logins are checked, and a message is noted as it would arrive: merged
by the service's own rules, written down here a second time from what the vendors publish.
"""

from __future__ import annotations

import base64
import email
import email.policy
import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jsonschema

from servers.api_schemas import BREVO, RESEND, SENDGRID, SES
from servers.sigv4_check import check_signature

KEY = "canary-api-key"
Mail = dict[str, Any]
"""`to`, `subject`, `html`, `text`, `headers`, `mark`: a message as it would arrive."""


class RefusedError(Exception):
    """The whole request is refused."""

    def __init__(self, status: int, content: object, headers: Mapping[str, str] | None = None) -> None:
        self.status, self.content, self.headers = status, content, headers or {}


@dataclass(frozen=True, slots=True)
class Dialect:
    path: str
    read: Callable[[str, Mapping[str, str], bytes], list[Mail]]
    """Raises RefusedError."""
    answer: Callable[[Sequence[Mail], Sequence[str]], tuple[int, Mapping[str, str], object]]
    """From the mails and, for each, what is wrong with it or nothing."""
    refuses: Callable[[str], RefusedError]
    """The request, for the sake of one message."""
    known: Callable[[], RefusedError] | None = None
    """The key came before: None: the first answer is given again."""
    key: Callable[[Mapping[str, str], bytes], str | None] = field(default=lambda _headers, _body: None)
    sorts: bool = False
    """It says of each message what became of it."""


def _object(body: bytes, schema: Mapping[str, Any], refuses: Callable[[str], RefusedError]) -> Any:
    document = json.loads(body)
    try:
        jsonschema.validate(document, schema, cls=jsonschema.Draft202012Validator)
    except jsonschema.ValidationError as error:
        raise refuses(f"{error.json_path}: {error.message}") from error
    return document


def _ses_refuses(words: str) -> RefusedError:
    return RefusedError(400, {"message": words}, {"x-amzn-ErrorType": "BadRequestException"})


def _ses(path: str, headers: Mapping[str, str], body: bytes) -> list[Mail]:
    if not check_signature(path, headers, body):
        raise RefusedError(403, {"message": "The request signature we calculated does not match"},
                           {"x-amzn-ErrorType": "SignatureDoesNotMatch"})  # fmt: skip
    request = _object(body, SES, _ses_refuses)
    [recipient] = request["Destination"]["ToAddresses"]
    marks = [tag["Value"] for tag in request.get("EmailTags", ())]
    mail = _mime(base64.b64decode(request["Content"]["Raw"]["Data"]))
    bounces = request.get("FeedbackForwardingEmailAddress")
    return [{**mail, "to": recipient, "mark": "".join(marks), "bounces": bounces}]


def _mime(octets: bytes) -> Mail:
    mail = email.message_from_bytes(octets, policy=email.policy.default)
    parts = {
        part.get_content_type(): part.get_content().replace("\r\n", "\n")
        for part in mail.walk()
        if not part.is_multipart()
    }
    return {
        "subject": mail["Subject"],
        "html": parts.get("text/html", ""),
        "text": parts.get("text/plain", ""),
        "headers": {name: str(value) for name, value in mail.items()},
        "sha256": hashlib.sha256(octets).hexdigest(),
    }


def _bearer(headers: Mapping[str, str], name: str = "Authorization", scheme: str = "Bearer ") -> None:
    if headers.get(name) != f"{scheme}{KEY}":
        raise RefusedError(401, {"message": "API key is invalid", "errors": [{"message": "authorization required"}]})


def _resend_refuses(words: str) -> RefusedError:
    return RefusedError(422, {"statusCode": 422, "name": "validation_error", "message": words})


def _resend(_path: str, headers: Mapping[str, str], body: bytes) -> list[Mail]:
    _bearer(headers)
    if headers.get("x-batch-validation") != "permissive":
        raise _resend_refuses("here they are only ever asked to take what they can")
    return [
        {
            "to": one["to"][0],
            "subject": one["subject"],
            "html": one["html"],
            "text": one["text"],
            "headers": {**one["headers"], "Reply-To": ", ".join(one.get("reply_to", []))},
            "mark": "".join(tag["value"] for tag in one.get("tags", ())),
        }
        for one in _object(body, RESEND, _resend_refuses)
    ]


def _resend_answer(mails: Sequence[Mail], wrong: Sequence[str]) -> tuple[int, Mapping[str, str], object]:
    taken = [{"id": f"id-{one['to']}"} for one, words in zip(mails, wrong, strict=True) if not words]
    errors = [{"index": index, "message": f"Invalid `to` field: {words}"} for index, words in enumerate(wrong) if words]
    return 200, {}, {"data": taken, **({"errors": errors} if errors else {})}


def _sendgrid_refuses(words: str) -> RefusedError:
    return RefusedError(400, {"errors": [{"message": words, "field": "personalizations.0.to"}]})


def _sendgrid(_path: str, headers: Mapping[str, str], body: bytes) -> list[Mail]:
    _bearer(headers)
    mail = _object(body, SENDGRID, _sendgrid_refuses)
    text, html = (part["value"] for part in mail["content"])
    mails = []
    for each in mail["personalizations"]:

        def merged(content: str, tags: Mapping[str, str] = each.get("substitutions", {})) -> str:
            for tag, value in tags.items():
                content = content.replace(tag, value)
            return content

        if not all(value.isascii() for value in each["headers"].values()):
            raise _sendgrid_refuses("headers must be ASCII")
        mails.append(
            {
                "to": each["to"][0]["email"],
                "subject": merged(mail["subject"]),
                "html": merged(html),
                "text": merged(text),
                "headers": {**each["headers"], "Reply-To": _person(mail.get("reply_to"))},
                "mark": each.get("custom_args", {}).get("mark", ""),
            }
        )
    return mails


def _person(person: Mapping[str, str] | None) -> str:
    return f"{person.get('name', '')} <{person['email']}>".strip() if person else ""


def _sendgrid_answer(mails: Sequence[Mail], wrong: Sequence[str]) -> tuple[int, Mapping[str, str], object]:
    del mails, wrong
    return 202, {"X-Message-Id": "one-id"}, ""


def _brevo_refuses(words: str) -> RefusedError:
    return RefusedError(400, {"code": "invalid_parameter", "message": f"email is not valid in to: {words}"})


def _brevo(_path: str, headers: Mapping[str, str], body: bytes) -> list[Mail]:
    _bearer(headers, "api-key", "")
    mail = _object(body, BREVO, _brevo_refuses)
    mails = []
    for each in mail["messageVersions"]:
        if not all(value.isascii() for value in each["headers"].values()):
            raise _brevo_refuses("headers must be ASCII")
        subject, html, text = (
            _template(mail[name], each.get("params", {})) for name in ("subject", "htmlContent", "textContent")
        )
        mails.append(
            {
                "to": each["to"][0]["email"],
                "subject": subject,
                "html": html,
                "text": text,
                "headers": {**each["headers"], "Reply-To": _person(mail.get("replyTo"))},
                "mark": each["headers"].get("X-Mailin-custom", ""),
            }
        )
    return mails


def _template(text: str, params: Mapping[str, str]) -> str:
    """As their language reads it: left to right, once; comments vanish, and what is unknown is nothing."""

    def value(found: re.Match[str]) -> str:
        name = re.fullmatch(r"\{\{\s*params\.(\w+)\s*\}\}", found[0])
        return params.get(name[1], "") if name else ""

    return re.sub(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", value, text, flags=re.DOTALL)


def _brevo_answer(mails: Sequence[Mail], wrong: Sequence[str]) -> tuple[int, Mapping[str, str], object]:
    del wrong
    ids = [f"<{one['to']}>" for one in mails]
    return 201, {}, {"messageIds": ids} if len(ids) > 1 else {"messageId": ids[0]}


def _brevo_key(_headers: Mapping[str, str], body: bytes) -> str | None:
    key: str = json.loads(body)["headers"]["idempotencyKey"]
    return key


def _mailgun_refuses(words: str) -> RefusedError:
    return RefusedError(400, {"message": f"to parameter is not a valid address. {words}"})


def _mailgun(path: str, headers: Mapping[str, str], body: bytes) -> list[Mail]:
    if headers.get("Authorization") != f"Basic {base64.b64encode(f'api:{KEY}'.encode()).decode()}":
        raise RefusedError(401, {"message": "Forbidden"})
    form = email.message_from_bytes(
        f"Content-Type: {headers['Content-Type']}\r\n\r\n".encode() + body, policy=email.policy.HTTP
    )
    fields = {
        str(part.get_param("name", header="content-disposition")): part.get_payload(decode=True)
        for part in form.iter_parts()  # type: ignore[attr-defined]
    }
    if form.defects or fields.get("o:tracking") != b"no":
        raise RefusedError(400, {"message": "the form cannot be read, or tracking is on"})
    if path.endswith("/messages.mime"):
        mark = fields.get("v:mark", b"").decode()
        return [{**_mime(_payload(form, "message")), "to": fields["to"].decode(), "mark": mark}]
    return _mailgun_merged({name: value.decode() for name, value in fields.items()})


def _payload(form: Any, name: str) -> bytes:
    """A part of type message/rfc822 is read as a message; its octets are what stands in the form."""
    [part] = [each for each in form.iter_parts() if each.get_param("name", header="content-disposition") == name]
    octets: bytes = part.get_payload()[0].as_bytes(policy=email.policy.HTTP.clone(max_line_length=None))
    return octets


def _mailgun_merged(fields: Mapping[str, str]) -> list[Mail]:
    recipients = json.loads(fields["recipient-variables"])
    if list(recipients) != fields["to"].split(", "):
        raise _mailgun_refuses("every reader needs variables")

    def merged(text: str, address: str) -> str:
        own = {f"%recipient.{name}%": value for name, value in recipients[address].items()}
        return re.sub(r"%[A-Za-z_][\w.:-]*%", lambda found: own.get(found[0], ""), text)

    return [
        {
            "to": address,
            "subject": merged(fields["subject"], address),
            "html": merged(fields["html"], address),
            "text": merged(fields["text"], address),
            "headers": {
                name.removeprefix("h:"): merged(value, address)
                for name, value in fields.items()
                if name.startswith("h:")
            },
            "mark": merged(fields["v:mark"], address),
        }
        for address in recipients
    ]


DIALECTS: Mapping[str, Dialect] = {
    "ses": Dialect(
        "/v2/email/outbound-emails", _ses, lambda mails, _wrong: (200, {}, {"MessageId": f"id-{mails[0]['to']}"}),
        _ses_refuses,
    ),
    "resend": Dialect(
        "/emails/batch", _resend, _resend_answer, _resend_refuses, sorts=True,
        key=lambda headers, _body: headers.get("Idempotency-Key"),
    ),
    "sendgrid": Dialect("/v3/mail/send", _sendgrid, _sendgrid_answer, _sendgrid_refuses),
    "brevo": Dialect(
        "/v3/smtp/email", _brevo, _brevo_answer, _brevo_refuses, key=_brevo_key,
        known=lambda: RefusedError(400, {"code": "duplicate_parameter", "message": "idempotencyKey was used already"}),
    ),
    "mailgun": Dialect(
        "/v3/briefings.example/messages", _mailgun,
        lambda _mails, _wrong: (200, {}, {"id": "<one@id>", "message": "Queued. Thank you."}), _mailgun_refuses,
    ),
}  # fmt: skip

"""Mails of our own to those who run the publication: few plain paragraphs, for a terminal and for a phone.

One per person, never spliced, so the standard library writes them. The text part has one line per paragraph and no
line breaks within: a phone breaks lines where its screen ends, and so does a terminal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import TYPE_CHECKING

from briefingfeed.errors import ConfigurationError
from briefingfeed.models.delivery import Message, Parts
from briefingfeed.models.edition import SlotName
from briefingfeed.models.settings import Mailbox
from briefingfeed.newsletter.digest import one_line
from briefingfeed.newsletter.fields import mailbox_text
from briefingfeed.newsletter.placeholders import SlotValueError, checked_value

if TYPE_CHECKING:
    from briefingfeed.look import Look

TEMPLATE = "email/note.html"
_POLICY = SMTP.clone(max_line_length=76)
_LONGEST_SUBJECT = 150
_HEADERS = (("Auto-Submitted", "auto-generated"), ("X-Auto-Response-Suppress", "All"))
"""RFC 3834; the second is what Exchange goes by. Nobody's holiday notice answers them."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Numbers under each other, each with what it counts."""

    rows: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Lines:
    """What is read line by line, such as a list, or an error with its remedy."""

    lines: tuple[str, ...]


Block = str | Figures | Lines
"""A string is a paragraph."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    subject: str
    blocks: tuple[Block, ...]


def note_message(
    note: Note, *, sender: Mailbox, recipient: Mailbox, message_id: str, at: datetime, look: Look
) -> Message:
    """Return a note as a message that any provider takes: CRLF, 7-bit, no line begins with a dot.

    `at` is aware, in the zone that its Date shows; `message_id` has its angle brackets. Raises ConfigurationError if
    sender or recipient is no address that mail can carry, TemplateError.
    """
    subject = _cut(one_line(note.subject))
    text = text_of(note.blocks)
    html = look.render(TEMPLATE, subject=subject, blocks=[_for_template(block) for block in note.blocks])
    from_address, to_address = (_wire_form(mailbox) for mailbox in (sender, recipient))

    mail = EmailMessage(policy=_POLICY)
    mail["From"] = Address(one_line(sender.name), addr_spec=from_address)
    mail["To"] = Address(one_line(recipient.name), addr_spec=to_address)
    mail["Subject"] = subject
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = message_id
    for name, value in _HEADERS:
        mail[name] = value
    mail.set_content(text, cte="quoted-printable")
    mail.add_alternative(html, subtype="html", cte="quoted-printable")
    mail.set_boundary(f"=_{message_id.strip('<>').partition('@')[0]}")
    return Message(
        delivery_id=0,
        envelope_from=from_address,
        recipient=to_address,
        message_id=message_id,
        segments=(_without_dots(mail.as_bytes()),),
        parts=lambda: Parts(
            sender=mailbox_text(one_line(sender.name), from_address),
            subject=subject,
            html=html,
            text=text,
            headers=_HEADERS,
        ),
        mark=lambda: "",
    )


def text_of(blocks: Sequence[Block]) -> str:
    """Return the text part. Pure."""
    return "\n\n".join("\n".join(_text_lines(block)) for block in blocks) + "\n"


def _text_lines(block: Block) -> list[str]:
    if isinstance(block, Figures):
        width = max(len(str(count)) for count, _ in block.rows)
        return [f"{count:{width}}  {words}" for count, words in block.rows]
    return [_visible(line) for line in (block.lines if isinstance(block, Lines) else (block,))]


def _for_template(block: Block) -> Mapping[str, object]:
    """Jinja asks for no types: a block is `figures`, or `lines`, each with how far it is indented."""
    if isinstance(block, Figures):
        return {"figures": block.rows}
    return {"lines": [(len(line) - len(line.lstrip(" ")), line.lstrip(" ")) for line in _text_lines(block)]}


def _visible(line: str) -> str:
    """A file's name or a server's words must not steer a terminal; nor be two lines where one is meant."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in line)


def _cut(subject: str) -> str:
    return subject if len(subject) <= _LONGEST_SUBJECT else subject[: _LONGEST_SUBJECT - 1].rstrip() + "…"


def _wire_form(mailbox: Mailbox) -> str:
    try:
        return checked_value(SlotName.ADDRESS, mailbox.address)
    except SlotValueError:
        raise ConfigurationError(
            f"“{mailbox.address}” is not an address that mail can go to or come from",
            where="briefingfeed.toml: [newsletter]",
            remedy="write an ordinary address, such as briefings@example.org",
        ) from None


def _without_dots(message: bytes) -> bytes:
    """Write what SMTP and mbox would change on the way as quoted-printable has it: a dot or `From ` at a line's start.

    In the header no line begins so but our own `From: `.
    """
    head, end, body = message.partition(b"\r\n\r\n")
    body = re.sub(rb"(?m)^\.", b"=2E", body)
    return head + end + re.sub(rb"(?m)^From ", b"=46rom ", body)

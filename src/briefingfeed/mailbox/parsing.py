"""From any octets to a parsed mail, within bounds: whoever wants to can write to a mailbox."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from typing import Any, TypeAlias

MOST_OCTETS = 1 << 20
"""Of a mail are read; the rest of a longer one is left unread. Reports stand before the mail that they return."""
_MOST_LINES = 40_000
_LONGEST_LINE = 2_000
_MOST_CONTAINERS = 40
"""Parts that may hold other parts: the standard library's parser calls itself for each."""
_MOST_PARTS = 1_000
_MOST_TEXT = 1 << 16
_LONGEST_VALUE = 4_000

Mail: TypeAlias = "Message[Any, Any]"  # the class itself takes no parameters at run time

_CONTAINER = re.compile(rb"\b(?:multipart|message)/", re.IGNORECASE)
_DIVIDER = re.compile(rb"^--", re.MULTILINE)
_RETURNED = ("message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers")
_GLOBAL_HEADERS = "message/global-headers"


def parse(raw: bytes) -> Mail | None:
    """Return the mail; None if it is built to exhaust its reader, or beyond what the parser takes."""
    lines = raw[:MOST_OCTETS].split(b"\n", _MOST_LINES)[:_MOST_LINES]
    tame = b"\n".join(line[:_LONGEST_LINE] for line in lines)
    if len(_CONTAINER.findall(tame)) > _MOST_CONTAINERS or len(_DIVIDER.findall(tame)) > _MOST_PARTS:
        return None
    try:
        return message_from_bytes(tame, policy=policy.compat32)
    except (MessageError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def values(mail: Mail, *names: str) -> Iterator[str]:
    """Yield the header fields of these names, as they stand there, unfolded."""
    for name in names:
        for value in mail.get_all(name) or ():
            yield " ".join(str(value)[:_LONGEST_VALUE].split())


def first(mail: Mail, name: str) -> str:
    return next(values(mail, name), "")


def subject(mail: Mail) -> str:
    """Return the subject, decoded as far as it can be."""
    value = first(mail, "Subject")
    try:
        return "".join(
            text if isinstance(text, str) else _decoded(text, charset) for text, charset in decode_header(value)
        )
    except (MessageError, ValueError, LookupError):
        return value


def parts(mail: Mail) -> Iterator[Mail]:
    """Yield the mail and the parts of it that were written by its sender: not what stands in a returned mail."""
    waiting = [mail]
    while waiting:
        part = waiting.pop()
        yield part
        if part.get_content_maintype() == "multipart":
            waiting += reversed(_inner(part))


def text(mail: Mail) -> str:
    """Return what a person would read of it, as far as 64 kB: its plain text, else its HTML as it stands."""
    for kind in ("text/plain", "text/html"):
        found = [content(part)[:_MOST_TEXT] for part in parts(mail) if part.get_content_type() == kind]
        if found:
            return "\n".join(found)[:_MOST_TEXT]
    return ""


def content(part: Mail) -> str:
    """Return a part's text, whatever charset it says or doesn't know."""
    try:
        payload = part.get_payload(decode=True)
    except ValueError:  # an encoding that is none
        return ""
    return _decoded(payload, part.get_content_charset()) if isinstance(payload, bytes) else ""


def blocks(part: Mail) -> list[Mail]:
    """Return the groups of fields of a delivery-status or feedback-report part, parsed like headers.

    The parser knows such groups in message/delivery-status only. Elsewhere it takes the first for the header of a
    mail, and the others for its text.
    """
    if not part.is_multipart():
        return _groups(content(part))
    found = _inner(part)
    if part.get_content_type() != "message/delivery-status":
        found += [group for each in found for group in _groups(content(each))]
    return found


def _inner(part: Mail) -> list[Mail]:
    """Return the mails that the parser found inside of one. Of a text it is not asked: it would decode it."""
    payload = part.get_payload() if part.is_multipart() else None
    return [each for each in payload if isinstance(each, Message)] if isinstance(payload, list) else []


def _groups(text: str) -> list[Mail]:
    groups = re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").strip())
    return [found for group in groups if group and (found := parse(group.encode("utf-8", "replace"))) is not None]


def returned(mail: Mail) -> Mail | None:
    """Return the mail that this one gives back, or its header; None if there is none."""
    for part in parts(mail):
        kind = part.get_content_type()
        if kind in _RETURNED or kind == _GLOBAL_HEADERS:
            if part.is_multipart():
                return next(iter(_inner(part)), None)
            return parse(content(part).encode("utf-8", "replace"))
    return None


def _decoded(octets: bytes, charset: str | None) -> str:
    try:
        return octets.decode(charset or "utf-8", "replace")
    except (LookupError, ValueError):
        return octets.decode("utf-8", "replace")

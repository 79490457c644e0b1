"""Which copy a mail is about: what stands in its own header and in that of the mail it returns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from email.utils import getaddresses

from briefingfeed.mailbox.parsing import Mail, returned, values
from briefingfeed.models.report import Clues
from briefingfeed.tokens import BOUNCE_MARK, LONGEST_TOKEN

_MARK = re.compile(rf"\+({BOUNCE_MARK})@")
_MESSAGE_ID = re.compile(r"<[A-Za-z0-9_-]{32}@[A-Za-z0-9.-]{1,255}>")
_TOKEN = re.compile(rf"(?<![\w.-])[A-Za-z0-9]{{1,64}}\.[A-Za-z0-9_-]{{20,{LONGEST_TOKEN}}}(?![\w.-])")
_LINE = re.compile(
    r"^[ \t>]*(?:Message-ID|Return-Path|X-Failed-Recipients)[ \t]*:.{0,400}", re.IGNORECASE | re.MULTILINE
)
_ADDRESS = re.compile(r"[^\s<>\"'(),;:\[\]@]{1,64}@[^\s<>\"'(),;:\[\]@]{1,255}")
_MOST = 20

ENVELOPE = (
    "To",
    "Cc",
    "Delivered-To",
    "X-Original-To",
    "Envelope-To",
    "X-Envelope-To",
    "X-Delivered-To",
    "Return-Path",
)
"""Where the address stands that this mail was delivered to, whichever program delivered it."""


def clues(mail: Mail, *, body: str = "", recipients: Iterable[str] = (), senders: Iterable[str] = ()) -> Clues:
    """Return what tells whom `mail` is about.

    `recipients`: addresses that a report names. `senders`: addresses it gives as envelope sender of what it returns.
    `body`: the text of a report that returns a mail within its own text.
    """
    original = returned(mail)
    lines = _LINE.findall(body)
    theirs = [*values(original, "Return-Path", "X-Original-Sender")] if original else []
    envelope = [*values(mail, *ENVELOPE), *senders, *theirs, *lines]
    ids = [*values(original, "Message-ID")] if original else []
    named = [*recipients, *(_plain(values(original, "To")) if original else ())]
    return Clues(
        marks=_few(mark.lower() for value in envelope for mark in _MARK.findall(value)),
        message_ids=_few(_ids([*ids, *lines, *values(mail, "In-Reply-To", "References")])),
        tokens=_few(tokens(values(original, "List-Unsubscribe"))) if original else (),
        addresses=_few(each for each in named if _ADDRESS.fullmatch(each)),
    )


def tokens(texts: Iterable[str]) -> Iterator[str]:
    """Yield what looks like an unsubscribe token: in a subject, at the end of a link, anywhere."""
    for each in texts:
        yield from _TOKEN.findall(each)


def addresses(text: str) -> Iterator[str]:
    """Yield the addresses in a field such as `rfc822; ann@example.org`."""
    yield from _ADDRESS.findall(text)


def _ids(texts: Iterable[str]) -> Iterator[str]:
    for each in texts:
        yield from _MESSAGE_ID.findall(each)


def _plain(fields: Iterable[str]) -> Iterator[str]:
    yield from (address for _, address in getaddresses(list(fields)))


def _few(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found))[:_MOST]

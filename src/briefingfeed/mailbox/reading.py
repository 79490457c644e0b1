"""Understand one mail: a bounce in a standard form or another, a complaint, a wish to leave, or nothing of the kind.

Pure: octets in, a `Reading` out, whatever the octets are.
"""

from __future__ import annotations

import logging
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import getaddresses, parsedate_to_datetime

from briefingfeed.mailbox.arf import is_feedback, read_feedback
from briefingfeed.mailbox.clues import ENVELOPE, addresses, clues, tokens
from briefingfeed.mailbox.dsn import code_lines, codes, read_dsn
from briefingfeed.mailbox.parsing import Mail, first, parse, parts, subject, text, values
from briefingfeed.models.delivery import EventKind
from briefingfeed.models.report import Clues, Report

_SERVERS = re.compile(r"^(mailer-daemon|postmaster|mail-daemon|mailerdaemon|mmdf|nobody)@", re.IGNORECASE)
_AUTO_SUBJECT = re.compile(
    r"^\W*(auto(matic|matische|matisch)?[ -]?(reply|response|antwort)|auto:|out of (the )?office|abwesen|absence|"
    r"réponse automatique|respuesta automática|risposta automatica|vacation)",
    re.IGNORECASE,
)
_CHALLENGE = re.compile(
    r"confirm (that )?you|please confirm your (mail|message)|challenge|verify (your )?(e-?mail|message)", re.IGNORECASE
)
_AUTO_FIELDS = ("X-Autoreply", "X-Autorespond", "X-Auto-Reply-From", "X-Vacation", "X-Mail-Autoreply")
_YEARS = range(1995, 3000)
_ASCII = bytes(range(128)) + b"?" * 128
"""flufl.bounce trips over header fields with letters beyond ASCII, and over a From without any address."""

# It logs a traceback for whatever its detectors trip over, and that may hold an address.
logging.getLogger("flufl.bounce").propagate = False
logging.getLogger("flufl.bounce").addHandler(logging.NullHandler())


@dataclass(frozen=True, slots=True)
class Reading:
    """What was understood of one mail."""

    report: Report | None = None
    nothing_follows: bool = False
    """An automatic answer, a read receipt: understood, and of no consequence."""

    @property
    def is_understood(self) -> bool:
        return self.report is not None or self.nothing_follows


def read_mail(raw: bytes, *, unsubscribe_address: str | None = None) -> Reading:
    """Return what a mail says. `unsubscribe_address` is where mails go that unsubscribe."""
    mail = parse(raw)
    if mail is None:
        return Reading()
    try:
        found = _read(mail, raw, unsubscribe_address)
    except Exception:  # the standard library's mails raise a dozen kinds; one bad mail must not hide those behind it
        return Reading()
    return replace(found, report=replace(found.report, at=_date(mail))) if found.report else found


def _read(mail: Mail, raw: bytes, unsubscribe_address: str | None) -> Reading:
    if report := read_dsn(mail):
        return Reading(report)
    if is_feedback(mail):
        feedback = read_feedback(mail)
        return Reading(feedback, nothing_follows=feedback is None)
    if any(part.get_content_type() == "message/disposition-notification" for part in parts(mail)):
        return Reading(nothing_follows=True)
    if wish := [*tokens([subject(mail)])]:
        return Reading(_leaving(wish))
    body = text(mail)
    if _is_by_server(mail):
        return Reading(_guessed(mail, raw, body))
    if _is_automatic(mail):
        return Reading(nothing_follows=True)
    if unsubscribe_address and _is_to(mail, unsubscribe_address) and (quoted := [*tokens([body])]):
        return Reading(_leaving(quoted))
    # The null sender writes reports only; but so do answering machines, which were sorted out before.
    is_report = first(mail, "Return-Path") == "<>" or clues(mail).marks
    return Reading(_guessed(mail, raw, body) if is_report else None)


def _leaving(found: list[str]) -> Report:
    return Report(kind=EventKind.UNSUBSCRIBED, about=Clues(tokens=tuple(dict.fromkeys(found))[:20]))


def _is_to(mail: Mail, address: str) -> bool:
    local, _, domain = address.lower().rpartition("@")
    for found in addresses(" ".join(values(mail, *ENVELOPE)).lower()):
        theirs, _, its = found.rpartition("@")
        if theirs.partition("+")[0] == local and its == domain:
            return True
    return False


def _is_by_server(mail: Mail) -> bool:
    """Whether it says that a mail server wrote it: Exim's field, or one of the names that servers have in From."""
    sender = next(addresses(first(mail, "From")), "")
    return "X-Failed-Recipients" in mail or _SERVERS.match(sender) is not None


def _is_automatic(mail: Mail) -> bool:
    """Whether a program wrote it in answer to ours: vacation, challenge (RFC 3834 and what came before it)."""
    submitted = first(mail, "Auto-Submitted").lower()
    return (
        submitted.startswith("auto-")
        or any(name in mail for name in _AUTO_FIELDS)
        or first(mail, "Precedence").lower() in ("auto_reply", "junk")
        or _AUTO_SUBJECT.match(subject(mail)) is not None
        or _CHALLENGE.search(subject(mail)) is not None
    )


def _guessed(mail: Mail, raw: bytes, body: str) -> Report | None:
    """Ask flufl.bounce about reports in a form of their own: qmail's, older Exim's and Exchange's, many more."""
    from flufl.bounce import all_failures  # takes a while to import, and few mails need it

    plain = parse(raw.translate(_ASCII))
    if plain is None:
        return None
    if not getaddresses([first(plain, "From")]):
        del plain["From"]
        plain["From"] = "<>"
    try:
        temporary, permanent = all_failures(plain)
    except Exception:  # its detectors parse free text of strangers; whatever they trip over, they found nothing
        return None
    if not temporary and not permanent:
        return None
    recipients = [each.decode("ascii", "replace") for each in sorted(temporary | permanent)]
    words = next(code_lines(body), "")
    code, enhanced = codes(words)
    is_permanent = bool(permanent) and not (enhanced or str(code or "")).startswith("4")
    return Report(
        kind=EventKind.BOUNCED if permanent else EventKind.DELAYED,
        about=clues(mail, body=body, recipients=recipients),
        permanent=is_permanent,
        code=code,
        enhanced_code=enhanced,
        words=words.strip()[:1000],
    )


def _date(mail: Mail) -> datetime | None:
    with suppress(ValueError, TypeError, OverflowError, IndexError):
        at = parsedate_to_datetime(first(mail, "Date"))
        if at.year in _YEARS:
            return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return None

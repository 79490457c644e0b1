"""Delivery status notifications (RFC 3464, 6533): what a mail server reports about a mail it could not deliver."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from briefingfeed.mailbox.clues import addresses, clues
from briefingfeed.mailbox.parsing import Mail, blocks, first, parts, text, values
from briefingfeed.models.delivery import EventKind
from briefingfeed.models.report import Report

_STATUS_PARTS = ("message/delivery-status", "message/global-delivery-status")
_ENHANCED = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_CODE = re.compile(r"(?<![\d.#-])([245]\d\d)(?=[ -])")
_COPY_BEGINS = re.compile(r"copy|original|returned|below", re.IGNORECASE)
_LONGEST_WORDS = 1_000


@dataclass(frozen=True, slots=True, order=True)
class _Fate:
    """What became of one recipient; the mildest sorts first."""

    weight: int
    kind: EventKind
    permanent: bool
    code: int | None = None
    enhanced_code: str | None = None
    words: str = ""


def read_dsn(mail: Mail) -> Report | None:
    """Return what a delivery status notification reports; None if `mail` is none.

    Our copies have one recipient. If the report lists several (a list or an alias behind the address), the mildest
    counts: somebody there still gets the mail.
    """
    found = [block for part in parts(mail) if part.get_content_type() in _STATUS_PARTS for block in blocks(part)]
    fates = sorted((fate for block in found if (fate := _fate(block))), key=lambda fate: fate.weight)
    if not fates:
        return None
    fate = fates[0]
    recipients = [
        address
        for block in found
        for value in values(block, "Original-Recipient", "Final-Recipient", "X-Actual-Recipient")
        for address in addresses(value)
    ]
    senders = [value for block in found for value in values(block, "X-Postfix-Sender", "Original-Envelope-Id")]
    return Report(
        kind=fate.kind,
        about=clues(mail, body=text(mail), recipients=recipients, senders=senders),
        permanent=fate.permanent,
        code=fate.code,
        enhanced_code=fate.enhanced_code,
        words=fate.words,
    )


def _fate(block: Mail) -> _Fate | None:
    """Read the fields of one recipient; None for those of the message as a whole, and for actions nobody knows."""
    action = first(block, "Action").lower()
    if action.startswith(("delivered", "relayed", "expanded")):
        return _Fate(0, EventKind.DELIVERED, False)
    words = first(block, "Diagnostic-Code").partition(";")[2].strip() or first(block, "Diagnostic-Code")
    code, enhanced = codes(words)
    stated = next(iter(_ENHANCED.findall(first(block, "Status"))), None)
    if stated and (enhanced is None or not stated.endswith(".0.0") or stated[0] != enhanced[0]):
        enhanced = stated
    details = (code, enhanced, words[:_LONGEST_WORDS])
    if action.startswith("delayed"):
        return _Fate(1, EventKind.DELAYED, False, *details)
    if not action.startswith(("fail", "error")):
        return None
    permanent = (enhanced or str(code or 5))[0] == "5"
    return _Fate(3 if permanent else 2, EventKind.BOUNCED, permanent, *details)


def codes(words: str) -> tuple[int | None, str | None]:
    """Return the SMTP reply code and the enhanced code (RFC 3463) that a server's words begin with, or hold."""
    code, enhanced = _CODE.search(words), _ENHANCED.search(words)
    return int(code[1]) if code else None, enhanced[1] if enhanced else None


def code_lines(body: str) -> Iterator[str]:
    """Yield the lines of a report in plain text that hold a code of failure, as far as the returned mail."""
    for line in body.splitlines():
        if line.startswith("---") and _COPY_BEGINS.search(line):
            return
        if any(code and code[0] in "45" for code in map(str, codes(line)) if code != "None"):
            yield line

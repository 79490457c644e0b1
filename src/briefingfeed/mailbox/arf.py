"""Complaints: reports in the Abuse Reporting Format (RFC 5965), which feedback loops of large mail services send."""

from __future__ import annotations

from briefingfeed.mailbox.clues import addresses, clues
from briefingfeed.mailbox.parsing import Mail, blocks, first, parts, values
from briefingfeed.models.delivery import EventKind
from briefingfeed.models.report import Clues, Report

_KINDS = {
    "abuse": EventKind.COMPLAINED,
    "fraud": EventKind.COMPLAINED,
    "virus": EventKind.COMPLAINED,
    "other": EventKind.COMPLAINED,
    "complaint": EventKind.COMPLAINED,
    "opt-out": EventKind.UNSUBSCRIBED,
    "opt-out-list": EventKind.UNSUBSCRIBED,
}
"""`not-spam`, `auth-failure` and whatever else there may be ask for nothing."""


def is_feedback(mail: Mail) -> bool:
    return any(part.get_content_type() == "message/feedback-report" for part in parts(mail))


def read_feedback(mail: Mail) -> Report | None:
    """Return what a feedback report asks for; None if nothing, or if `mail` is none."""
    for part in parts(mail):
        if part.get_content_type() != "message/feedback-report":
            continue
        for block in blocks(part):
            kind = _KINDS.get(first(block, "Feedback-Type").lower())
            if kind is not None:
                return Report(kind=kind, about=_about(mail, block), words=f"feedback report: {kind}")
    return None


def _about(mail: Mail, block: Mail) -> Clues:
    recipients = [each for value in values(block, "Original-Rcpt-To", "Removal-Recipient") for each in addresses(value)]
    return clues(mail, recipients=recipients, senders=values(block, "Original-Mail-From"))

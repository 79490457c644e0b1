"""How much a refusal or a bounce says about the address, by its code (RFC 3463). Pure: the table of docs/bounces.md."""

from __future__ import annotations

from enum import IntEnum

from briefingfeed.providers.smtp_replies import ABOUT_THE_SENDER, NO_SUCH_RECIPIENT


class Weight(IntEnum):
    """How much a bounce says about the address."""

    NOTHING = 0
    """It is about us or the mail: policy, content, size, sender."""
    TEMPORARY = 1
    PERMANENT = 2
    FATAL = 3
    """There is no such address."""


_TEMPORARY = frozenset({"5.2.2", "5.4.3", "5.4.4", "5.4.6", "5.4.7"})
"""Permanent by their class, but a full mailbox is emptied, and a broken domain repaired."""
_NOT_ABOUT_THE_ADDRESS = frozenset({"5.2.3", "5.2.4", *ABOUT_THE_SENDER})


def weight_of(code: str | None, *, permanent: bool) -> Weight:
    """Return the weight of a code; None: nobody said why."""
    code = code or ""
    if code in _NOT_ABOUT_THE_ADDRESS or code[1:].startswith((".6.", ".7.")):
        return Weight.NOTHING
    if not permanent or code in _TEMPORARY or code.startswith(("5.3.", "5.5.")):
        return Weight.TEMPORARY
    return Weight.FATAL if code in NO_SUCH_RECIPIENT else Weight.PERMANENT

"""Whether a refusal asks us to slow down, or is about one recipient. Pure.

Servers that limit how much we send say so in many ways, and in answer to any command. Taken for refusals of each
recipient, such an answer would burn through a whole list.
"""

from __future__ import annotations

import re
from enum import Enum, auto

from briefingfeed.providers.smtp_replies import Reply

MOST_IN_A_ROW = 10
"""Refusals that may be meant for us, of different recipients and with nobody accepted between them, until they are."""

_THROTTLED = 454
"""RFC 4954 means a login that fails for now; Amazon SES says it for every limit."""
_LIMITS = frozenset({"4.4.5", "5.4.5"})
"""System congestion (RFC 3463); Google's for "daily limit reached"."""
_ABOUT_THE_MAILBOX = ".2."
"""Full, busy, greylisted: RFC 3463, 3.3."""
_GREYLISTED = re.compile(r"gr[ae]y.?list", re.IGNORECASE)
_SLOWER = re.compile(
    r"throttl|slow(ing)? down|too fast|too many (messages|e?mails|recipients|connections)|too much mail"
    r"|(sending|rate|hourly|daily|message) (rate |sending )?(limit|quota)|(limit|quota|maximum|max)\b.*"
    r"\b(per|an|each) (second|minute|hour|day)|ratelimit",
    re.IGNORECASE,
)


class Plea(Enum):
    """How much a refusal sounds like "you, slow down"."""

    NONE = auto()
    PERHAPS = auto()
    """A temporary trouble that is probably not this recipient's: one proves nothing, many in a row do."""
    CLEAR = auto()


def plea(reply: Reply) -> Plea:
    """Return what a refusal (4xx or 5xx) of a recipient or a message says about us."""
    code = reply.enhanced_code or ""
    if _ABOUT_THE_MAILBOX in code[1:4] or _GREYLISTED.search(reply.text):
        return Plea.NONE
    if reply.code == _THROTTLED or code in _LIMITS or _SLOWER.search(reply.text):
        return Plea.CLEAR
    if reply.code // 100 != 4:
        return Plea.NONE
    if code.startswith(("4.3.", "4.7.")) or code == "4.5.3" or (not code and reply.code in (451, 452)):
        return Plea.PERHAPS
    return Plea.NONE

"""What may stand in a feed: characters that XML allows, lines without breaks, addresses in ASCII."""

from __future__ import annotations

import re
from urllib.parse import quote

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
"""What XML 1.0 forbids (section 2.2), and the control characters it advises against."""

_SPACES = re.compile("[ \t\n]+")

_URL_CHARACTERS = "%:/?#[]@!$&'()*+,;=~"


def legal(text: str) -> str:
    """Take out the characters that no XML document may hold, however they are written."""
    if text.replace("\n", "").isprintable():  # quick, and never so with a forbidden character
        return text
    return _ILLEGAL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(text: str) -> str:
    """Fold line breaks and runs of spaces; a no-break or thin space stays what it is."""
    if text.isprintable() and "  " not in text:
        return text.strip(" ")
    return _SPACES.sub(" ", legal(text)).strip(" ")


def ascii_url(url: str) -> str:
    """Percent-encode what is not ASCII: RSS and many readers know URIs only, no IRIs."""
    return quote(legal(url).strip(), safe=_URL_CHARACTERS)

"""Place: what of a web address stays the same when a site moves to another host. Pure."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

_INDEX = re.compile(r"(^|/)(index|default)\.(html?|php)$|\.(html?|php|aspx?)$")


def place(address: str) -> str | None:
    """Return path and query of an address, folded: `/2019/Hello.html` and `/2019/hello/` are one place.

    None for the front page, which is nobody's.
    """
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    path = _INDEX.sub(r"\1", unquote(parts.path).casefold()).strip("/")
    return f"{path}?{parts.query}" if parts.query else path or None

"""What the headers of a request ask for, decided without looking at any file: a new copy, gzip, a part (RFC 9110)."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime

from starlette.datastructures import Headers

_TAG = re.compile(r'(?:W/)?("[^"]*")')
_CODING = re.compile(r"\s*([!#$%&'*+.^_`|~0-9a-z-]+)\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?))?\s*", re.IGNORECASE)
_ONE_RANGE = re.compile(r"\s*bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", re.IGNORECASE)


class UnsatisfiableError(Exception):
    """The range that was asked for lies behind the end: 416."""


def accepts_gzip(headers: Headers) -> bool:
    """Whether gzip is welcome, and at least as welcome as the plain bytes (section 12.5.3)."""
    weights: dict[str, float] = {}
    for item in _joined(headers, "accept-encoding").split(","):
        if found := _CODING.fullmatch(item):
            weights[found[1].lower()] = float(found[2] or 1)
    others = weights.get("*", 0.0)
    gzip = weights.get("gzip", weights.get("x-gzip", others))
    return gzip > 0 and gzip >= weights.get("identity", 0.0)


def has_current_copy(headers: Headers, *, etag: str, modified: int) -> bool:
    """Whether the reader's copy is the one that would be sent now: then 304 is the answer (section 13.2.2).

    Entity tags are compared weakly: what stands between us may have marked ours as weak. Where there is any, dates do
    not count: they are blind to a second change within a second. `modified` is in seconds since 1970.
    """
    if "if-none-match" in headers:
        asked = _joined(headers, "if-none-match")
        return asked.strip() == "*" or etag in _TAG.findall(asked)
    since = _instant(headers.get("if-modified-since"))
    return since is not None and modified <= since


def asked_part(headers: Headers, *, etag: str, modified: int, size: int) -> range | None:
    """Return the bytes that are asked for, None for all of them.

    Players ask so when somebody skips ahead. Several ranges at once are answered with everything, as section 14.2
    permits. Raises UnsatisfiableError.
    """
    found = _ONE_RANGE.fullmatch(headers.get("range", ""))
    if found is None or not (found[1] or found[2]) or not _still_the_same(headers, etag, modified):
        return None
    if not found[1]:
        start, stop = max(size - int(found[2]), 0), size
    else:
        start, stop = int(found[1]), min(int(found[2]) + 1 if found[2] else size, size)
        if found[2] and int(found[2]) < start:
            return None
    if start >= size:
        raise UnsatisfiableError
    return range(start, stop)


def _still_the_same(headers: Headers, etag: str, modified: int) -> bool:
    """Whether a part may be sent as one of the copy that the reader already has a part of (section 13.1.5)."""
    copy = headers.get("if-range")
    return copy is None or copy.strip() == etag or _instant(copy) == modified


def _joined(headers: Headers, name: str) -> str:
    return ", ".join(headers.getlist(name))


def _instant(date: str | None) -> int | None:
    try:
        return int(parsedate_to_datetime(date).timestamp()) if date else None
    except (ValueError, OverflowError):
        return None

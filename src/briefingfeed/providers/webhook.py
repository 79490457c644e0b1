"""The seam between the pages and what a provider tells us later: its webhook.

Anybody can knock at that door. A provider's webhook first proves, on the bytes as they came, that the provider made the
call, and only then reads what it says. That is a `Report`, as a bounce by mail is, and has the same consequences.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from briefingfeed.models.report import Clues, Report
from briefingfeed.tokens import BOUNCE_MARK

FRESH = timedelta(minutes=5)
"""How old a call may be whose provider dates it anew each time it tries."""
TRIED_AGAIN = timedelta(days=1)
"""How old one may be whose date is that of the first try. A replayed one is known by its key, so nothing is at risk."""
_AHEAD = timedelta(minutes=5)
_LONGEST_UNPROVEN = 256 * 1024
"""Bytes that are read for anybody. SNS carries no more, and Mailgun tells one event at a time."""
_LONGEST_CLUE = 320
_LONGEST_WORDS = 1_000
_ENHANCED = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_CODE = re.compile(r"(?<![\d.])([45]\d\d)(?![\d.])")


class ForgedCallError(Exception):
    """Nothing proves that the provider made this call. Whoever did learns no more than that."""


class UnreadableCallError(Exception):
    """The provider made this call, and we don't understand it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request as it came, before anybody has checked who made it."""

    headers: Mapping[str, str] = field(repr=False)
    """By their names in lower case."""
    body: bytes = field(repr=False)
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One thing that a provider tells. `key` is its own name for it: told twice, it is the same."""

    key: str
    report: Report


class Webhook(Protocol):
    async def read(self, call: Call) -> Sequence[Told]:
        """Return what the provider tells; nothing for what is of no consequence, or of a kind that we don't know.

        Raises ForgedCallError, UnreadableCallError, and ProviderError if the proof can't be had now.
        """


def check_password(call: Call, passwords: Sequence[str]) -> None:
    """For providers that sign nothing: raise ForgedCallError without one of `passwords` (RFC 7617; any user name)."""
    scheme, _, given = call.headers.get("authorization", "").partition(" ")
    try:
        password = base64.b64decode(given.strip(), validate=True).partition(b":")[2]
    except (binascii.Error, ValueError):
        password = b""
    fits = [hmac.compare_digest(password, each.encode()) for each in passwords]
    if scheme.lower() != "basic" or not any(fits):
        raise ForgedCallError


def check_age(call: Call, seconds: str | float, oldest: timedelta) -> None:
    """Raise ForgedCallError for a call that was dated too long ago, or in the future. `seconds` since 1970."""
    try:
        age = call.at - datetime.fromtimestamp(float(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        raise ForgedCallError from None
    if not -_AHEAD <= age <= oldest:
        raise ForgedCallError


def read_json(body: bytes) -> Any:
    """Raises UnreadableCallError."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnreadableCallError("It is no JSON.") from error


def read_object(body: bytes) -> Mapping[str, Any]:
    """Return a JSON object. Raises UnreadableCallError for anything else."""
    found = read_json(body)
    if not isinstance(found, dict):
        raise UnreadableCallError("It is no JSON object.")
    return found


def read_unproven(body: bytes) -> Mapping[str, Any]:
    """Return a JSON object that holds its own proof. Raises ForgedCallError: what can't be read proves nothing."""
    if len(body) > _LONGEST_UNPROVEN:
        raise ForgedCallError
    try:
        return read_object(body)
    except UnreadableCallError:
        raise ForgedCallError from None


def inner(found: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return the object inside an object; an empty one if there is none."""
    value = found.get(name)
    return value if isinstance(value, dict) else {}


def about(*, mark: object = None, provider_id: object = None, address: object = None) -> Clues:
    """Return what names the copy. The arguments are as found in JSON: what is no text is left out."""
    is_mark = isinstance(mark, str) and re.fullmatch(BOUNCE_MARK, mark)
    return Clues(
        marks=(str(mark),) if is_mark else (),
        provider_ids=_texts(provider_id),
        addresses=_texts(address),
    )


def words(*found: object) -> str:
    """Return the provider's words, of those that are text, without repeating any."""
    return " ".join(dict.fromkeys(text for each in found for text in _texts(each, _LONGEST_WORDS)))[:_LONGEST_WORDS]


def enhanced_code(text: str) -> str | None:
    """Return the first RFC 3463 code that stands in a mail server's words."""
    found = _ENHANCED.search(text)
    return found[1] if found else None


def reply_code(text: str) -> int | None:
    """Return the first SMTP reply code that stands in a mail server's words."""
    found = _CODE.search(text)
    return int(found[1]) if found else None


def instant(found: object) -> datetime | None:
    """Return a time as JSON has it: RFC 3339, or seconds since 1970. None for what is none, or names no zone."""
    try:
        if isinstance(found, (int, float)) and not isinstance(found, bool):
            return datetime.fromtimestamp(found, UTC)
        at = datetime.fromisoformat(found) if isinstance(found, str) else None
        return at.astimezone(UTC) if at and at.tzinfo else None
    except (ValueError, OverflowError, OSError):
        return None


def _texts(found: object, longest: int = _LONGEST_CLUE) -> tuple[str, ...]:
    return (found[:longest],) if isinstance(found, str) and found.strip() else ()

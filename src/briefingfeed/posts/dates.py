"""Dates as people and other generators write them, as instants in the publication's zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

REMEDY = "Write it as year-month-day, with a time if it matters: 2026-11-24 or 2026-11-24 17:00."
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December")  # fmt: skip
_FORM = re.compile(
    r"(?P<year>\d{4})(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})"
    r"(?:(?:[Tt]|[ \t]+)(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?"
    r"[ \t]*(?P<zone>[Zz]|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?(?:[ \t]+[A-Z]{2,5})?)?"
)
# The first and last years that keep every conversion between zones and every feed format's date inside its range.
_FIRST_YEAR, _LAST_YEAR = 1900, 9000


class DateError(ValueError):
    """Not a date, or one that does not exist. The text says which, as a sentence."""


@dataclass(frozen=True, slots=True)
class Moment:
    """`at` is aware, in the publication's zone, whole seconds; midnight if no time was written."""

    at: datetime
    time_given: bool


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the instant at which that day begins in the zone."""
    return _existing(datetime.combine(day, time(), zone), zone)


def day_after(day: date) -> date:
    return day + timedelta(days=1)


def read_moment(text: str, zone: ZoneInfo) -> Moment:
    """Read a date with or without a time; a time without an offset is the zone's own.

    Raises:
        DateError: it cannot be read, or there is no such day or time.
    """
    text = text.strip()
    found = _FORM.fullmatch(text)
    if not found:
        raise DateError(f"“{_shortened(text)}” is not a date that can be read.")
    day = _day(int(found["year"]), int(found["month"]), int(found["day"]))
    if found["hour"] is None:
        return Moment(midnight(day, zone), False)
    clock = _clock(int(found["hour"]), int(found["minute"]), int(found["second"] or 0))
    return Moment(_existing(datetime.combine(day, clock, _zone(found["zone"]) or zone), zone), True)


def _existing(at: datetime, zone: ZoneInfo) -> datetime:
    """Return the same instant in the zone; a time that clocks leap over becomes the one they leap to."""
    return at.astimezone(UTC).astimezone(zone)


def _day(year: int, month: int, day: int) -> date:
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise DateError(f"The year {year} cannot be meant.")
    if not 1 <= month <= 12:
        raise DateError(f"There is no month {month}.")
    try:
        return date(year, month, day)
    except ValueError:
        raise DateError(f"There is no {day} {_MONTHS[month - 1]} {year}.") from None


def _clock(hour: int, minute: int, second: int) -> time:
    try:
        return time(hour, minute, min(second, 59))
    except ValueError:
        raise DateError(f"There is no time {hour}:{minute:02}.") from None


def _zone(text: str | None) -> timezone | None:
    if not text:
        return None
    if text[0] not in "+-":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    if offset >= timedelta(hours=24):
        raise DateError(f"There is no offset {text} from UTC.")
    return timezone(offset if text[0] == "+" else -offset)


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:59]}…"

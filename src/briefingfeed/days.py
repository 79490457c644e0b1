"""Days and hours as people write them, the same on pages, in mails and at the command line."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def day_in_words(day: date) -> str:
    """Write a date for people: `24 November 2026`."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def time_in_words(at: datetime, zone: ZoneInfo) -> str:
    """Write an instant for people, in the publication's zone: `23 November 2026, 17:00`."""
    local = at.astimezone(zone)
    return f"{day_in_words(local)}, {local:%H:%M}"

"""When editions are due: weekly slots in the publication's zone. Pure.

A slot is a weekday and a wall-clock time. Where the clocks skip that time, the slot is the first instant after the gap;
where they repeat it, the first of the two.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from briefingfeed.errors import UsageError
from briefingfeed.models.edition import Cadence, Slot
from briefingfeed.models.settings import Settings

PERIOD_DAYS = {Cadence.WEEKLY: 7}
"""How many days lie between two slots of a cadence."""

_SECOND = timedelta(seconds=1)
_WEEK = timedelta(days=7)


def latest_slot(settings: Settings, now: datetime) -> Slot:
    """Return the last slot at or before `now`."""
    slot = _slot_on(settings, _planned_day_after(settings, now))
    while slot.at > now:
        slot = previous_slot(settings, slot)
    return slot


def next_slot(settings: Settings, now: datetime) -> Slot:
    """Return the first slot after `now`."""
    day = _planned_day_after(settings, now)
    slot = _slot_on(settings, day)
    while slot.previous > now:
        slot = previous_slot(settings, slot)
    return slot


def previous_slot(settings: Settings, slot: Slot) -> Slot:
    """Return the slot one week before."""
    return _slot_on(settings, _planned_day(settings, slot.key) - _WEEK)


def slot_for_key(settings: Settings, key: str) -> Slot:
    """Return the slot of an edition's key, such as `weekly/2026-W48` or `rehearsal/weekly/2026-W48`.

    Raises UsageError if there is no such week.
    """
    return _slot_on(settings, _planned_day(settings, key.removeprefix("rehearsal/")))


def _planned_day(settings: Settings, key: str) -> date:
    cadence, _, week = key.partition("/")
    year, _, number = week.partition("-W")
    try:
        day = date.fromisocalendar(int(year), int(number), settings.newsletter.weekly.weekday + 1)
    except ValueError:
        day = None
    if day is None or cadence != Cadence.WEEKLY or _key(day) != key:
        raise UsageError(
            f"“{key}” is not the key of an edition",
            remedy="keys look like weekly/2026-W48; `briefingfeed editions list` shows them",
        )
    return day


def _planned_day_after(settings: Settings, now: datetime) -> date:
    """Return the planned day of a slot that is certainly after `now`, and at most two weeks away."""
    weekday = settings.newsletter.weekly.weekday
    today = now.astimezone(settings.publication.timezone).date()
    return today + timedelta(days=(weekday - today.weekday()) % 7) + _WEEK


def _slot_on(settings: Settings, day: date) -> Slot:
    at = settings.newsletter.weekly.at
    zone = settings.publication.timezone
    return Slot(
        cadence=Cadence.WEEKLY,
        key=_key(day),
        at=_first_instant(datetime.combine(day, at), zone),
        previous=_first_instant(datetime.combine(day - _WEEK, at), zone),
    )


def _key(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{Cadence.WEEKLY}/{year:04}-W{week:02}"


def _first_instant(wall_clock: datetime, zone: ZoneInfo) -> datetime:
    """Return the first instant (UTC) at which a clock in `zone` shows `wall_clock`, or a later time after a gap."""
    instant = wall_clock.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == wall_clock:
        return instant
    # In a gap (PEP 495) fold=0 counts with the offset before it and so lands behind it; fold=1 lands in front of it.
    before, after = wall_clock.replace(tzinfo=zone, fold=1).astimezone(UTC), instant
    offset = after.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) // 2
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after.replace(microsecond=0)

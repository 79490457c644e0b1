"""When editions are due: the slots of each cadence in the publication's zone. Pure.

A slot is a planned day and a wall-clock time. Where the clocks skip that time, the slot is the first instant after the
gap; where they repeat it, the first of the two. Posts that go one by one have no slots: each is due once it is visible.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from briefingfeed.errors import ConfigurationError, UsageError
from briefingfeed.models.edition import Cadence, Slot
from briefingfeed.models.post import Post
from briefingfeed.models.settings import Settings

PERIOD_DAYS = {Cadence.WEEKLY: 7, Cadence.DAILY: 1, Cadence.MONTHLY: 31, Cadence.POSTS: 1}
"""How many days lie between two slots of a cadence, at most."""

EXAMPLES = {
    Cadence.WEEKLY: 'weekly = "Mon 08:00"',
    Cadence.DAILY: 'daily = "07:30"',
    Cadence.MONTHLY: 'monthly = "1 08:00"',
    Cadence.POSTS: "posts = true",
}
"""What sets a cadence up, in [newsletter]."""

_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)


def set_up(settings: Settings) -> tuple[Cadence, ...]:
    """Return the cadences that this publication has."""
    newsletter = settings.newsletter
    has = {
        Cadence.WEEKLY: True,
        Cadence.DAILY: newsletter.daily is not None,
        Cadence.MONTHLY: newsletter.monthly is not None,
        Cadence.POSTS: newsletter.posts,
    }
    return tuple(cadence for cadence in Cadence if has[cadence])


def require(settings: Settings, cadence: Cadence) -> None:
    """Raise ConfigurationError, saying what to write, unless the publication has this cadence."""
    if cadence not in set_up(settings):
        raise ConfigurationError(
            f"This publication has no cadence “{cadence}”.",
            where=str(settings.file),
            remedy=f"To have it, write below [newsletter]: {EXAMPLES[cadence]}",
        )


def latest_slot(settings: Settings, cadence: Cadence, now: datetime) -> Slot:
    """Return the last slot at or before `now`. Raises ConfigurationError if the cadence isn't set up."""
    slot = _slot_after(settings, cadence, now)
    while slot.at > now:
        slot = previous_slot(settings, slot)
    return slot


def upcoming_slot(settings: Settings, cadence: Cadence, now: datetime) -> Slot:
    """Return the first slot after `now`. Raises ConfigurationError if the cadence isn't set up."""
    slot = _slot_after(settings, cadence, now)
    while slot.previous > now:
        slot = previous_slot(settings, slot)
    return slot


def previous_slot(settings: Settings, slot: Slot) -> Slot:
    """Return the slot one period before."""
    days = _days(settings, slot.cadence)
    return _slot_on(settings, days, days.before(_planned_day(days, slot.key)))


def slot_for_key(settings: Settings, key: str) -> Slot:
    """Return the slot of an edition's key, such as `weekly/2026-W48` or `rehearsal/daily/2026-11-23`.

    Raises UsageError if there is no such slot, ConfigurationError if its cadence isn't set up.
    """
    key = key.removeprefix("rehearsal/")
    name = key.partition("/")[0]
    if name not in (Cadence.WEEKLY, Cadence.DAILY, Cadence.MONTHLY):
        raise _no_key(key)
    days = _days(settings, Cadence(name))
    return _slot_on(settings, days, _planned_day(days, key))


def moment_of(now: datetime) -> Slot:
    """Return what stands for a slot where posts go by themselves: it is always due, and lasts a day."""
    return Slot(cadence=Cadence.POSTS, key=str(Cadence.POSTS), at=now, previous=now - _DAY)


def slot_for_post(post: Post, now: datetime, taken: Collection[str]) -> Slot:
    """Return the slot of a post that goes by itself, with a key that isn't `taken`: `posts/2026-11-23-tides`."""
    key = f"{Cadence.POSTS}/{post.published:%Y-%m-%d}-{post.slug}"
    keys = (key, *(f"{key}-{number}" for number in range(2, len(taken) + 3)))
    return replace(moment_of(now), key=next(each for each in keys if each not in taken))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Days:
    """The planned days of a cadence, and what they are called."""

    cadence: Cadence
    at: time
    following: Callable[[date], date]
    """day -> a planned day that is later by two days at least, and by two periods and two days at most"""
    before: Callable[[date], date]
    """planned day -> the one before"""
    name: Callable[[date], str]
    read: Callable[[str], date]
    """name -> planned day; raises ValueError"""


def _days(settings: Settings, cadence: Cadence) -> _Days:
    require(settings, cadence)
    weekly, daily, monthly = settings.newsletter.weekly, settings.newsletter.daily, settings.newsletter.monthly
    if cadence is Cadence.DAILY and daily is not None:
        return _Days(
            cadence=cadence,
            at=daily,
            following=lambda day: day + 2 * _DAY,
            before=lambda day: day - _DAY,
            name=date.isoformat,
            read=date.fromisoformat,
        )
    if cadence is Cadence.MONTHLY and monthly is not None:
        return _Days(
            cadence=cadence,
            at=monthly.at,
            following=lambda day: _month_after(_month_after(day)).replace(day=monthly.day),
            before=lambda day: (day.replace(day=1) - _DAY).replace(day=monthly.day),
            name=lambda day: f"{day:%Y-%m}",
            read=lambda name: date.fromisoformat(f"{name}-{monthly.day:02}"),
        )
    if cadence is Cadence.WEEKLY:
        return _Days(
            cadence=cadence,
            at=weekly.at,
            following=lambda day: day + timedelta(days=(weekly.weekday - day.weekday()) % 7) + _WEEK,
            before=lambda day: day - _WEEK,
            name=_week_name,
            read=lambda name: _day_of_week(name, weekly.weekday),
        )
    raise ValueError(f"{cadence} has no slots")


def _month_after(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)


def _week_name(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year:04}-W{week:02}"


def _day_of_week(name: str, weekday: int) -> date:
    year, _, number = name.partition("-W")
    return date.fromisocalendar(int(year), int(number), weekday + 1)


def _planned_day(days: _Days, key: str) -> date:
    try:
        day = days.read(key.partition("/")[2])
    except ValueError:
        raise _no_key(key) from None
    if _key(days, day) != key:
        raise _no_key(key)
    return day


def _no_key(key: str) -> UsageError:
    return UsageError(
        f"“{key}” is not the key of an edition",
        remedy="keys look like weekly/2026-W48; `briefingfeed editions list` shows them",
    )


def _key(days: _Days, day: date) -> str:
    return f"{days.cadence}/{days.name(day)}"


def _slot_after(settings: Settings, cadence: Cadence, now: datetime) -> Slot:
    """Return a slot that is certainly after `now`, and at most three periods away."""
    days = _days(settings, cadence)
    return _slot_on(settings, days, days.following(now.astimezone(settings.publication.timezone).date()))


def _slot_on(settings: Settings, days: _Days, day: date) -> Slot:
    zone = settings.publication.timezone
    return Slot(
        cadence=days.cadence,
        key=_key(days, day),
        at=_first_instant(datetime.combine(day, days.at), zone),
        previous=_first_instant(datetime.combine(days.before(day), days.at), zone),
    )


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

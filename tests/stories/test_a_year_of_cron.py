"""A year of cron: clocks that change, machines that are off, times that jump. The editions are those of the tables.

The tables were written by hand from calendars: nothing of the schedule's own code computes them. A run that has nothing
to do is only looked at, most times; whatever it finds to do is done for real.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from briefingfeed.delivery.plan import Decision
from briefingfeed.models.edition import Cadence, EditionState
from briefingfeed.models.settings import MonthlyTime, WeeklyTime
from briefingfeed.services.sending.due import look_ahead

from .house import House

SUNDAY = 6
YEAR = timedelta(days=365)
OpenHouse = Callable[..., House]
Row = tuple[datetime, EditionState]


@dataclass(frozen=True)
class Cron:
    """When it runs, in UTC. The clock of the machine shows something else while it is `wrong`."""

    off: tuple[str, str]
    also: Sequence[str]
    wrong: Sequence[tuple[str, str, timedelta]]

    def runs(self) -> Iterator[datetime]:
        every_eight_hours = [utc("2026-01-01 00:00") + timedelta(hours=8 * number) for number in range(3 * 365 + 1)]
        for instant in sorted({*every_eight_hours, *map(utc, self.also)}):
            if not utc(self.off[0]) <= instant < utc(self.off[1]):
                shift = (shift for begin, end, shift in self.wrong if utc(begin) <= instant < utc(end))
                yield instant + next(shift, timedelta(0))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def live(house: House, cron: Cron, *cadences: Cadence) -> None:
    for number, now in enumerate(cron.runs()):
        house.now = now
        for cadence in cadences:
            idle = look_ahead(house.context, cadence, at_once=False, force=False) == Decision()
            if not idle or number % 40 == 0:
                house.run(cadence)


def editions(house: House, cadence: Cadence) -> dict[str, Row]:
    prefix = f"{cadence}/"
    found = house.editions.items()
    return {key.removeprefix(prefix): (each.slot_at, each.state) for key, each in found if key.startswith(prefix)}


def weeks(first: int, last: int, day_of_first: str, at: str, state: EditionState) -> dict[str, Row]:
    """Write out rows of the table: so many weeks, beginning with that day, each at this time of the day (UTC)."""
    begin = utc(f"{day_of_first} {at}")
    return {f"2026-W{week:02}": (begin + timedelta(weeks=week - first), state) for week in range(first, last + 1)}


def days(first: str, last: str, at: str, state: EditionState = EditionState.EMPTY) -> dict[str, Row]:
    begin, end = date.fromisoformat(first), date.fromisoformat(last)
    listed = (begin + timedelta(days=number) for number in range((end - begin).days + 1))
    return {str(day): (utc(f"{day} {at}"), state) for day in listed}


DONE, EMPTY, MISSED = EditionState.DONE, EditionState.EMPTY, EditionState.MISSED

# Sundays at 02:30. On 29 March that time is skipped: 03:00 is 01:00 UTC. On 25 October it comes twice: first 00:30 UTC.
BERLIN = {
    **weeks(1, 12, "2026-01-04", "01:30", DONE),
    **weeks(13, 13, "2026-03-29", "01:00", DONE),
    **weeks(14, 18, "2026-04-05", "00:30", DONE),
    **weeks(19, 20, "2026-05-10", "00:30", MISSED),
    **weeks(21, 43, "2026-05-24", "00:30", DONE),
    **weeks(44, 52, "2026-11-01", "01:30", DONE),
}


def test_sundays_at_half_past_two_in_berlin(open_house: OpenHouse) -> None:
    house = open_house(zone="Europe/Berlin", now="2026-01-01 00:00")
    house.set_up(weekly=WeeklyTime(SUNDAY, time(2, 30)))
    house.subscribe("ann")
    saturday = date(2026, 1, 3)
    titles = [f"Week {number}" for number in range(1, 53)]
    for number, title in enumerate(titles):
        house.write(title, f"{saturday + timedelta(weeks=number)} 12:00")
    cron = Cron(
        off=("2026-05-09 00:00", "2026-05-27 00:00"),
        also=("2026-08-02 00:45", "2026-08-02 01:00", "2026-10-25 00:31", "2026-10-25 01:31"),
        wrong=(
            ("2026-08-02 00:50", "2026-08-02 03:00", timedelta(hours=-2)),
            ("2026-09-19 12:00", "2026-09-22 00:00", YEAR),
        ),
    )
    live(house, cron, Cadence.WEEKLY)
    assert editions(house, Cadence.WEEKLY) == BERLIN
    assert house.posts_of("ann") == [*titles[:18], *reversed(titles[18:21]), *titles[21:]]
    assert house.editions["weekly/2026-W38"].frozen_at == utc("2026-09-22 00:00")  # once the clock was right again


# Each day at 01:45. On 1 November that time comes twice: first 05:45 UTC, while it is still summer.
NEW_YORK = {
    **days("2026-01-01", "2026-03-08", "06:45"),
    **days("2026-03-09", "2026-11-01", "05:45"),
    **days("2026-11-02", "2026-12-31", "06:45"),
    **days("2026-02-11", "2026-02-11", "06:45", DONE),
    **days("2026-03-08", "2026-03-08", "06:45", DONE),
    **days("2026-07-04", "2026-07-05", "05:45", MISSED),
    **days("2026-07-06", "2026-07-06", "05:45", DONE),
    **days("2026-11-01", "2026-11-01", "05:45", DONE),
}


def test_each_day_in_new_york(open_house: OpenHouse) -> None:
    house = open_house(zone="America/New_York", now="2026-01-01 00:00")
    house.set_up(daily=time(1, 45))
    house.subscribe("ann", cadence=Cadence.DAILY)
    for title, day in {
        "Winter": "2026-02-10 12:00",
        "The hour that is skipped": "2026-03-07 12:00",
        "Fireworks": "2026-07-04 00:00",
        "The hour that comes twice": "2026-10-31 12:00",
    }.items():
        house.write(title, day)
    cron = Cron(
        off=("2026-07-03 10:00", "2026-07-06 20:00"),
        also=("2026-02-11 07:00", "2026-02-11 07:15", "2026-11-01 05:50", "2026-11-01 06:50", "2026-07-06 20:00"),
        wrong=(
            ("2026-02-11 07:10", "2026-02-11 08:00", timedelta(hours=-2)),
            ("2026-09-15 06:00", "2026-09-15 18:00", YEAR),
        ),
    )
    live(house, cron, Cadence.DAILY)
    assert editions(house, Cadence.DAILY) == NEW_YORK
    assert house.mails("ann") == [
        ["Winter"],
        ["The hour that is skipped"],
        ["Fireworks"],
        ["The hour that comes twice"],
    ]


# The 4th of each month at 02:10. On 4 October 02:00 becomes 02:30, which is 15:30 UTC of the day before.
LORD_HOWE_MONTHS = {
    "2026-01": (utc("2026-01-03 15:10"), DONE),
    "2026-02": (utc("2026-02-03 15:10"), DONE),
    "2026-03": (utc("2026-03-03 15:10"), DONE),
    "2026-04": (utc("2026-04-03 15:10"), DONE),
    "2026-05": (utc("2026-05-03 15:40"), DONE),
    "2026-06": (utc("2026-06-03 15:40"), MISSED),
    "2026-07": (utc("2026-07-03 15:40"), DONE),
    "2026-08": (utc("2026-08-03 15:40"), DONE),
    "2026-09": (utc("2026-09-03 15:40"), DONE),
    "2026-10": (utc("2026-10-03 15:30"), DONE),
    "2026-11": (utc("2026-11-03 15:10"), DONE),
    "2026-12": (utc("2026-12-03 15:10"), DONE),
}
# Sundays at 01:45. On 5 April that time comes twice: first 14:45 UTC of the day before.
LORD_HOWE_WEEKS = {
    **weeks(1, 14, "2026-01-03", "14:45", EMPTY),
    **weeks(15, 22, "2026-04-11", "15:15", EMPTY),
    **weeks(23, 28, "2026-06-06", "15:15", MISSED),
    **weeks(29, 40, "2026-07-18", "15:15", EMPTY),
    **weeks(41, 52, "2026-10-10", "14:45", EMPTY),
}


def test_months_and_weeks_on_lord_howe_island(open_house: OpenHouse) -> None:
    """Half an hour is all that its summer is ahead by."""
    house = open_house(zone="Australia/Lord_Howe", now="2026-01-01 00:00")
    house.set_up(weekly=WeeklyTime(SUNDAY, time(1, 45)), monthly=MonthlyTime(4, time(2, 10)))
    house.subscribe("ann", cadence=Cadence.MONTHLY)
    titles = [f"Month {number}" for number in range(1, 13)]
    for number, title in enumerate(titles, start=1):
        house.write(title, f"2026-{number:02}-02 12:00")
    cron = Cron(
        off=("2026-06-01 00:00", "2026-07-20 00:00"),
        also=("2026-04-04 14:50", "2026-04-04 15:20", "2026-10-03 15:29", "2026-10-03 15:31", "2026-10-03 15:35"),
        wrong=(
            ("2026-10-03 15:33", "2026-10-03 17:00", timedelta(hours=-2)),
            ("2026-08-15 06:00", "2026-08-15 18:00", YEAR),
        ),
    )
    live(house, cron, Cadence.MONTHLY, Cadence.WEEKLY)
    assert editions(house, Cadence.MONTHLY) == LORD_HOWE_MONTHS
    assert editions(house, Cadence.WEEKLY) == LORD_HOWE_WEEKS
    assert house.posts_of("ann") == [*titles[:5], "Month 7", "Month 6", *titles[7:]]

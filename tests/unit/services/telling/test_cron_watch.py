"""When runs come too late for the slot, told from times alone: a year of cron in three time zones, and its opposite."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from briefingfeed.models.edition import Cadence
from briefingfeed.services.telling.cron_watch import Gap, came_late, never_came, rhythm, stopped, will_be_late
from briefingfeed.services.telling.cron_words import span_in_words
from briefingfeed.services.telling.run_log import KEPT, Run

MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)


def runs(*starts: datetime, by_hand: bool = False) -> tuple[Run, ...]:
    return tuple(
        Run(id=str(start), cadence=Cadence.WEEKLY, started_at=start, by_hand=by_hand, ended_at=start, exit_code=0)
        for start in starts
    )


def every(step: timedelta, until: datetime, count: int = 10) -> tuple[Run, ...]:
    return runs(*(until - step * number for number in reversed(range(count))))


def slots(zone: ZoneInfo, year: int, at: time = time(8)) -> list[datetime]:
    """Mondays at eight, as the clocks of `zone` show it."""
    first = datetime.combine(date(year, 1, 5), at)
    return [(first + WEEK * week).replace(tzinfo=zone).astimezone(UTC) for week in range(51)]


def warned(zone: ZoneInfo, step: timedelta, first: datetime) -> Iterator[tuple[datetime, timedelta]]:
    """Let cron run for a year; yield each slot that a run warns of, and how late it is said to become."""
    known: tuple[Run, ...] = ()
    now, coming = first, slots(zone, 2026)
    while coming:
        known = (*known, *runs(now))[-KEPT:]
        while coming and coming[0] <= now:
            coming.pop(0)
        if coming and coming[0] < now + step and (gap := will_be_late(coming[0], known, now)):
            yield coming[0], gap.after - gap.slot_at
        now += step


@pytest.mark.parametrize(
    ("zone", "hour", "expected"),
    [
        # The hour (UTC) of a daily cron line -> in which months the slot of 08:00 local time falls a day late.
        ("Europe/Berlin", 6, {1, 2, 3, 10, 11, 12}),  # right in summer, an hour early in winter
        ("Europe/Berlin", 7, set()),  # right in winter, an hour late in summer: no harm
        ("Europe/Berlin", 5, set(range(1, 13))),
        ("America/New_York", 12, {1, 2, 3, 11, 12}),
        ("America/New_York", 13, set()),
        ("America/New_York", 8, set(range(1, 13))),  # 08:00 by the machine's clock
        ("Australia/Lord_Howe", 21, {4, 5, 6, 7, 8, 9}),  # 08:00 is 21:00 or 21:30 of the day before
        ("Australia/Lord_Howe", 22, set()),
    ],
)
def test_a_daily_line_at_a_wrong_hour_is_noticed_before_each_slot_it_misses(
    zone: str, hour: int, expected: set[int]
) -> None:
    found = list(warned(ZoneInfo(zone), DAY, datetime(2025, 12, 20, hour, tzinfo=UTC)))
    months = {slot.month for slot, _ in found}
    assert months == expected
    assert all(timedelta(hours=19) <= late < DAY for _, late in found)


def test_a_weekly_line_an_hour_early_is_noticed_before_the_digest_is_a_week_late() -> None:
    found = list(warned(ZoneInfo("Europe/Berlin"), WEEK, datetime(2026, 6, 1, 6, tzinfo=UTC)))
    assert [slot.month for slot, _ in found] == [10, 11, 11, 11, 11, 11, 12, 12, 12]
    assert {late for _, late in found} == {WEEK - HOUR}


@pytest.mark.parametrize("step", [timedelta(minutes=15), HOUR, timedelta(minutes=90)])
def test_a_line_that_runs_often_is_never_complained_of(step: timedelta) -> None:
    for zone in ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe"):
        assert list(warned(ZoneInfo(zone), step, datetime(2026, 3, 1, 0, 7, tzinfo=UTC))) == []


class TestRhythm:
    def test_needs_three_runs(self) -> None:
        assert rhythm(every(DAY, MONDAY, 2)) is None
        assert rhythm(every(DAY, MONDAY, 3)) == DAY

    def test_of_working_days_is_a_day(self) -> None:
        week = [MONDAY + DAY * day for day in (0, 1, 2, 3, 4, 7, 8)]
        assert rhythm(runs(*week)) == DAY

    def test_bears_a_change_of_the_clocks(self) -> None:
        assert rhythm(runs(MONDAY, MONDAY + DAY, MONDAY + 2 * DAY - HOUR, MONDAY + 3 * DAY - HOUR)) == DAY - HOUR

    def test_is_not_found_in_what_a_person_does(self) -> None:
        starts = [MONDAY, MONDAY + 3 * HOUR, MONDAY + 31 * HOUR, MONDAY + 100 * HOUR]
        assert rhythm(runs(*starts)) is None
        assert rhythm(runs(*[MONDAY + DAY * day for day in range(5)], by_hand=True)) is None


class TestBefore:
    def test_nothing_is_said_of_a_machine_that_was_switched_on_now_and_then(self) -> None:
        known = runs(MONDAY - 9 * DAY, MONDAY - 5 * DAY - 3 * HOUR, MONDAY - 4 * DAY, MONDAY - HOUR)
        assert will_be_late(MONDAY, known, MONDAY - HOUR) is None

    def test_a_run_by_hand_hides_nothing(self) -> None:
        known = (*every(DAY, MONDAY - HOUR), *runs(MONDAY - HOUR / 2, by_hand=True))
        assert will_be_late(MONDAY, known, MONDAY - HOUR / 2) == Gap(MONDAY - HOUR, MONDAY, MONDAY + 23 * HOUR)


class TestAfterwards:
    def test_an_edition_that_began_late_because_no_run_came(self) -> None:
        known = runs(MONDAY - HOUR, MONDAY + 23 * HOUR)
        assert came_late(MONDAY, MONDAY + 23 * HOUR, known) == Gap(MONDAY - HOUR, MONDAY, MONDAY + 23 * HOUR)

    @pytest.mark.parametrize(
        ("began", "known"),
        [
            (MONDAY + HOUR, (MONDAY - HOUR, MONDAY + HOUR)),  # an hour is no matter
            (MONDAY + DAY, (MONDAY - HOUR, MONDAY + HOUR / 4, MONDAY + DAY)),  # runs came; it was blocked
            (MONDAY + DAY, (MONDAY + DAY,)),  # the first run of all
            (MONDAY + DAY, ()),
        ],
    )
    def test_or_for_another_reason(self, began: datetime, known: tuple[datetime, ...]) -> None:
        assert came_late(MONDAY, began, runs(*known)) is None

    def test_a_slot_was_missed_because_no_run_came(self) -> None:
        now = MONDAY + 9 * DAY
        at_work = Run(id="now", cadence=Cadence.WEEKLY, started_at=now, by_hand=False)
        assert never_came(MONDAY, (*runs(MONDAY - HOUR), at_work), now) == Gap(MONDAY - HOUR, MONDAY, now)
        assert never_came(MONDAY, (*runs(MONDAY - HOUR, MONDAY + DAY), at_work), now) is None
        assert never_came(MONDAY, (at_work,), now) is None

    def test_runs_that_stopped(self) -> None:
        assert stopped((), MONDAY) is None
        assert stopped(every(HOUR / 4, MONDAY), MONDAY + 20 * HOUR) is None
        assert stopped(every(HOUR / 4, MONDAY), MONDAY + 3 * DAY) == MONDAY
        assert stopped(every(WEEK, MONDAY), MONDAY + 10 * DAY) is None
        assert stopped(every(WEEK, MONDAY), MONDAY + 15 * DAY) == MONDAY


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(minutes=45), "45 minutes"),
        (HOUR, "an hour"),
        (100 * timedelta(minutes=1), "100 minutes"),
        (23 * HOUR, "23 hours"),
        (WEEK - HOUR, "6 days and 23 hours"),
        (WEEK, "7 days"),
    ],
)
def test_spans_in_words(span: timedelta, words: str) -> None:
    assert span_in_words(span) == words

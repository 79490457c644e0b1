"""Slots over changes of clocks, years and zones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

import pytest

from briefingfeed.errors import ConfigurationError, UsageError
from briefingfeed.models.edition import Cadence
from briefingfeed.models.post import Post
from briefingfeed.models.settings import MonthlyTime, Settings
from briefingfeed.newsletter.schedule import (
    latest_slot,
    previous_slot,
    set_up,
    slot_for_key,
    slot_for_post,
    upcoming_slot,
)

MakeSettings = Callable[..., Settings]

MONDAY, SUNDAY = 0, 6


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "weekly", "now", "key", "at"),
    [
        pytest.param("UTC", (MONDAY, time(8)), "2026-11-23 08:00", "2026-W48", "2026-11-23 08:00", id="at the slot"),
        pytest.param(
            "UTC", (MONDAY, time(8)), "2026-11-23 07:59", "2026-W47", "2026-11-16 08:00", id="a minute before"
        ),
        pytest.param("UTC", (MONDAY, time(8)), "2026-11-29 23:59", "2026-W48", "2026-11-23 08:00", id="the week's end"),
        pytest.param(
            "Europe/Berlin", (MONDAY, time(8)), "2026-10-26 12:00", "2026-W44", "2026-10-26 07:00", id="winter"
        ),
        pytest.param(
            "Europe/Berlin", (MONDAY, time(8)), "2026-10-19 12:00", "2026-W43", "2026-10-19 06:00", id="summer"
        ),
        # 02:30 does not exist on 29 March 2026 in Berlin: the clocks go from 02:00 to 03:00, which is 01:00 UTC.
        pytest.param(
            "Europe/Berlin", (SUNDAY, time(2, 30)), "2026-03-29 12:00", "2026-W13", "2026-03-29 01:00", id="gap"
        ),
        pytest.param(
            "Europe/Berlin", (SUNDAY, time(2)), "2026-03-29 12:00", "2026-W13", "2026-03-29 01:00", id="gap edge"
        ),
        pytest.param(
            "Europe/Berlin", (SUNDAY, time(3)), "2026-03-29 12:00", "2026-W13", "2026-03-29 01:00", id="after gap"
        ),
        # 02:30 comes twice on 25 October 2026: at 00:30 and 01:30 UTC.
        pytest.param(
            "Europe/Berlin", (SUNDAY, time(2, 30)), "2026-10-25 12:00", "2026-W43", "2026-10-25 00:30", id="fold"
        ),
        pytest.param(
            "Europe/Berlin", (SUNDAY, time(2, 30)), "2026-10-25 00:45", "2026-W43", "2026-10-25 00:30", id="in fold"
        ),
        pytest.param(
            "America/New_York", (SUNDAY, time(2, 15)), "2026-03-08 12:00", "2026-W10", "2026-03-08 07:00", id="gap NY"
        ),
        pytest.param(
            "America/New_York", (SUNDAY, time(1, 15)), "2026-11-01 12:00", "2026-W44", "2026-11-01 05:15", id="fold NY"
        ),
        # Lord Howe Island moves its clocks by half an hour: 02:00 to 02:30 on 4 October 2026.
        pytest.param(
            "Australia/Lord_Howe",
            (SUNDAY, time(2, 10)),
            "2026-10-04 12:00",
            "2026-W40",
            "2026-10-03 15:30",
            id="gap LH",
        ),
        pytest.param(
            "Australia/Lord_Howe",
            (SUNDAY, time(1, 45)),
            "2026-04-05 12:00",
            "2026-W14",
            "2026-04-04 14:45",
            id="fold LH",
        ),
        # Samoa had no 30 December 2011, a Friday; the planned day names the week, the slot is the next midnight.
        pytest.param(
            "Pacific/Apia", (4, time(8)), "2012-01-01 00:00", "2011-W52", "2011-12-30 10:00", id="a day skipped"
        ),
        pytest.param("UTC", (MONDAY, time(8)), "2026-12-31 12:00", "2026-W53", "2026-12-28 08:00", id="week 53"),
        pytest.param("UTC", (3, time(8)), "2026-01-01 09:00", "2026-W01", "2026-01-01 08:00", id="first of January"),
        pytest.param(
            "UTC", (SUNDAY, time(8)), "2027-01-03 09:00", "2026-W53", "2027-01-03 08:00", id="week 53 in January"
        ),
        pytest.param(
            "UTC", (MONDAY, time(8)), "2024-12-30 08:00", "2025-W01", "2024-12-30 08:00", id="week 1 in December"
        ),
        pytest.param(
            "Asia/Tokyo", (MONDAY, time(8)), "2026-11-22 23:30", "2026-W48", "2026-11-22 23:00", id="Monday there"
        ),
    ],
)
def test_latest_slot(
    make_settings: MakeSettings, zone: str, weekly: tuple[int, time], now: str, key: str, at: str
) -> None:
    slot = latest_slot(make_settings(zone=zone, weekly=weekly), Cadence.WEEKLY, utc(now))
    assert (slot.key, slot.at) == (f"weekly/{key}", utc(at))


@pytest.mark.parametrize(
    ("zone", "daily", "now", "key", "at"),
    [
        pytest.param("UTC", time(7, 30), "2026-11-23 07:29", "2026-11-22", "2026-11-22 07:30", id="a minute before"),
        pytest.param("UTC", time(7, 30), "2026-11-23 07:30", "2026-11-23", "2026-11-23 07:30", id="at the slot"),
        pytest.param("Asia/Tokyo", time(0), "2026-12-31 15:00", "2027-01-01", "2026-12-31 15:00", id="midnight there"),
        pytest.param(
            "Europe/Berlin", time(2, 30), "2026-03-29 12:00", "2026-03-29", "2026-03-29 01:00", id="in the gap"
        ),
        pytest.param(
            "Europe/Berlin", time(2, 30), "2026-10-25 01:30", "2026-10-25", "2026-10-25 00:30", id="the first of two"
        ),
    ],
)
def test_latest_day(make_settings: MakeSettings, zone: str, daily: time, now: str, key: str, at: str) -> None:
    slot = latest_slot(make_settings(zone=zone, daily=daily), Cadence.DAILY, utc(now))
    assert (slot.key, slot.at) == (f"daily/{key}", utc(at))


@pytest.mark.parametrize(
    ("day", "now", "key", "at"),
    [
        (1, "2026-03-01 07:59", "2026-02", "2026-02-01 08:00"),
        (1, "2026-03-01 08:00", "2026-03", "2026-03-01 08:00"),
        (28, "2027-01-15 12:00", "2026-12", "2026-12-28 08:00"),
        (28, "2028-02-29 12:00", "2028-02", "2028-02-28 08:00"),
    ],
)
def test_latest_month(make_settings: MakeSettings, day: int, now: str, key: str, at: str) -> None:
    settings = make_settings(zone="UTC", monthly=MonthlyTime(day, time(8)))
    slot = latest_slot(settings, Cadence.MONTHLY, utc(now))
    assert (slot.key, slot.at) == (f"monthly/{key}", utc(at))


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia"])
@pytest.mark.parametrize("cadence", [Cadence.DAILY, Cadence.MONTHLY])
def test_days_and_months_form_one_chain_too(make_settings: MakeSettings, zone: str, cadence: Cadence) -> None:
    settings = make_settings(zone=zone, daily=time(2, 10), monthly=MonthlyTime(4, time(2, 10)))
    slot = latest_slot(settings, cadence, utc("2011-11-01 12:00"))
    keys = {slot.key}
    for _ in range(90):
        following = upcoming_slot(settings, cadence, slot.at)
        assert following.previous == slot.at
        assert previous_slot(settings, following) == slot
        assert latest_slot(settings, cadence, following.at - timedelta(seconds=1)) == slot
        assert slot_for_key(settings, f"rehearsal/{following.key}") == following
        keys.add(following.key)
        slot = following
    assert len(keys) == 91


def test_a_cadence_that_is_not_set_up_has_no_slots(settings: Settings) -> None:
    assert set_up(settings) == (Cadence.WEEKLY,)
    with pytest.raises(ConfigurationError, match="no cadence “daily”") as refused:
        latest_slot(settings, Cadence.DAILY, utc("2026-11-23 08:00"))
    assert 'daily = "07:30"' in str(refused.value)


def test_a_post_that_goes_by_itself_has_a_key_of_its_own(make_post: Callable[..., Post]) -> None:
    post, now = make_post("2026-11-23", "Tides"), utc("2026-11-23 09:00")
    keys: list[str] = []
    for _ in range(3):
        keys.append(slot_for_post(post, now, keys).key)
    assert keys == ["posts/2026-11-23-tides", "posts/2026-11-23-tides-2", "posts/2026-11-23-tides-3"]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "UTC"])
@pytest.mark.parametrize("weekly", [(SUNDAY, time(2, 30)), (MONDAY, time(0)), (MONDAY, time(23, 59))])
def test_slots_form_one_chain_without_holes_or_repeats(
    make_settings: MakeSettings, zone: str, weekly: tuple[int, time]
) -> None:
    settings = make_settings(zone=zone, weekly=weekly)
    slot = latest_slot(settings, Cadence.WEEKLY, utc("2025-12-01 12:00"))
    keys = {slot.key}
    for _ in range(60):
        following = upcoming_slot(settings, Cadence.WEEKLY, slot.at)
        assert following.previous == slot.at
        assert previous_slot(settings, following) == slot
        assert latest_slot(settings, Cadence.WEEKLY, following.at) == following
        assert latest_slot(settings, Cadence.WEEKLY, following.at - timedelta(seconds=1)) == slot
        assert slot_for_key(settings, following.key) == following
        keys.add(following.key)
        slot = following
    assert len(keys) == 61


def test_key_of_a_rehearsal_names_the_same_slot(settings: Settings) -> None:
    assert slot_for_key(settings, "rehearsal/weekly/2026-W48") == slot_for_key(settings, "weekly/2026-W48")


@pytest.mark.parametrize(
    "key",
    ["", "weekly", "weekly/2026-W54", "weekly/2025-W53", "posts/2026-11-23-tides", "weekly/2026-W8", "weekly/x-W1"],
)
def test_what_is_no_key_is_refused(settings: Settings, key: str) -> None:
    with pytest.raises(UsageError, match="not the key of an edition"):
        slot_for_key(settings, key)

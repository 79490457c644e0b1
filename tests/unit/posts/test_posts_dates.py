from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from briefingfeed.posts.dates import DateError, read_moment

LONDON = ZoneInfo("Europe/London")


@pytest.mark.parametrize(
    ("text", "utc", "time_given"),
    [
        ("2026-11-24", "2026-11-24T00:00:00+00:00", False),
        ("2026-07-01", "2026-06-30T23:00:00+00:00", False),
        ("2026/11/24", "2026-11-24T00:00:00+00:00", False),
        ("2026-1-5", "2026-01-05T00:00:00+00:00", False),
        ("2026-11-24 17:00", "2026-11-24T17:00:00+00:00", True),
        ("2026-07-01 17:00", "2026-07-01T16:00:00+00:00", True),
        ("2026-11-24T17:00:30", "2026-11-24T17:00:30+00:00", True),
        ("2026-11-24T17:00:30.123Z", "2026-11-24T17:00:30+00:00", True),
        ("2026-11-24 17:00:00 +0530", "2026-11-24T11:30:00+00:00", True),
        ("2026-11-24 17:00 -08:00", "2026-11-25T01:00:00+00:00", True),
        ("2026-11-24 17:00 UTC", "2026-11-24T17:00:00+00:00", True),
        ("2026-11-24T17:00:60Z", "2026-11-24T17:00:59+00:00", True),
        ("2026-03-29 01:30", "2026-03-29T01:30:00+00:00", True),
        ("2026-10-25 01:30", "2026-10-25T00:30:00+00:00", True),
        ("  2024-02-29  ", "2024-02-29T00:00:00+00:00", False),
    ],
)
def test_dates_as_people_write_them(text: str, utc: str, time_given: bool) -> None:
    moment = read_moment(text, LONDON)
    assert moment.at.astimezone(UTC) == datetime.fromisoformat(utc)
    assert moment.at.tzinfo == LONDON
    assert moment.time_given == time_given


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2026-02-30", "no 30 February 2026"),
        ("2025-02-29", "no 29 February 2025"),
        ("2026-13-01", "no month 13"),
        ("2026-11-24 25:00", "no time 25:00"),
        ("0001-01-01", "year 1 "),
        ("9999-12-31", "year 9999"),
        ("2026-11-24 10:00 +99:00", "no offset"),
        ("24.11.2026", "not a date"),
        ("tomorrow", "not a date"),
        ("", "not a date"),
        ("2026-11", "not a date"),
        ("2026-11-24T10", "not a date"),
    ],
)
def test_what_is_no_date_is_said(text: str, message: str) -> None:
    with pytest.raises(DateError, match=message):
        read_moment(text, LONDON)

"""Limits per hour and day hold, whatever run, machine or clock asks for the next place."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefingfeed.delivery.pace import Full, Pace, Room, room
from briefingfeed.providers.base import Limits
from briefingfeed.storage import pace
from briefingfeed.storage.database import Database
from servers.postgres import PostgresServer

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def at(hour: int, minute: int, second: int = 0) -> datetime:
    return NOON.replace(hour=hour, minute=minute, second=second)


def test_without_limits_nothing_is_asked() -> None:
    assert room(Limits(), [(NOON, 10_000)], NOON) is None


@pytest.mark.parametrize(
    ("limits", "minutes", "now", "places", "words", "until"),
    [
        (Limits(per_hour=100), [], at(12, 0, 30), 100, "100 per hour", at(13, 1)),
        (Limits(per_hour=100), [(at(11, 30), 60)], at(12, 0), 40, "100 per hour", at(12, 31)),
        (Limits(per_hour=100), [(at(11, 30), 60), (at(11, 40), 40)], at(12, 0), 0, "100 per hour", at(12, 31)),
        # A copy of 11:00:59 is still within sixty minutes at 12:00:30.
        (Limits(per_hour=100), [(at(11, 0), 100)], at(12, 0, 30), 0, "100 per hour", at(12, 1)),
        (Limits(per_hour=100), [(at(11, 0), 100)], at(12, 1), 100, "100 per hour", at(13, 2)),
        # The limit was lowered after 150 had gone: it takes more than one minute's end.
        (Limits(per_hour=100), [(at(11, 10), 50), (at(11, 20), 100)], at(12, 0), 0, "100 per hour", at(12, 21)),
        (Limits(per_day=500), [(at(3, 0), 500)], at(12, 0), 0, "500 per day", at(3, 1) + timedelta(days=1)),
        (Limits(per_hour=100, per_day=150), [(at(3, 0), 100)], at(12, 0), 50, "150 per day", at(3, 1) + timedelta(1)),
        (
            Limits(per_hour=100, per_day=100),
            [(at(11, 30), 100)],
            at(12, 0),
            0,
            "100 per day",
            at(11, 31) + timedelta(days=1),
        ),
        # Counted while the clock was ahead: as if it had gone now.
        (Limits(per_hour=10), [(at(15, 0), 10)], at(12, 0), 0, "10 per hour", at(13, 1)),
    ],
)
def test_room(
    limits: Limits, minutes: list[tuple[datetime, int]], now: datetime, places: int, words: str, until: datetime
) -> None:
    assert room(limits, minutes, now) == Room(places=places, full=Full(limit=words, until=until))


@given(
    st.integers(1, 30),
    st.lists(st.tuples(st.integers(0, 2_000), st.integers(1, 40)), max_size=60),
)
def test_no_sixty_minutes_ever_see_more_than_the_limit(most: int, steps: list[tuple[int, int]]) -> None:
    """Copies go out at single seconds; the windows that count are all that end with one of them."""
    now, minutes, sent = NOON, [], []
    for seconds, wanted in steps:
        now += timedelta(seconds=seconds)
        found = room(Limits(per_hour=most), minutes, now)
        assert found is not None
        going = min(wanted, found.places)
        if going < wanted:
            later = room(Limits(per_hour=most), [*minutes, (now.replace(second=0), going)], found.full.until)
            assert later is not None
            assert later.places
        if going:
            minutes.append((now.replace(second=0), going))
            sent += [now] * going
    for end in sent:
        assert sum(end - timedelta(hours=1) < each <= end for each in sent) <= most


def test_what_went_out_is_kept_over_runs_and_told_per_provider(tmp_path) -> None:
    file = f"sqlite:///{tmp_path / 'pace.db'}"
    limited = Pace(provider="smtp", limits=Limits(per_hour=5))
    with Database.open(file) as database, database.write() as connection:
        limited.count(connection, 3, at(12, 0, 10))
        limited.count(connection, 1, at(12, 0, 50))
        Pace(provider="postmark", limits=Limits(per_hour=5)).count(connection, 5, at(12, 0))
        Pace(provider="outbox", limits=Limits()).count(connection, 5, at(12, 0))
    with Database.open(file) as database:
        with database.write() as connection:
            found = limited.room(connection, at(12, 30))
            assert found is not None
            assert found.places == 1
            limited.count(connection, 1, at(12, 30))
        with database.read() as connection:
            assert limited.full(connection, at(12, 31)) == Full(limit="5 per hour", until=at(13, 1))
            assert limited.full(connection, at(13, 1)) is None
            assert pace.recorded(connection, "outbox") == []


def test_old_minutes_are_forgotten_and_those_of_a_clock_that_was_ahead_count_as_gone_now(tmp_path) -> None:
    with Database.open(f"sqlite:///{tmp_path / 'pace.db'}") as database, database.write() as connection:
        for when in (timedelta(days=-2), timedelta(hours=-23), timedelta(0), timedelta(hours=3), timedelta(days=300)):
            pace.count(connection, "smtp", 1, NOON + when)
        kept = pace.handed_over_lately(connection, "smtp", NOON)
        assert kept == [(NOON - timedelta(hours=23), 1), (NOON, 3)]
        later = pace.handed_over_lately(connection, "smtp", NOON + timedelta(hours=1))
        assert later == kept


def test_two_machines_never_see_the_same_place_free(postgres: PostgresServer, tmp_path) -> None:
    url = postgres.fresh_url()
    limited = Pace(provider="smtp", limits=Limits(per_hour=5))
    with (
        Database.open(url, state=tmp_path) as here,
        Database.open(url, state=tmp_path) as there,
        ThreadPoolExecutor() as threads,
    ):
        with here.write() as connection:
            assert limited.room(connection, NOON).places == 5
            # The other machine's clock is a minute ahead, so that it counts in another row.
            asked = threads.submit(take_all, there, limited, NOON + timedelta(minutes=1))
            with pytest.raises(TimeoutError):
                asked.result(timeout=0.3)
            limited.count(connection, 4, NOON)
        assert asked.result(timeout=30) == 1


def take_all(database: Database, limited: Pace, now: datetime) -> int:
    with database.write() as connection:
        found = limited.room(connection, now)
        assert found is not None
        limited.count(connection, found.places, now)
    return found.places

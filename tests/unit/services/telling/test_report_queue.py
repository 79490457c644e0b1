"""What waits to be mailed to `report_to`: pure decisions, and that the database gives back what it was given."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from briefingfeed.models.delivery import Result
from briefingfeed.models.settings import Mailbox
from briefingfeed.services.telling.notices import Notice
from briefingfeed.services.telling.report_queue import LIFETIME, Entry, Outage, after, person, read, still_open, write

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
HELD = Notice(topic="held:weekly/2026-W48", text="weekly/2026-W48 is held.", remedy="Release it.")
MISSED = Notice(topic="missed:weekly/2026-W47", text="weekly/2026-W47 did not go out in time.")
OLA = person(Mailbox("Ola@harbour.example", "Ola"))
ENTRY = Entry(id="a", at=NOW, matters=(HELD,))


def test_the_database_gives_back_what_it_was_given(desk) -> None:
    outage = Outage(since=NOW - timedelta(hours=2), until=NOW, words="no connection")
    entry = replace(after(ENTRY, OLA, Result.DEFERRED, NOW), events=(MISSED,), outage=outage)
    with desk.database.write() as connection:
        write(connection, "mark", [ENTRY, entry])
        assert read(connection, "mark") == (ENTRY, entry)
        assert read(connection, "another") == ()


@pytest.mark.parametrize("result", [Result.ACCEPTED, Result.REJECTED, Result.FAILED, Result.POLICY])
def test_what_was_taken_or_refused_for_good_is_over(result: Result) -> None:
    tried = after(ENTRY, OLA, result, NOW)
    assert tried.is_over([OLA], NOW)
    assert not tried.is_over([OLA, "another"], NOW)


def test_what_was_put_off_is_tried_again_and_more_and_more_seldom() -> None:
    entry, waits = ENTRY, []
    for _ in range(7):
        entry = after(entry, OLA, Result.DEFERRED, NOW)
        waits.append((entry.tries[OLA].again_at - NOW) / timedelta(minutes=1))
    assert waits == [10, 20, 40, 80, 160, 240, 240]
    assert not entry.is_due(OLA, NOW)
    assert entry.is_due(OLA, NOW + timedelta(hours=4))


def test_what_may_have_arrived_is_tried_twice_more() -> None:
    entry = ENTRY
    for hours in (1, 2):
        entry = after(entry, OLA, Result.UNCERTAIN, NOW)
        assert entry.tries[OLA].again_at == NOW + timedelta(hours=hours)
    assert after(entry, OLA, Result.UNCERTAIN, NOW).is_over([OLA], NOW)


def test_nothing_is_tried_for_ever() -> None:
    assert not ENTRY.is_over([OLA], NOW + LIFETIME)
    assert ENTRY.is_over([OLA], NOW + LIFETIME + timedelta(seconds=1))


def test_what_is_settled_before_it_could_be_mailed_is_not_mailed() -> None:
    assert still_open([ENTRY], [HELD]) == (ENTRY,)
    assert still_open([ENTRY], []) == ()
    report, event = Entry(id="b", at=NOW, edition="weekly/2026-W48"), Entry(id="c", at=NOW, events=(MISSED,))
    assert still_open([report, event], []) == (report, event)


def test_what_one_person_has_read_the_others_read_as_well() -> None:
    tried = after(ENTRY, OLA, Result.ACCEPTED, NOW)
    assert still_open([tried], []) == (tried,)


def test_a_person_is_one_however_the_address_is_written_and_named_by_no_address() -> None:
    assert person(Mailbox("ola@harbour.example")) == OLA
    assert "ola" not in OLA

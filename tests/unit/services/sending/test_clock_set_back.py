"""The clock jumps back, by minutes or by days: nobody waits longer than they were to, and nobody is mailed twice."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from briefingfeed.models.delivery import DeliveryState, Result
from briefingfeed.models.edition import Cadence, EditionState
from briefingfeed.models.settings import Mailbox
from briefingfeed.providers.base import Limits
from briefingfeed.services.sending.freezing import LIFETIME
from briefingfeed.services.telling import run_log
from briefingfeed.services.telling.report_trouble import REST, note_refused, resting
from briefingfeed.services.telling.status import read_status

from .conftest import MONDAY, topics

PAUSE = timedelta(minutes=30)
JUMPS = [timedelta(minutes=20), timedelta(hours=5), timedelta(days=2)]


@pytest.fixture
def desk(desk):
    desk.write("Tides")
    desk.subscribe("ann", "ben", "cleo")
    desk.begin()
    desk.now = MONDAY + timedelta(minutes=5)
    return desk


def run_for(desk, span: timedelta) -> None:
    """Let cron run every five minutes for so long."""
    end = desk.now + span
    while desk.now < end:
        desk.now += timedelta(minutes=5)
        desk.send()


@pytest.mark.parametrize("jump", JUMPS)
def test_a_pause_of_half_an_hour_is_over_after_half_an_hour(desk, jump: timedelta) -> None:
    desk.change(first_batch=1, first_batch_pause=PAUSE)
    desk.send()
    desk.now -= jump
    desk.send()
    assert len(desk.office.seen) == 1
    run_for(desk, PAUSE)
    assert desk.office.recipients == ["ann@example.org", "ben@example.org", "cleo@example.org"]


@pytest.mark.parametrize("jump", JUMPS)
def test_who_was_put_off_for_minutes_is_tried_again_after_minutes(desk, jump: timedelta) -> None:
    desk.office.answers = {"ben": Result.DEFERRED}
    desk.send()
    desk.office.answers = {}
    desk.now -= jump
    desk.send()
    assert desk.states()["ben"] is DeliveryState.DEFERRED
    run_for(desk, timedelta(minutes=10))
    assert desk.office.recipients == ["ann@example.org", "ben@example.org", "ben@example.org", "cleo@example.org"]
    assert desk.edition().state is EditionState.DONE


@pytest.mark.parametrize("jump", JUMPS)
def test_who_was_never_tried_goes_with_the_next_run(desk, jump: timedelta) -> None:
    desk.office.answers = dict.fromkeys(("ann", "ben", "cleo"), Result.RETURNED)
    desk.send()
    tried = len(desk.office.seen)
    desk.office.answers = {}
    desk.now -= jump
    run_for(desk, timedelta(minutes=10))
    assert len(desk.office.seen) == tried + 3
    assert desk.edition().state is EditionState.DONE


def test_an_edition_of_the_wrong_time_expires_five_days_after_the_clock_was_put_right(desk) -> None:
    desk.office.answers = dict.fromkeys(("ann", "ben", "cleo"), Result.DEFERRED)
    desk.send()
    desk.now -= timedelta(days=2)
    desk.send()
    assert desk.edition().expires_at == desk.now + LIFETIME


@pytest.mark.parametrize("behind", [timedelta(days=2), timedelta(days=6), timedelta(days=20_000)])
def test_nobody_misses_an_edition_because_a_clock_was_behind_for_a_while(desk, behind: timedelta) -> None:
    desk.office.answers = dict.fromkeys(("ann", "ben", "cleo"), Result.DEFERRED)
    desk.send()
    expires_at = desk.edition().expires_at
    desk.now -= behind
    desk.send()
    assert desk.edition().expires_at == desk.now + LIFETIME
    desk.now += behind + timedelta(days=4)
    desk.office.answers = {}
    desk.send()
    assert desk.edition().expires_at == expires_at
    assert set(desk.states().values()) == {DeliveryState.ACCEPTED}


def test_a_rehearsal_of_another_time_leaves_the_real_waits_as_they_are(desk) -> None:
    desk.office.answers = {"ben": Result.DEFERRED}
    desk.send()
    office, then, desk.provider = desk.office, desk.now, desk.outbox
    desk.now -= timedelta(days=2)
    desk.send()
    desk.provider, desk.now = office, then + timedelta(minutes=1)
    desk.send()
    assert len(office.seen) == 3
    assert desk.edition().expires_at == then + LIFETIME


def test_a_limit_per_hour_is_free_again_after_an_hour(desk) -> None:
    desk.office.limits = Limits(per_hour=2)
    desk.send()
    desk.now -= timedelta(hours=20)
    desk.send()
    assert len(desk.office.seen) == 2
    run_for(desk, timedelta(minutes=65))
    assert desk.edition().state is EditionState.DONE


def test_a_report_that_was_put_off_goes(desk) -> None:
    desk.change(report_to=(Mailbox("ola@harbour.example"),))
    desk.office.answers = {"ola": Result.DEFERRED}
    desk.send()
    desk.office.answers = {}
    desk.now -= timedelta(days=2)
    desk.send()
    reports = [mail["Message-ID"] for mail in desk.office.mails if mail["To"] == "ola@harbour.example"]
    assert reports.count(reports[0]) == 2


def test_a_refused_address_for_reports_rests_no_longer_than_a_day(desk) -> None:
    with desk.database.write() as connection:
        note_refused(connection, "who", "no such user", desk.now)
        assert resting(connection, desk.now + REST / 2) == {"who"}
        assert resting(connection, desk.now - timedelta(days=2)) == frozenset()


def test_status_says_that_the_clock_has_jumped_back_until_it_is_as_late_again(desk) -> None:
    def told(at: datetime) -> str:
        found = read_status(desk.database, desk.settings, at, provider="post-office", rehearses=False)
        assert found.exit_code == 0
        return "".join(str(notice) for notice in found.todo if notice.topic == "advice:clock")

    with desk.database.write() as connection:
        run = run_log.begin(connection, Cadence.WEEKLY, desk.now, by_hand=False)
        run_log.end(connection, run, desk.now, 0)
    words = told(desk.now - timedelta(days=2))
    assert "jumped back: by it, the last run began on 23 November 2026, 08:05, and now it is 21 November 2026" in words
    assert "See that the clock is right" in words
    assert told(desk.now - timedelta(minutes=2)) == ""
    assert topics(read_status(desk.database, desk.settings, desk.now, provider="x", rehearses=False).todo) == []

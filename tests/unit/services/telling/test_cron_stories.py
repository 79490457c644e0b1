"""Wrong hours in crontab, as stories with the real service and a simulated clock."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from briefingfeed.models.edition import Cadence
from briefingfeed.models.settings import Mailbox
from briefingfeed.services.sending.send import send_edition
from briefingfeed.services.telling.status import read_status
from briefingfeed.services.telling.watched_run import watched_run

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LINE = "*/15 * * * *  briefingfeed --config"


@pytest.fixture
def cron(desk):
    """A run as cron makes it, at the desk's clock."""
    desk.subscribe("ann")

    def run() -> list[str]:
        none = timedelta(0)
        send = partial(send_edition, desk.context, Cadence.WEEKLY, lock_wait=none, patience=none)
        return [str(notice) for notice in watched_run(desk.context, Cadence.WEEKLY, send).news]

    return run


def test_an_hour_before_the_slot_is_told_before_and_once(desk, cron) -> None:
    desk.write("Tides")
    desk.now -= 7 * DAY + HOUR + timedelta(minutes=5)  # seven o'clock, the slot is at eight
    told = []
    for _ in range(9):
        told += cron()
        desk.now += DAY
    assert [text.count(LINE) for text in told] == [1, 1]
    assert "send-weekly ran an hour before the next slot, and by its habit runs again 23 hours after it." in told[0]
    assert "weekly/2026-W48 began 23 hours late" in told[1]


def test_it_is_mailed_with_the_edition_and_stands_in_status(desk, cron) -> None:
    desk.change(report_to=(Mailbox("ola@harbour.example"),))
    desk.write("Tides")
    desk.now -= 7 * DAY + HOUR + timedelta(minutes=5)
    for _ in range(8):
        cron()
        desk.now += DAY
    desk.now -= DAY
    found = read_status(desk.database, desk.settings, desk.now, provider="post-office", rehearses=False)
    assert found.exit_code == 0
    assert any(LINE in str(notice) for notice in found.todo)
    reports = [mail for mail in desk.office.mails if mail["To"] == "ola@harbour.example"]
    assert LINE in reports[-1].get_body(("plain",)).get_content()


def test_a_missed_slot_says_that_no_run_came(desk, cron) -> None:
    desk.now -= 6 * DAY
    cron()
    desk.now += 14 * DAY
    told = cron()
    assert any(
        "did not run, or could not begin, between 17 November 2026, 08:05, and 1 December 2026, 08:05." in text
        for text in told
    )


def test_cron_that_stopped_is_seen_by_whoever_asks(desk, cron) -> None:
    cron()
    found = read_status(desk.database, desk.settings, desk.now + 3 * DAY, provider="post-office", rehearses=False)
    assert any("send-weekly has not run since 23 November 2026, 08:05." in str(notice) for notice in found.todo)


def test_every_quarter_of_an_hour_nothing_is_said(desk, cron) -> None:
    desk.write("Tides")
    desk.now -= timedelta(hours=3)
    told = []
    for _ in range(30):
        told += cron()
        desk.now += timedelta(minutes=15)
    assert told == []

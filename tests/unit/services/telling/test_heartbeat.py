"""The watcher at `heartbeat_url`: when it is asked, what if it can't be, and that its address stays a secret."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from briefingfeed.errors import ConfigurationError, ProviderError
from briefingfeed.models.delivery import Result
from briefingfeed.models.edition import Cadence
from briefingfeed.models.settings import EXAMPLE_URL
from briefingfeed.services.sending.send import send_edition
from briefingfeed.services.sending.send_report import SendReport
from briefingfeed.services.telling import run_log
from briefingfeed.services.telling.heartbeat import beat
from briefingfeed.services.telling.watched_run import LONGEST_RUN, watched_run
from servers.watcher_server import WatcherServer


@pytest.fixture
def watcher() -> Iterator[WatcherServer]:
    with WatcherServer() as started:
        yield started


@pytest.fixture
def run(desk, watcher: WatcherServer) -> Callable[[], SendReport]:
    """A run as the command makes it."""
    desk.change(heartbeat_url=watcher.url)

    def run_once() -> SendReport:
        none = timedelta(0)
        send = partial(send_edition, desk.context, Cadence.WEEKLY, lock_wait=none, patience=none)
        return watched_run(desk.context, Cadence.WEEKLY, send)

    return run_once


class TestAsked:
    def test_once_after_each_run_that_went_well(self, run, watcher: WatcherServer) -> None:
        for _ in range(3):
            assert run().heartbeat_trouble is None
        assert watcher.asked == ["/ping/s3cr3t-canary"] * 3

    def test_after_a_1_that_was_told_before_but_not_when_it_is_news(self, desk, run, watcher: WatcherServer) -> None:
        desk.write("Tides")
        desk.subscribe("ann")
        desk.begin()
        desk.office.answers = {"ann@example.org": Result.FAILED}
        assert run().exit_code == 1
        assert watcher.asked == []
        assert run().exit_code == 1
        assert len(watcher.asked) == 1

    def test_never_after_a_run_that_could_not_mail(self, desk, run, watcher: WatcherServer) -> None:
        desk.write("Tides")
        desk.subscribe("ann")
        desk.begin()
        desk.office.down = ProviderError("no connection")
        for _ in range(2):
            assert run().exit_code == 75
        assert watcher.asked == []

    def test_never_after_a_run_that_could_not_begin(self, desk, run, watcher: WatcherServer) -> None:
        desk.settings = replace(desk.settings, publication=replace(desk.settings.publication, url=EXAMPLE_URL))
        with pytest.raises(ConfigurationError):
            run()
        assert watcher.asked == []
        with desk.database.read() as connection:
            assert [each.exit_code for each in run_log.read(connection, Cadence.WEEKLY)] == [78]

    @pytest.mark.parametrize(("age", "asked"), [(timedelta(hours=1), 1), (LONGEST_RUN + timedelta(minutes=1), 0)])
    def test_while_another_run_is_at_work_unless_it_is_so_for_too_long(
        self, desk, watcher: WatcherServer, age: timedelta, asked: int
    ) -> None:
        desk.change(heartbeat_url=watcher.url)
        with desk.database.write() as connection:
            run_log.begin(connection, Cadence.DAILY, desk.now - age, by_hand=False)
        watched_run(desk.context, Cadence.WEEKLY, lambda: SendReport(provider="x", rehearsal=False, busy=True))
        assert len(watcher.asked) == asked


class TestOutOfReach:
    @pytest.mark.parametrize(
        ("answer", "words"), [(500, "answers 500"), (404, "answers 404"), (301, "answers 301 and leads elsewhere")]
    )
    def test_it_changes_no_exit_code(self, run, watcher: WatcherServer, answer: int, words: str) -> None:
        watcher.answer = answer
        report = run()
        assert report.exit_code == 0
        assert words in (report.heartbeat_trouble or "")
        assert len(watcher.asked) == 1

    def test_one_that_never_answers_is_not_waited_for(self, watcher: WatcherServer) -> None:
        watcher.answer = 0
        assert beat(watcher.url, allow_loopback=True, patience=0.2) == "it doesn't answer"

    def test_it_is_told_once_when_it_has_failed_for_a_day(self, desk, run, watcher: WatcherServer) -> None:
        watcher.answer = 500
        told = []
        for _ in range(30):
            report = run()
            told += [str(notice) for notice in report.news]
            assert report.exit_code == 0
            desk.now += timedelta(hours=2)
        assert len(told) == 1
        assert "heartbeat_url has not worked since" in told[0]
        watcher.answer = 200
        run()
        assert run().notices == ()

    def test_a_publication_on_the_internet_asks_nobody_on_this_machine(self, watcher: WatcherServer) -> None:
        assert beat(watcher.url, allow_loopback=False) == "its address is not on the public internet"
        assert watcher.asked == []

    @pytest.mark.parametrize(
        "url", ["http://127.0.0.1:99999/s3cr3t", "http://[s3cr3t]/x", "http://s3cr3t.invalid/s3cr3t"]
    )
    def test_no_address_whatever_makes_a_run_fail(self, url: str) -> None:
        assert "s3cr3t" not in (beat(url, allow_loopback=True, patience=1.0) or "")


def test_its_address_is_never_told_nor_logged(
    desk, run, watcher: WatcherServer, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.INFO)
    for answer in (200, 500, 302):
        watcher.answer = answer
        report = run()
        desk.now += timedelta(days=2)
        assert "s3cr3t" not in str(report.as_dict()) + str(report.notices)
    out, err = capfd.readouterr()
    assert "s3cr3t" not in out + err
    with desk.database.read() as connection:
        marks = connection.exec_driver_sql("SELECT group_concat(value) FROM meta").scalar()
    assert "s3cr3t" not in marks
    assert "s3cr3t" not in caplog.text

"""Two machines, each with its own state folder, that send from one PostgreSQL database; and its server restarted."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from acceptance.newsroom import PATIENCE, Newsroom, assert_accounts, ended
from briefingfeed.models.delivery import DeliveryState
from faults.warm_command import WarmCommand
from servers.postgres import PostgresServer
from servers.smtp_sink import Options, SmtpSink

EDITOR = "editor@harbour.example"
READERS = [f"reader{number:03}@example.org" for number in range(80)]


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[SmtpSink]:
    with SmtpSink(tmp_path / "sink", Options(latency=0.005)) as started:
        yield started


@pytest.fixture
def first(tmp_path: Path, sink: SmtpSink, postgres: PostgresServer, command: WarmCommand) -> Newsroom:
    desk = Newsroom(tmp_path / "first", port=sink.port, url=postgres.fresh_url(), command=command)
    desk.write("Tides", "The tide is **high**.")
    desk.subscribe(READERS)
    return desk


@pytest.fixture
def second(tmp_path: Path, sink: SmtpSink, first: Newsroom) -> Newsroom:
    """Another machine: the same posts and keys, and a state folder of its own."""
    desk = Newsroom(tmp_path / "second", port=sink.port, url=first.url)
    shutil.copytree(first.folder / "posts", desk.folder / "posts", dirs_exist_ok=True)
    (desk.folder / "var").mkdir(mode=0o700)
    for key in (first.folder / "var").glob("*.key"):
        shutil.copy2(key, desk.folder / "var")
    return desk


def test_both_send_at_once_and_nobody_gets_two_copies(first: Newsroom, second: Newsroom, sink: SmtpSink) -> None:
    with ended(first.start("send-weekly", "--now")) as one, ended(second.start("send-weekly", "--now")) as other:
        results = [(*process.communicate(timeout=PATIENCE), process.returncode) for process in (one, other)]
    assert [code for _, _, code in results] == [0, 0], results
    assert sorted(sink.counts()) == READERS
    first.send(), second.send()
    assert_accounts(first, sink.counts())


def test_what_a_machine_dies_with_waits_for_its_lease_and_the_rest_goes(
    first: Newsroom, second: Newsroom, sink: SmtpSink, postgres: PostgresServer
) -> None:
    first.die_at("after-reply:10")
    second.send()
    waiting = [state for state in first.states().values() if state.waits]
    assert waiting, "the other machine may be alive: what it holds is left to it"
    assert set(waiting) <= {DeliveryState.CLAIMED, DeliveryState.SUBMITTING}
    postgres.execute("UPDATE run SET lease_until = now() - interval '1 second' WHERE ended_at IS NULL", first.url)
    second.send(expect=1)
    assert_accounts(first, sink.counts(), uncertain=2)


def test_a_machine_that_comes_back_need_not_wait_for_its_own_lease(first: Newsroom, sink: SmtpSink) -> None:
    first.die_at("after-reply:10")
    first.send(expect=1)
    assert_accounts(first, sink.counts(), uncertain=2)


def test_a_database_restarted_while_copies_leave_costs_nobody_a_copy(
    first: Newsroom, sink: SmtpSink, postgres: PostgresServer
) -> None:
    halt = {"BRIEFINGFEED_FAILPOINT": "after-reply:10:stop"}
    with ended(first.start("send-weekly", "--now", environment=halt)) as process:
        os.waitid(os.P_PID, process.pid, os.WSTOPPED)
        postgres.stop(signal.SIGQUIT)
        process.send_signal(signal.SIGCONT)  # it goes on, and finds nobody there
        postgres.start()
        _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (0, "")
    assert_accounts(first, sink.counts())


def test_a_proof_that_both_are_to_send_goes_once(first: Newsroom, second: Newsroom, sink: SmtpSink) -> None:
    slot = datetime.now(UTC) + timedelta(hours=1)
    for desk in (first, second):
        file = desk.folder / "briefingfeed.toml"
        wanted = f'provider = "smtp"\nweekly = "{slot:%a %H:%M}"\nproof_to = ["{EDITOR}"]\nproof_before = "3 h"'
        file.write_text(file.read_text("utf-8").replace('provider = "smtp"', wanted), "utf-8")
    for _ in range(2):
        with ended(first.start("send-weekly")) as one, ended(second.start("send-weekly")) as other:
            results = [(*process.communicate(timeout=PATIENCE), process.returncode) for process in (one, other)]
        assert [code for _, _, code in results] == [0, 0], results
    assert sink.counts() == {EDITOR: 1}

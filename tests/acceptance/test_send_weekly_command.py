"""`send-weekly` as cron runs it: the real command, real SMTP servers, and whatever may go wrong on a machine."""

from __future__ import annotations

import random
import resource
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from acceptance.keeping_server import KeepingServer
from acceptance.newsroom import Newsroom, assert_accounts, assert_is_copy, ended, parse
from briefingfeed.delivery.failpoints import NAMES
from servers.postfix_sink import free_port, postfix_sink
from servers.smtp_sink import Options, SmtpSink

READERS = [f"reader{number:03}@example.org" for number in range(24)]
MANY = [f"reader{number:03}@example.org" for number in range(150)]


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[SmtpSink]:
    with SmtpSink(tmp_path / "sink") as started:
        yield started


def newsroom(tmp_path: Path, port: int, readers: list[str] = READERS, *, more: str = "") -> Newsroom:
    made = Newsroom(tmp_path / "publication", port=port, more=more)
    made.write("Tides", "The tide — at “Żółta” — is **high**.\n\n.A line that begins with a dot.\n\nFrom here on.")
    made.subscribe(readers)
    return made


class TestOneEdition:
    def test_each_reader_gets_what_was_rendered_once_through_aiosmtpd(self, tmp_path: Path) -> None:
        with KeepingServer(tmp_path / "kept") as server:
            desk = newsroom(tmp_path, server.port)
            report = desk.send()
            again = desk.send()
            rendition = desk.rendition()
            messages = server.messages()
        assert report["editions"][0]["deliveries"]["accepted"] == len(READERS)
        assert again["editions"] == []
        assert sorted(recipient for recipient, _ in messages) == READERS
        for recipient, content in messages:
            assert_is_copy(content, recipient, rendition)
        assert len({parse(content)["Message-ID"] for _, content in messages}) == len(READERS)
        assert_accounts(desk, server.counts())

    def test_each_reader_gets_one_copy_through_postfix_smtp_sink(self, tmp_path: Path) -> None:
        with postfix_sink("-d", "%H%M%S.") as (port, dumps):
            desk = newsroom(tmp_path, port)
            desk.send()
            desk.send()
            rendition = desk.rendition()
            counts: Counter[str] = Counter()
            for dump in dumps.iterdir():
                envelope, _, content = dump.read_bytes().replace(b"\n", b"\r\n").partition(b"\r\nReceived: ")
                recipient = envelope.decode().partition("X-Rcpt-Args: <")[2].partition(">")[0]
                counts[recipient] += 1
                assert_is_copy(b"Received: " + content, recipient, rendition)
        assert sorted(counts) == READERS
        assert_accounts(desk, counts)

    def test_cron_hears_nothing_when_all_is_well(self, tmp_path: Path, sink: SmtpSink) -> None:
        desk = newsroom(tmp_path, sink.port)
        for _ in range(2):
            done = desk.run("send-weekly", "--now", expect=0)
            assert (done.stdout, done.stderr) == ("", "")

    def test_an_edited_post_does_not_change_a_frozen_edition(self, tmp_path: Path, sink: SmtpSink) -> None:
        desk = newsroom(tmp_path, sink.port)
        desk.die_at("after-arm:5")
        desk.write("Tides", "Something else altogether.")
        desk.send(expect=None)
        rendition = desk.rendition()
        assert "high" in rendition.text
        for recipient, content in sink.messages():
            assert_is_copy(content, recipient, rendition)
            assert "Something else" not in content.decode()

    def test_a_dry_run_writes_and_sends_nothing(self, tmp_path: Path, sink: SmtpSink) -> None:
        desk = newsroom(tmp_path, sink.port)
        done = desk.run("send-weekly", "--now", "--dry-run", expect=0)
        assert "24" in done.stdout
        assert "Tides" in done.stdout
        assert sink.commands() == []
        assert desk.editions() == []

    def test_a_test_mail_goes_to_one_address_and_leaves_no_trace(self, tmp_path: Path, sink: SmtpSink) -> None:
        desk = newsroom(tmp_path, sink.port)
        desk.run("send-weekly", "--test-to", "editor@harbour.example", expect=0)
        ((recipient, content),) = sink.messages()
        assert recipient == "editor@harbour.example"
        assert parse(content)["Subject"].startswith("[Test] ")
        assert desk.editions() == []


class TestDeath:
    """Whatever dies when, nobody gets two copies and nothing is lost without a trace."""

    @pytest.mark.parametrize("place", NAMES)
    @pytest.mark.parametrize("times", [1, 6])
    def test_killed_at_a_failpoint(self, tmp_path: Path, sink: SmtpSink, place: str, times: int) -> None:
        if times > 1 and place in ("after-freeze", "after-claim", "before-done"):
            times = 1  # one edition, one claim: these places are passed once
        desk = newsroom(tmp_path, sink.port)
        desk.die_at(f"{place}:{times}")
        report = desk.send(expect=None)
        assert report["exit_code"] in (0, 1)
        assert_accounts(desk, sink.counts(), uncertain=2)
        before = sink.counts()
        desk.send(expect=None)
        assert sink.counts() == before

    @pytest.mark.parametrize("run", range(8))
    def test_killed_at_a_random_moment(self, tmp_path: Path, run: int) -> None:
        seed = random.randrange(2**32)
        print(f"seed {seed}, run {run}")
        moments = random.Random(seed)
        kills = 0
        with SmtpSink(tmp_path / "sink", Options(latency=0.003)) as sink:
            desk = newsroom(tmp_path, sink.port, MANY)
            for _ in range(2):
                with ended(desk.start("send-weekly", "--now")) as process:
                    time.sleep(moments.uniform(0.5, 2.5))
                    process.kill()
                    kills += process.wait(30) == -signal.SIGKILL
            report = desk.send(expect=None)
            assert report["exit_code"] in (0, 1)
            assert_accounts(desk, sink.counts(), uncertain=2 * kills)

    @pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
    def test_asked_to_stop_it_finishes_what_is_in_flight(
        self, tmp_path: Path, number: signal.Signals, code: int
    ) -> None:
        with SmtpSink(tmp_path / "sink", Options(latency=0.004)) as sink:
            desk = newsroom(tmp_path, sink.port, MANY)
            with ended(desk.start("send-weekly", "--now")) as process:
                wait_until(lambda: len(sink.messages()) > 10)
                process.send_signal(number)
                assert process.wait(30) == code
            states = Counter(desk.states().values())
            assert states["uncertain"] == 0
            assert states["accepted"] == len(sink.messages()) < len(MANY)
            assert states["pending"] == len(MANY) - states["accepted"]
            desk.send()
            assert_accounts(desk, sink.counts())


class TestTwoAtOnce:
    def test_eight_runs_at_once_send_one_copy_to_each(self, tmp_path: Path, sink: SmtpSink) -> None:
        desk = newsroom(tmp_path, sink.port)
        with ExitStack() as stack:
            processes = [stack.enter_context(ended(desk.start("send-weekly", "--now"))) for _ in range(8)]
            for process in processes:
                _, err = process.communicate(timeout=60)
                assert process.returncode == 0, err
        assert sorted(sink.counts()) == READERS
        assert_accounts(desk, sink.counts())


class TestReaders:
    def test_whoever_leaves_after_the_freeze_gets_nothing(self, tmp_path: Path, sink: SmtpSink) -> None:
        desk = newsroom(tmp_path, sink.port)
        desk.die_at("after-freeze")
        desk.run("subscribers", "unsubscribe", READERS[7], expect=0)
        desk.send()
        assert READERS[7] not in sink.counts()
        assert desk.states()[READERS[7]] == "skipped"
        assert_accounts(desk, sink.counts())

    def test_each_answer_of_the_server_has_its_state(self, tmp_path: Path, sink: SmtpSink) -> None:
        answers = {
            "550-5.1.1.a@example.org": "failed",
            "drop-after-dot.c@example.org": "uncertain",
            "once-drop-at-data.d@example.org": "accepted",
            "fine@example.org": "accepted",
        }
        desk = newsroom(tmp_path, sink.port, list(answers))
        told = desk.run("send-weekly", "--now", expect=1)
        assert desk.states() == answers
        assert "1 unclear" in told.stderr
        silent = desk.run("send-weekly", "--now", expect=1)
        assert silent.stderr == ""

    def test_a_greylisted_reader_is_waited_for_and_a_run_that_waits_can_be_stopped(
        self, tmp_path: Path, sink: SmtpSink
    ) -> None:
        desk = newsroom(tmp_path, sink.port, ["450x1.a@example.org", "fine@example.org"])
        with ended(desk.start("send-weekly", "--now")) as process:
            wait_until(lambda: "fine@example.org" in sink.counts())
            time.sleep(0.5)
            assert process.poll() is None
            process.terminate()
            assert process.wait(10) == 0
        assert desk.states() == {"450x1.a@example.org": "deferred", "fine@example.org": "accepted"}


class TestTrouble:
    def test_a_wrong_password_ends_with_75_and_blames_nobody(self, tmp_path: Path) -> None:
        with SmtpSink(tmp_path / "sink", Options(auth=("harbour", "right"))) as sink:
            desk = newsroom(tmp_path, sink.port, more='username = "harbour"')
            wrong = desk.run("send-weekly", "--now", environment={"BRIEFINGFEED_SMTP_PASSWORD": "wrong"})
            assert wrong.returncode == 75, wrong.stderr
            assert "password" in wrong.stderr.lower()
            assert "wrong" not in wrong.stderr.replace("wrong password", "")
            assert set(desk.states().values()) == {"pending"}
            desk.send(environment={"BRIEFINGFEED_SMTP_PASSWORD": "right"})
            assert_accounts(desk, sink.counts())
            assert set(desk.states().values()) == {"accepted"}

    def test_a_server_that_is_down_is_waited_for(self, tmp_path: Path) -> None:
        port = free_port()
        desk = newsroom(tmp_path, port)
        down = desk.run("send-weekly", "--now")
        assert down.returncode == 75, down.stderr
        assert down.stderr.count("\n") <= 6
        assert set(desk.states().values()) == {"pending"}
        with SmtpSink(tmp_path / "sink", port=port) as sink:
            desk.send()
            assert_accounts(desk, sink.counts())
            assert set(desk.states().values()) == {"accepted"}

    def test_a_locked_database_ends_with_75_and_sends_nothing(self, tmp_path: Path, sink: SmtpSink) -> None:
        desk = newsroom(tmp_path, sink.port)
        other = sqlite3.connect(desk.folder / "var" / "briefingfeed.db", isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        locked = desk.run("send-weekly", "--now")
        other.execute("ROLLBACK")
        other.close()
        assert locked.returncode == 75
        assert "database" in locked.stderr
        assert "Traceback" not in locked.stderr
        assert sink.messages() == []
        desk.send()
        assert_accounts(desk, sink.counts())

    def test_a_disk_that_fills_up_stops_the_run_before_anybody_gets_two(self, tmp_path: Path, sink: SmtpSink) -> None:
        desk = newsroom(tmp_path, sink.port, MANY)
        desk.die_at("after-freeze")
        database = desk.folder / "var" / "briefingfeed.db"
        limit = max(file.stat().st_size for file in (database, database.with_name(f"{database.name}-wal"))) + 100_000
        full = desk.run("send-weekly", "--now", before=lambda: limit_files(limit))
        assert full.returncode == 75, full.stderr
        assert "Traceback" not in full.stderr
        assert 0 < len(sink.messages()) < len(MANY)
        desk.send(expect=None)
        assert_accounts(desk, sink.counts(), uncertain=2)
        assert len(sink.counts()) >= len(MANY) - 2


def wait_until(holds: object, seconds: float = 20.0) -> None:
    assert callable(holds)
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.01)


def limit_files(size: int) -> None:
    """Let no file grow beyond `size`, as on a disk that is full: a write then fails instead of killing the process."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

"""`send-weekly` as cron runs it: the real command, real SMTP servers. What dies, fails or is full: tests/faults."""

from __future__ import annotations

import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from acceptance.keeping_server import KeepingServer
from acceptance.newsroom import Newsroom, assert_accounts, assert_is_copy, ended, parse
from servers.ports import free_port
from servers.postfix_sink import postfix_sink
from servers.smtp_sink import Options, SmtpSink

READERS = [f"reader{number:03}@example.org" for number in range(24)]


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


class TestReaders:
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
            states = {"450x1.a@example.org": "deferred", "fine@example.org": "accepted"}
            wait_until(lambda: desk.states() == states)
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.5)
            process.terminate()
            assert process.wait(60) == 0
        assert desk.states() == states


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


def wait_until(holds: object, seconds: float = 120.0) -> None:
    assert callable(holds)
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.01)

"""F3: two and eight runs at once, all let go in the same instant."""

from __future__ import annotations

import fcntl
import shutil
import sqlite3
from pathlib import Path

import psycopg
import pytest

from faults.conftest import MakeTrial
from faults.trial import Trial, addresses
from faults.warm_command import WarmCommand
from servers.postgres import PostgresServer
from servers.smtp_sink import SmtpSink

READERS = addresses(60)


@pytest.mark.parametrize("runs", [2, 8])
def test_one_sends_and_the_others_end_well(make_trial: MakeTrial, runs: int) -> None:
    trial = make_trial(READERS, connections=2)
    gate = trial.folder / "gate"
    with gate.open("w") as barrier:
        fcntl.flock(barrier, fcntl.LOCK_EX)
        started = [trial.begin_sending(gate=gate) for _ in range(runs)]
        fcntl.flock(barrier, fcntl.LOCK_UN)
        assert [run.wait() for run in started] == [0] * runs, [run.err for run in started]
    trial.assert_invariants()
    assert set(trial.tally) == {"accepted"}
    assert trial.sink.commands().count("CONNECT") == 2, "more than one run spoke to the server"
    trial.assert_silent()


def test_two_state_folders_on_one_postgresql_share_the_work(
    tmp_path: Path, command: WarmCommand, postgres: PostgresServer
) -> None:
    """As on two machines: neither sees the other's lock, both have the key."""
    readers = addresses(560)  # more than one run claims at a time
    with SmtpSink(tmp_path / "sink") as sink:
        trial = Trial(tmp_path / "publication", command, sink, postgres.fresh_url(), readers, connections=2)
        assert trial.dies_at("after-freeze")
        other = tmp_path / "other"
        shutil.copytree(trial.folder, other, ignore=shutil.ignore_patterns("var", "output"))
        (other / "var").mkdir(mode=0o700)
        for key in (trial.folder / "var").glob("*.key"):
            shutil.copy(key, other / "var")
        with (tmp_path / "gate").open("w") as barrier:
            fcntl.flock(barrier, fcntl.LOCK_EX)
            runs = [
                command.start(folder, "send-weekly", "--now", gate=tmp_path / "gate")
                for folder in (trial.folder, other)
            ]
            fcntl.flock(barrier, fcntl.LOCK_UN)
            assert [run.wait(120) for run in runs] == [0, 0], [run.err for run in runs]
        trial.send_on(0)
        trial.assert_invariants()
        assert trial.tally == {"accepted": len(readers)}
        assert sink.commands().count("CONNECT") == 4, "they didn't share the work"


def test_the_database_itself_refuses_a_second_row(make_trial: MakeTrial) -> None:
    trial = make_trial(READERS[:2])
    trial.send_on(0)
    kept = "edition_key, rendition_id, address, state, attempts, note, updated_at, batch"
    for column in ("subscriber_id", "address"):
        others = kept.replace("address, ", "") if column == "subscriber_id" else kept
        columns = f"{others}, subscriber_id" if column == "subscriber_id" else others
        with pytest.raises((sqlite3.IntegrityError, psycopg.errors.UniqueViolation)):
            trial.books.query(f"INSERT INTO delivery ({columns}) SELECT {columns} FROM delivery")  # noqa: S608
    assert len(trial.books.rows()) == 2

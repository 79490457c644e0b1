"""F3: two and eight runs at once, all let go in the same instant."""

from __future__ import annotations

import fcntl
import sqlite3

import psycopg
import pytest

from faults.conftest import MakeTrial
from faults.trial import Trial, addresses, wait_until
from faults.ways import IN_BOTH_WAYS
from servers.smtp_sink import Options

READERS = addresses(60)


def connects(trial: Trial) -> int:
    return trial.sink.commands().count("CONNECT")


@IN_BOTH_WAYS
@pytest.mark.parametrize("runs", [2, 8])
def test_one_sends_and_the_others_end_well(make_trial: MakeTrial, runs: int) -> None:
    trial = make_trial(READERS, Options(latency=0.003), connections=2)
    gate = trial.folder / "gate"
    with gate.open("w") as barrier:
        fcntl.flock(barrier, fcntl.LOCK_EX)
        started = [trial.begin_sending(gate=gate) for _ in range(runs)]
        fcntl.flock(barrier, fcntl.LOCK_UN)
        assert [run.wait() for run in started] == [0] * runs, [run.err for run in started]
    trial.assert_invariants()
    assert set(trial.tally) == {"accepted"}
    assert connects(trial) == trial.connections, "more than one run spoke to the server"
    trial.assert_silent()


@IN_BOTH_WAYS
def test_a_run_leaves_alone_what_another_is_at_work_on(make_trial: MakeTrial) -> None:
    trial = make_trial(READERS, Options(latency=0.003))
    with trial.stopped_at("after-arm:10") as run:  # and in no transaction: SQLite would let nobody else in
        wait_until(lambda: connects(trial) == trial.connections)
        before = trial.states
        other = trial.begin_sending()
        other.wait()
        assert connects(trial) == trial.connections, "I6: another run spoke to the server"
        assert (other.code, trial.states) == (0, before), other.err
    assert run.wait() == 0, run.err
    trial.assert_invariants()
    assert set(trial.tally) == {"accepted"}


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

"""F20: a request under an idempotency key that a machine dies with is repeated by another one, which shares its
PostgreSQL database; or the machine was only asleep, and wakes up with it."""

from __future__ import annotations

import copy
import fcntl
import shutil
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from faults.service_trial import BATCH, READERS, trial_of
from faults.trial import Trial, wait_until
from faults.warm_command import WarmCommand
from servers.api_server import ApiServer, Plan
from servers.postgres import PostgresServer

MakeMachines = Callable[[Plan], tuple[Trial, Trial, ApiServer]]


@pytest.fixture
def make_machines(tmp_path: Path, command: WarmCommand, postgres: PostgresServer) -> MakeMachines:
    def make(plan: Plan) -> tuple[Trial, Trial, ApiServer]:
        with ApiServer("resend", tmp_path / "server", plan) as server:
            first = trial_of("resend", server, tmp_path / "first", command, postgres.fresh_url())
        return first, elsewhere(first, tmp_path / "second"), server

    return make


def elsewhere(trial: Trial, folder: Path) -> Trial:
    """Return another machine: the same posts and keys, a state folder of its own, and other batches: what it takes
    itself is another request."""
    shutil.copytree(trial.folder, folder, ignore=shutil.ignore_patterns("var"))
    file = folder / "briefingfeed.toml"
    file.write_text(file.read_text("utf-8").replace(f"batch = {BATCH}", f"batch = {BATCH - 2}"), "utf-8")
    (folder / "var").mkdir(mode=0o700)
    for key in (trial.folder / "var").glob("*.key"):
        shutil.copy2(key, folder / "var")
    other = copy.copy(trial)
    other.folder = folder
    return other


def let_lapse(trial: Trial) -> None:
    trial.books.query("UPDATE run SET lease_until = now() - interval '1 second' WHERE ended_at IS NULL")


def killed_while_it_waits(trial: Trial, server: ApiServer) -> None:
    run = trial.begin_sending()
    wait_until(server.taken)
    run.send(signal.SIGKILL)
    assert run.wait() == -signal.SIGKILL


def assert_all_have_one(trial: Trial) -> None:
    trial.assert_invariants()
    assert trial.tally == Counter(accepted=len(READERS))


def test_another_machine_asks_once_the_lease_is_over(make_machines: MakeMachines) -> None:
    first, second, server = make_machines(Plan(answer="silent", times=1))
    killed_while_it_waits(first, server)
    second.send_on(0)
    assert second.tally == Counter(submitting=BATCH, claimed=len(READERS) - BATCH)
    assert len(server.requests()) == 1
    let_lapse(first)
    second.send_on(0)
    assert_all_have_one(second)


def test_of_two_that_want_to_ask_one_does(make_machines: MakeMachines, tmp_path: Path) -> None:
    first, second, server = make_machines(Plan(answer="silent", times=1))
    third = elsewhere(first, tmp_path / "third")
    killed_while_it_waits(first, server)
    let_lapse(first)
    gate = tmp_path / "gate"
    with gate.open("w") as barrier:
        fcntl.flock(barrier, fcntl.LOCK_EX)
        runs = [each.begin_sending(gate=gate) for each in (second, third)]
    assert {run.wait() for run in runs} <= {0, 1}, [run.err for run in runs]
    second.send_on(0)
    assert_all_have_one(second)
    sent = Counter(request["sha256"] for request in server.requests())
    assert sorted(sent.values()) == [1] * (len(sent) - 1) + [2]


@pytest.mark.parametrize(
    "place",
    [
        "after-arm",  # not kept yet: the other sends its copies itself, and it must not
        "after-keep",  # kept: both send the same request
        "after-reply",  # its word comes too late
    ],
)
def test_a_machine_that_was_asleep_wakes_and_nobody_has_two(make_machines: MakeMachines, place: str) -> None:
    first, second, _ = make_machines(Plan())
    with first.stopped_at(f"{place}:1") as run:
        let_lapse(first)
        second.send_on(0)
        assert second.tally == Counter(accepted=len(READERS))
    assert run.wait() in (0, 1, 75), run.err
    assert_all_have_one(second)

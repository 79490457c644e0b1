"""F3: two and eight runs at once, all let go in the same instant."""

from __future__ import annotations

import fcntl

import pytest

from faults.conftest import MakeTrial
from faults.trial import addresses

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

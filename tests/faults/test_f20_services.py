"""F20: each service over HTTP, the run killed while the answer is awaited, and before it is written down."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from faults.service_trial import BATCH, READERS, MakeTrial, trial_of
from faults.trial import Trial, wait_until
from faults.warm_command import WarmCommand
from servers.api_server import ApiServer, Plan
from servers.api_ways import KEYED, NAMES


@pytest.fixture
def make_trial(tmp_path: Path, command: WarmCommand, fresh_url: Callable[[], str]) -> MakeTrial:
    def make(name: str, plan: Plan) -> Trial:
        with ApiServer(name, tmp_path / "server", plan) as server:
            return trial_of(name, server, tmp_path / "publication", command, fresh_url())

    return make


def unclear_of(name: str) -> int:
    """As many copies as are unclear when the run is killed: with a key it can be found out what became of them."""
    return {"ses": 1}.get(name, 0 if name in KEYED else BATCH)


@pytest.mark.parametrize("name", NAMES)
def test_killed_while_the_answer_is_awaited_its_batch_is_unclear_unless_a_key_names_it(
    make_trial: MakeTrial, name: str
) -> None:
    trial = make_trial(name, Plan(answer="silent", times=1))
    run = trial.begin_sending()
    wait_until(trial.sink.counts)  # type: ignore[attr-defined]
    run.send(signal.SIGKILL)
    assert run.wait() == -signal.SIGKILL
    unclear = unclear_of(name)
    trial.send_on(1 if unclear else 0)
    trial.assert_invariants(uncertain=unclear)
    assert trial.tally == Counter(uncertain=unclear, accepted=len(READERS) - unclear)
    trial.assert_silent()


@pytest.mark.parametrize("name", ["ses", "brevo"])
def test_killed_between_answer_and_record_nobody_has_two(make_trial: MakeTrial, name: str) -> None:
    trial = make_trial(name, Plan())
    assert trial.dies_at("after-reply")
    trial.send_on(0, 1)
    trial.assert_invariants(uncertain=unclear_of(name))
    trial.assert_silent()

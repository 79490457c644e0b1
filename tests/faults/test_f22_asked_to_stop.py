"""F22: SIGTERM and SIGINT in mid run; once, and once more."""

from __future__ import annotations

import signal

import pytest

from faults.conftest import MakeTrial
from faults.trial import addresses, wait_until
from faults.ways import IN_BOTH_WAYS
from servers.smtp_sink import Options

READERS = addresses(150)


@IN_BOTH_WAYS
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
@pytest.mark.parametrize("connections", [1, 4])
def test_what_is_in_flight_is_finished_and_recorded(
    make_trial: MakeTrial, number: signal.Signals, code: int, connections: int
) -> None:
    trial = make_trial(READERS, Options(latency=0.004), connections=connections)
    with trial.stopped_at("after-reply:11") as run:
        run.send(number)  # it has it as soon as it goes on
    assert run.wait() == code, run.err
    copies = trial.sink.counts().total()
    assert trial.tally == {"accepted": copies, "pending": len(READERS) - copies}
    trial.assert_invariants(finished=False)
    trial.send_on(0)
    trial.assert_invariants()
    trial.assert_silent()


@IN_BOTH_WAYS
def test_asked_twice_it_ends_at_once_and_what_was_in_flight_is_unclear(make_trial: MakeTrial) -> None:
    silent = "silent-after-dot.reader@example.org"
    trial = make_trial([silent])
    trial.subscribe(addresses(9))  # an import of its own: they come after
    run = trial.begin_sending()
    wait_until(lambda: trial.sink.copies(silent))
    run.insist()
    assert run.wait() == 1, run.err
    assert trial.tally["uncertain"], "nobody heard what became of it"
    trial.assert_invariants(finished=False, uncertain=trial.connections)
    trial.send_on()
    trial.assert_invariants(uncertain=trial.connections)
    trial.assert_silent()

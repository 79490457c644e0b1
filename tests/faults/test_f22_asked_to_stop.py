"""F22: SIGTERM and SIGINT in mid run."""

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
    run = trial.begin_sending()
    wait_until(lambda: len(trial.sink.messages()) > 10)
    run.send(number)
    assert run.wait() == code, run.err
    copies = trial.sink.counts().total()
    assert trial.tally == {"accepted": copies, "pending": len(READERS) - copies}
    trial.assert_invariants(finished=False)
    trial.send_on(0)
    trial.assert_invariants()
    trial.assert_silent()

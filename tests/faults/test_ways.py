"""The signed way is what it says, or half of the matrix would prove nothing."""

from __future__ import annotations

from faults.conftest import MakeTrial
from faults.invariants import DOMAIN
from faults.trial import addresses
from faults.ways import IN_BOTH_WAYS, Way
from servers.smtp_sink import Options
from signatures import dkimpy_accepts, record

READERS = addresses(40)


@IN_BOTH_WAYS
def test_copies_are_signed_and_follow_each_other_unasked_on_several_connections(
    make_trial: MakeTrial, way: Way
) -> None:
    trial = make_trial(READERS, Options(latency=0.002))
    trial.send_on(0)
    trial.assert_invariants()
    assert trial.sink.commands().count("CONNECT") == way.connections
    assert trial.sink.followed() > way.connections
    assert {dkimpy_accepts(copy, record(DOMAIN)) for _, copy in trial.sink.messages()} == {way.is_signed}

"""Mail servers that offer less than others, or keep less than they offer: no edition needs more than they do.

Signed, and over several connections with the envelopes ahead: what a server gets wrong is worst there. One fault at a
time: tests/contract/providers/test_smtp_odd_servers.py, test_smtp_limits.py.
"""

from __future__ import annotations

import pytest

from faults.conftest import MakeTrial
from faults.trial import Trial, addresses
from faults.ways import SIGNED_ON_SQLITE
from servers.smtp_sink import Options

pytestmark = SIGNED_ON_SQLITE

READERS = addresses(12)


def said(trial: Trial, beginning: str) -> list[str]:
    return [command for command in trial.sink.commands() if command.startswith(beginning)]


class TestOffersLess:
    @pytest.mark.parametrize(
        "options", [Options(pipelining=False), Options(ehlo="502 5.5.1 what?")], ids=["no-pipelining", "no-ehlo"]
    )
    def test_it_is_asked_step_by_step(self, make_trial: MakeTrial, options: Options) -> None:
        trial = make_trial(READERS, options)
        assert trial.dies_at("after-dot:4")
        trial.assert_invariants(finished=False)
        trial.send_on()
        trial.assert_invariants(uncertain=trial.most_unclear)
        assert trial.sink.followed() == 0
        trial.assert_silent()

    @pytest.mark.parametrize("options", [Options(close_after=1), Options(drop_after=1)], ids=["421", "drop"])
    def test_it_takes_one_message_on_a_connection(self, make_trial: MakeTrial, options: Options) -> None:
        trial = make_trial(READERS, options)
        trial.send_on(0)
        trial.assert_invariants()
        assert trial.tally == {"accepted": 12}

    def test_it_bears_fewer_connections(self, make_trial: MakeTrial) -> None:
        trial = make_trial(READERS, Options(most_connections=1, latency=0.003))
        trial.send_on(0)
        trial.assert_invariants()
        assert trial.tally == {"accepted": 12}
        assert said(trial, "CONNECT") == ["CONNECT"] * trial.connections, "it was asked again and again"


class TestKeepsLessThanItOffers:
    @pytest.mark.parametrize(
        "options", [Options(forgets=True), Options(forgets_after_dot=True)], ids=["envelope", "behind-the-dot"]
    )
    def test_pipelining_and_it_loses_what_comes_at_once(self, make_trial: MakeTrial, options: Options) -> None:
        trial = make_trial(READERS, options, more="timeout = 1")
        trial.send_on(0)
        trial.assert_invariants()
        assert trial.tally == {"accepted": 12}

    def test_size_and_it_refuses_the_parameter(self, make_trial: MakeTrial) -> None:
        trial = make_trial(READERS, Options(size=10_000_000, no_parameters=True))
        trial.send_on(0)
        trial.assert_invariants()
        assert trial.tally == {"accepted": 12}
        assert said(trial, "CONNECT") == ["CONNECT"] * trial.connections

    def test_smtputf8_and_it_refuses_whoever_needs_it(self, make_trial: MakeTrial) -> None:
        trial = make_trial(READERS, Options(smtputf8=True, no_parameters=True))
        trial.run("subscribers", "add", "żółta@example.org", "--source", "test", "--international", expect=0)
        trial.send_on(1)
        trial.assert_invariants()
        assert trial.states == dict.fromkeys(READERS, "accepted") | {"żółta@example.org": "failed"}

    def test_8bitmime_and_it_takes_seven_bits(self, make_trial: MakeTrial) -> None:
        trial = make_trial(READERS, Options(seven_bits=True))
        trial.send_on(0)
        trial.assert_invariants()
        assert trial.tally == {"accepted": 12}

    def test_starttls_and_it_refuses_then_nobody_is_named(self, make_trial: MakeTrial) -> None:
        trial = make_trial(READERS, Options(boasts="STARTTLS", starttls_answer="454 4.7.0 TLS not available"))
        file = trial.folder / "briefingfeed.toml"
        file.write_text(file.read_text("utf-8").replace('security = "none"', 'security = "starttls"'), "utf-8")
        run = trial.send_on(75)
        assert "it answered 454" in run.err
        assert said(trial, "MAIL") == []
        assert trial.tally == {"pending": 12}
        trial.assert_invariants(finished=False)

    def test_354_for_nobody_is_no_copy(self, make_trial: MakeTrial) -> None:
        nobody = [f"refused-but-354.{address}" for address in addresses(2)]
        trial = make_trial(nobody, more="timeout = 5")
        trial.subscribe(READERS)  # an import of its own: they come after
        trial.send_on(0)
        trial.assert_invariants()
        assert trial.states == dict.fromkeys(READERS, "accepted") | dict.fromkeys(nobody, "failed")
        assert said(trial, "DOT AFTER") == ["DOT AFTER 0"] * 2, "the server wants something to refuse (RFC 2920)"

    def test_a_yes_that_comes_before_the_message_is_no_yes(self, make_trial: MakeTrial) -> None:
        trial = make_trial(READERS, Options(early="250 2.0.0 taken\r\n"))
        trial.send_on(75)
        assert not trial.tally["accepted"]
        trial.assert_invariants(finished=False)

"""F4 to F10: what a mail server, or an address, may do to a run."""

from __future__ import annotations

import pytest

from faults.conftest import MakeTrial
from faults.trial import Trial, addresses
from faults.ways import IN_BOTH_WAYS
from servers.smtp_sink import Options

pytestmark = IN_BOTH_WAYS


def make_with(make_trial: MakeTrial, odd: str, **more: object) -> tuple[Trial, str]:
    """Return a trial with one reader whom the server treats in this way, and his address; others come after him."""
    address = f"{odd}.reader@example.org"
    before, *after = addresses(5)
    trial = make_trial([before, address], **more)
    trial.subscribe(after)  # an import of its own: those of one come in any order
    return trial, address


class TestF4:
    @pytest.mark.parametrize("place", ["drop-at-rcpt", "drop-at-data", "421-at-rcpt", "421-at-data"])
    def test_a_drop_before_the_dot_is_tried_again(self, make_trial: MakeTrial, place: str) -> None:
        trial, _ = make_with(make_trial, f"once-{place}")
        trial.send_on(0)
        trial.assert_invariants()
        assert trial.tally == {"accepted": 6}

    def test_a_drop_each_time_keeps_nobody_else_waiting(self, make_trial: MakeTrial) -> None:
        trial, address = make_with(make_trial, "drop-at-data")
        trial.send_on()
        trial.assert_invariants(finished=False)
        assert trial.states[address] == "deferred"
        assert trial.tally == {"accepted": 5, "deferred": 1}

    @pytest.mark.parametrize("answer", ["454-4.7.5", "550-5.4.5", "530-5.7.0"])
    def test_nor_does_an_answer_that_only_he_gets_though_it_speaks_of_us(
        self, make_trial: MakeTrial, answer: str
    ) -> None:
        trial, address = make_with(make_trial, answer)
        trial.send_on()
        trial.assert_invariants(finished=False)
        assert trial.tally == {"accepted": 5, "deferred": 1}
        assert trial.states[address] == "deferred"


class TestF5:
    @pytest.mark.parametrize("answer", ["drop-after-dot", "silent-after-dot", "garbage", "odd-250"])
    def test_no_answer_to_the_dot_is_unclear_and_never_sent_again(self, make_trial: MakeTrial, answer: str) -> None:
        more = {"dot_timeout": 4} if answer.startswith("silent") else {}
        trial, address = make_with(make_trial, answer, **more)
        told, silent = trial.send_on(1), trial.send_on(1)
        assert "1 unclear" in told.err
        assert silent.err == ""
        assert trial.states[address] == "uncertain"
        trial.assert_invariants(uncertain=1)
        trial.assert_silent()

    def test_it_arrived_says_the_operator(self, make_trial: MakeTrial) -> None:
        trial, address = make_with(make_trial, "drop-after-dot")
        trial.send_on(1)
        trial.run("deliveries", "resolve", "--edition", trial.key, "--accepted", expect=0)
        trial.send_on(0)
        assert trial.states[address] == "accepted"
        trial.assert_invariants()

    def test_send_it_again_says_the_operator(self, make_trial: MakeTrial) -> None:
        trial, address = make_with(make_trial, "once-drop-after-dot")
        trial.send_on(1)
        trial.run("deliveries", "resolve", "--edition", trial.key, "--resend", "--yes", expect=0)
        trial.send_on(0)
        trial.assert_invariants(resent={address: 1})
        assert trial.sink.copies(address) == 2
        trial.assert_silent()


class TestF6:
    def test_what_happens_after_250_changes_nothing(self, make_trial: MakeTrial) -> None:
        trial, _ = make_with(make_trial, "drop-at-quit")
        trial.send_on(0)
        trial.assert_invariants()
        assert trial.tally == {"accepted": 6}

    @pytest.mark.parametrize("options", [Options(close_after=2), Options(drop_after=2)], ids=["421", "drop"])
    def test_a_connection_that_ends_between_messages_is_made_anew(
        self, make_trial: MakeTrial, options: Options
    ) -> None:
        trial = make_trial(addresses(9), options)
        trial.send_on(0)
        trial.assert_invariants()
        assert trial.tally == {"accepted": 9}


class TestF7:
    def test_a_greylisted_reader_gets_one_copy_when_the_time_has_come(self, make_trial: MakeTrial) -> None:
        trial, address = make_with(make_trial, "450x1")
        trial.send_on(0)
        assert trial.states[address] == "deferred"
        trial.assert_invariants(finished=False)
        trial.tick(minutes=7)
        trial.send_on(0)
        trial.assert_invariants()
        assert trial.tally == {"accepted": 6}

    def test_what_was_refused_at_its_dot_is_the_same_the_second_time(self, make_trial: MakeTrial) -> None:
        trial, address = make_with(make_trial, "once-dot-451-4.3.0")
        trial.send_on(0)
        trial.tick(minutes=7)
        trial.send_on(0)
        assert [recipient for recipient, _ in trial.sink.offered()].count(address) == 2
        trial.assert_invariants()


class TestF8:
    def test_an_address_that_is_unknown_fails_and_is_suppressed(self, make_trial: MakeTrial) -> None:
        trial, address = make_with(make_trial, "550-5.1.1")
        trial.send_on()
        assert trial.states[address] == "failed"
        assert trial.books.suppressed() == 1
        trial.assert_invariants()

    def test_a_server_that_refuses_everybody_without_a_code_is_asked_ten_times(self, make_trial: MakeTrial) -> None:
        trial = make_trial(addresses(40), Options(rcpt="550 Please turn on SMTP Authentication in your mail client"))
        run = trial.send_on(1)
        assert "without a code that says why, and nobody was accepted" in run.err
        assert 10 <= trial.tally["failed"] <= 10 + 2 * trial.connections  # some were on their way
        assert trial.tally["failed"] + trial.tally["pending"] == 40
        trial.assert_invariants(finished=False)

    def test_a_refusal_for_policy_fails_and_suppresses_nobody(self, make_trial: MakeTrial) -> None:
        trial, address = make_with(make_trial, "554-5.7.1")
        trial.send_on(1)
        assert trial.states[address] == "failed"
        assert trial.books.suppressed() == 0
        trial.assert_invariants()

    def test_three_refusals_for_policy_hold_the_edition(self, make_trial: MakeTrial) -> None:
        trial = make_trial([f"554-5.7.1.{address}" for address in addresses(12)])
        trial.send_on(1)
        assert [edition.state for edition in trial.books.editions()] == ["held"]
        most = 2 + trial.most_unclear
        assert 3 <= trial.tally["deferred"] <= most, "those in flight with the third may be refused, too"
        assert trial.tally["deferred"] + trial.tally["pending"] == 12
        assert trial.books.suppressed() == 0
        trial.assert_invariants(finished=False)

    def test_a_wrong_password_stops_the_run_before_anybody_is_named(self, make_trial: MakeTrial) -> None:
        trial = make_trial(addresses(6), Options(auth=("harbour", "right")), more='username = "harbour"')
        wrong = {"BRIEFINGFEED_SMTP_PASSWORD": "wrong"}
        trial.run("send-weekly", "--now", environment=wrong, expect=75)
        assert not [line for line in trial.sink.commands() if line.startswith("RCPT")]
        self.assert_nobody_is_blamed(trial)

    def test_a_server_that_wants_a_login_or_tls_stops_the_run(self, make_trial: MakeTrial) -> None:
        trial = make_trial(addresses(6), Options(mail="530 5.7.0 Must issue a STARTTLS command first"))
        trial.send_on(75)
        self.assert_nobody_is_blamed(trial)

    def assert_nobody_is_blamed(self, trial: Trial) -> None:
        assert trial.tally == {"pending": 6}
        assert {row.attempts for row in trial.books.rows()} == {0}
        assert trial.books.suppressed() == 0
        assert trial.sink.offered() == []
        trial.assert_invariants(finished=False)


class TestF9:
    def test_a_server_that_throttles_gets_its_mails_later_and_none_is_lost(self, make_trial: MakeTrial) -> None:
        trial = make_trial(addresses(40), Options(throttle_after=15), connections=3)
        for _ in range(12):
            trial.send_on(0, 75)
            trial.assert_invariants(finished=False)
            if set(trial.tally) == {"accepted"}:
                break
            trial.tick(minutes=80)
        trial.assert_invariants()
        assert trial.tally == {"accepted": 40}


class TestF10:
    BAD = (
        "no-at-sign", "two words@example.org", "a@b@example.org", "ünï@example.org", "<a@example.org>",
        "a@example.org>\r\nRCPT TO:<b@example.org", "a@example.org\nBcc: b@example.org", "@example.org", "a@",
        "a@-example-.org", "a@[127.0.0.1", "a" * 400 + "@example.org", "a,b@example.org",
    )  # fmt: skip

    def test_only_bad_addresses_fail(self, make_trial: MakeTrial) -> None:
        good, spoilt = addresses(5), addresses(5 + len(self.BAD))[5:]
        trial = make_trial(good + spoilt)
        for address, bad in zip(spoilt, self.BAD, strict=True):
            trial.books.query("UPDATE subscriber SET address = ? WHERE address = ?", bad, address)
        trial.send_on(1)
        assert trial.states == dict.fromkeys(good, "accepted") | dict.fromkeys(self.BAD, "failed")
        trial.assert_invariants()
        assert set(trial.sink.counts()) == set(good)

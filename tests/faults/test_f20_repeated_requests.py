"""F20: requests under an idempotency key. A run that dies with one leaves it to the next, which sends the very same."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from faults.service_trial import BATCH, READERS, MakeTrial, trial_of
from faults.trial import Trial, wait_until
from faults.warm_command import WarmCommand
from servers.api_server import ApiServer, Plan
from servers.api_ways import KEYED

ALL = Counter(accepted=len(READERS))
WITHOUT_FIRST_BATCH = Counter(uncertain=BATCH, accepted=len(READERS) - BATCH)


@pytest.fixture
def make_trial(tmp_path: Path, command: WarmCommand, fresh_url: Callable[[], str]) -> MakeTrial:
    def make(name: str, plan: Plan) -> Trial:
        with ApiServer(name, tmp_path / "server", plan) as server:
            return trial_of(name, server, tmp_path / "publication", command, fresh_url())

    return make


def server_of(trial: Trial) -> ApiServer:
    server: ApiServer = trial.sink.server  # type: ignore[attr-defined]
    return server


def killed_while_it_waits(
    make_trial: MakeTrial, name: str = "resend", *, requests: int = 1, then: Sequence[str] = ("",)
) -> Trial:
    """Kill a run once the service has its first request, or another, which it took. `then`: what it answers later."""
    trial = make_trial(name, Plan(answer=",".join([""] * (requests - 1) + ["silent", *then])))
    run = trial.begin_sending()
    wait_until(lambda: len(server_of(trial).requests()) == requests)
    wait_until(lambda: len(server_of(trial).taken()) > BATCH * (requests - 1))
    run.send(signal.SIGKILL)
    assert run.wait() == -signal.SIGKILL
    return trial


def assert_asked_again(trial: Trial, times: int = 1) -> None:
    """The first request came so often again, octet by octet."""
    first, *others = [request["sha256"] for request in server_of(trial).requests()]
    assert others.count(first) == times


def assert_all_have_one(trial: Trial) -> None:
    trial.assert_invariants()
    assert trial.tally == ALL
    assert trial.books.query("SELECT count(*) FROM keyed_request_copy WHERE delivery_id IN"
                             " (SELECT id FROM delivery WHERE state <> 'accepted')") == [(0,)]  # fmt: skip
    trial.assert_silent()


class TestRepeated:
    @pytest.mark.parametrize("name", KEYED)
    def test_a_request_that_was_taken_is_known_by_its_key(self, make_trial: MakeTrial, name: str) -> None:
        trial = killed_while_it_waits(make_trial, name)
        trial.send_on(0)
        assert_asked_again(trial)
        assert_all_have_one(trial)

    @pytest.mark.parametrize("name", KEYED)
    def test_a_request_that_never_left_is_taken_then(self, make_trial: MakeTrial, name: str) -> None:
        trial = make_trial(name, Plan())
        assert trial.dies_at("after-keep")
        assert server_of(trial).requests() == []
        trial.send_on(0)
        assert_all_have_one(trial)

    def test_nothing_else_need_be_due(self, make_trial: MakeTrial) -> None:
        trial = killed_while_it_waits(make_trial, requests=3)
        assert trial.tally == Counter(submitting=2, accepted=10)
        trial.send_on(0)
        assert_all_have_one(trial)

    @pytest.mark.parametrize("place", ["after-arm", "before-keep"])
    def test_what_was_not_even_kept_was_never_sent(self, make_trial: MakeTrial, place: str) -> None:
        trial = make_trial("resend", Plan())
        assert trial.dies_at(f"{place}:2")
        trial.send_on(0)
        assert_asked_again(trial, times=0)
        assert_all_have_one(trial)

    @pytest.mark.parametrize("place", ["after-adopt", "after-reply", "before-record"])
    def test_the_next_run_may_die_of_it_too(self, make_trial: MakeTrial, place: str) -> None:
        trial = killed_while_it_waits(make_trial)
        assert trial.dies_at(place)
        trial.send_on(0)
        assert_all_have_one(trial)

    def test_told_to_stop_at_once_it_leaves_the_request_too(self, make_trial: MakeTrial) -> None:
        trial = make_trial("resend", Plan(answer="silent", times=1))
        run = trial.begin_sending()
        wait_until(server_of(trial).taken)
        run.insist()
        run.wait()
        assert trial.tally == Counter(submitting=BATCH, pending=len(READERS) - BATCH)
        trial.send_on(0)
        assert_all_have_one(trial)

    def test_a_line_that_is_down_for_long_costs_nobody_an_answer(self, make_trial: MakeTrial) -> None:
        trial = make_trial("resend", Plan(answer="drop,drop-unread,drop-unread,drop-unread,drop-unread"))
        trial.send_on(75)
        assert trial.tally == Counter(submitting=BATCH, pending=len(READERS) - BATCH)
        trial.send_on(0)
        assert_all_have_one(trial)


@pytest.mark.parametrize(
    ("answer", "left"),
    [
        ("401", True),  # of the login: once that is right, the request can be asked about
        ("413", False),  # of this request: it would be the same for ever
    ],
)
def test_what_the_next_run_cannot_find_out_the_one_after_may(make_trial: MakeTrial, answer: str, left: bool) -> None:
    trial = killed_while_it_waits(make_trial, then=[answer] * 5)
    run = trial.send_on(75 if left else 1)
    assert ("refuses our login" in run.err) == left
    assert trial.tally["submitting" if left else "uncertain"] == BATCH
    trial.send_on(0 if left else 1)
    trial.assert_invariants(uncertain=0 if left else BATCH)


@pytest.mark.parametrize(
    "damage",
    [
        "repeat_until = first_sent_at",
        "first_sent_at = repeat_until",  # later than now: the clock was set back
    ],
)
def test_once_the_key_may_be_forgotten_or_the_clock_says_nothing_its_copies_are_unclear(
    make_trial: MakeTrial, damage: str
) -> None:
    trial = killed_while_it_waits(make_trial)
    trial.books.query(f"UPDATE keyed_request SET {damage}")  # noqa: S608 - our own words
    trial.send_on(1)
    assert_not_repeated(trial)


def test_a_request_that_would_be_another_is_not_sent(make_trial: MakeTrial) -> None:
    trial = killed_while_it_waits(make_trial)
    file = trial.folder / "briefingfeed.toml"
    file.write_text(file.read_text("utf-8").replace("//127.0.0.1:", "//localhost:"), "utf-8")
    trial.send_on(1)
    assert_not_repeated(trial)


@pytest.mark.parametrize("leave", [("unsubscribe",), ("erase", "--yes")])
def test_nobody_is_mailed_by_a_repeat_who_has_left_meanwhile(make_trial: MakeTrial, leave: tuple[str, ...]) -> None:
    trial = killed_while_it_waits(make_trial)
    leaving = next(address for address, state in trial.states.items() if state == "submitting")
    trial.run("subscribers", *leave, leaving, expect=0)
    trial.send_on(1)
    assert_not_repeated(trial)


def assert_not_repeated(trial: Trial) -> None:
    assert_asked_again(trial, times=0)
    trial.assert_invariants(uncertain=BATCH)
    assert trial.tally == WITHOUT_FIRST_BATCH
    assert trial.books.query("SELECT count(*) FROM keyed_request WHERE run_id NOT IN"
                             " (SELECT id FROM run WHERE ended_at IS NOT NULL)") == [(0,)]  # fmt: skip
    trial.assert_silent()


def test_a_cancelled_edition_is_not_asked_about(make_trial: MakeTrial) -> None:
    trial = killed_while_it_waits(make_trial)
    trial.run("editions", "cancel", trial.key, "--yes", expect=0)
    trial.send_on(1)
    assert_asked_again(trial, times=0)
    trial.assert_invariants(uncertain=BATCH)
    assert trial.tally == Counter(uncertain=BATCH, skipped=len(READERS) - BATCH)


def test_a_held_edition_is_asked_about_once_it_is_released(make_trial: MakeTrial) -> None:
    trial = killed_while_it_waits(make_trial)
    trial.run("editions", "hold", trial.key, expect=0)
    trial.run("send-weekly")
    assert_asked_again(trial, times=0)
    assert trial.tally["submitting"] == BATCH
    trial.run("editions", "release", trial.key, expect=0)
    trial.send_on(0)
    assert_all_have_one(trial)


@pytest.mark.parametrize(("name", "unclear"), [("resend", 0), ("brevo", BATCH)])
def test_an_error_that_was_answered_is_remembered(make_trial: MakeTrial, name: str, unclear: int) -> None:
    """Brevo says of a known key no more than that it is known: after an error that is no acceptance."""
    trial = make_trial(name, Plan(answer="taken-500,silent"))
    run = trial.begin_sending()
    wait_until(lambda: trial.books.query("SELECT count(*) FROM keyed_request WHERE had_error") != [(0,)])
    run.send(signal.SIGKILL)
    assert run.wait() == -signal.SIGKILL
    trial.send_on(0 if not unclear else 1)
    trial.assert_invariants(uncertain=unclear)


def leave(trial: Trial) -> None:
    leaving = next(address for address, state in trial.states.items() if state == "submitting")
    trial.run("subscribers", "unsubscribe", leaving, expect=0)


def cancel(trial: Trial) -> None:
    trial.run("editions", "cancel", trial.key, "--yes", expect=0)


def forget(trial: Trial) -> None:
    """The machine sleeps until the service has forgotten the key."""
    trial.books.query("UPDATE keyed_request SET repeat_until = first_sent_at")


@pytest.mark.parametrize("happens", [leave, cancel, forget])
def test_right_before_a_repeat_a_run_asks_once_more_whether_it_may(
    make_trial: MakeTrial, happens: Callable[[Trial], None]
) -> None:
    trial = make_trial("resend", Plan(answer="drop-unread", times=1))
    with trial.stopped_at("after-repeat:1") as run:
        happens(trial)
    run.wait()
    assert server_of(trial).requests() == []
    assert trial.tally["uncertain"] == BATCH


def test_a_run_leaves_a_request_whose_edition_is_held_before_its_repeat(make_trial: MakeTrial) -> None:
    trial = make_trial("resend", Plan(answer="drop-unread", times=1))
    with trial.stopped_at("after-repeat:1") as run:
        trial.run("editions", "hold", trial.key, expect=0)
    run.wait()
    assert server_of(trial).requests() == []
    assert trial.tally["submitting"] == BATCH
    trial.run("editions", "release", trial.key, expect=0)
    trial.send_on(0)
    assert_all_have_one(trial)


def test_whoever_leaves_while_a_request_waits_for_its_turn_is_not_mailed(make_trial: MakeTrial) -> None:
    trial = make_trial("resend", Plan())
    with trial.stopped_at("after-arm:1") as run:
        leave(trial)
    assert run.wait() == 0, run.err
    trial.assert_invariants()
    assert trial.tally == Counter(accepted=len(READERS) - 1, skipped=1)

"""The first batch and the brake with the real command and a real mail server, killed and started twice at the worst
moments, on both databases."""

from __future__ import annotations

import fcntl

import pytest

from faults.conftest import MakeTrial
from faults.trial import Trial, addresses

READERS = addresses(30)


def braked(make_trial: MakeTrial, *, size: int = 20, pause: str = "30 min") -> Trial:
    trial = make_trial(READERS)
    file = trial.folder / "briefingfeed.toml"
    brake = f'[newsletter]\nfirst_batch = {size}\nfirst_batch_pause = "{pause}"'
    file.write_text(file.read_text("utf-8").replace("[newsletter]", brake), "utf-8")
    return trial


def first_rows(trial: Trial) -> list[int]:
    return [row for (row,) in trial.books.query("SELECT id FROM delivery WHERE batch = 1 ORDER BY id")]


def refuse(trial: Trial, count: int) -> None:
    """Let so many of the first batch be people whom the mail server does not know. The edition is frozen."""
    for row in first_rows(trial)[:count]:
        trial.books.query("UPDATE delivery SET address = ? WHERE id = ?", f"550-5.1.1.{row}@example.org", row)


def test_three_of_twenty_refused_hold_it_and_release_goes_on(make_trial: MakeTrial) -> None:
    trial = braked(make_trial)
    assert trial.dies_at("after-freeze")
    refuse(trial, 3)
    run = trial.send_on(1)
    assert trial.tally == {"accepted": 17, "failed": 3, "pending": 10}
    assert "3 of the first 20 readers were refused, most often with “550 5.1.1" in run.err
    assert "10 wait" in run.err
    assert f"briefingfeed editions release {trial.key}" in run.err
    trial.tick(hours=1)
    assert trial.send_on(1).err == ""
    assert trial.tally["accepted"] == 17
    trial.run("editions", "release", trial.key, expect=0)
    trial.send_on(0)  # who doesn't exist is suppressed, and nobody has to settle it
    assert trial.tally == {"accepted": 27, "failed": 3}
    trial.assert_invariants()


def test_the_rest_follows_after_the_pause_and_not_before(make_trial: MakeTrial) -> None:
    trial = braked(make_trial)
    trial.send_on(0)
    assert trial.tally == {"accepted": 20, "pending": 10}
    trial.tick(minutes=5)
    trial.assert_silent()
    trial.tick(minutes=26)
    trial.send_on(0)
    trial.assert_invariants()
    assert trial.tally == {"accepted": 30}


@pytest.mark.parametrize("failpoint", ["after-reply:20", "before-done"])
def test_killed_around_the_end_of_the_batch_it_still_pauses(make_trial: MakeTrial, failpoint: str) -> None:
    trial = braked(make_trial)
    assert trial.dies_at(failpoint)
    trial.send_on()
    assert trial.tally["pending"] == 10
    assert trial.books.query("SELECT open_batch, pause_until IS NULL FROM edition") == [(1, False)]
    trial.tick(minutes=31)
    trial.send_on()
    trial.assert_invariants(uncertain=2)
    assert not trial.tally["pending"]


@pytest.mark.parametrize("minutes", [0, 31])
def test_several_runs_at_once_take_each_step_once(make_trial: MakeTrial, minutes: int) -> None:
    """When the batch is due, and when its pause is over."""
    trial = braked(make_trial)
    if minutes:
        trial.send_on(0)
        trial.tick(minutes=minutes)
    gate = trial.folder / "gate"
    with gate.open("w") as barrier:
        fcntl.flock(barrier, fcntl.LOCK_EX)
        started = [trial.begin_sending(gate=gate) for _ in range(2)]
        fcntl.flock(barrier, fcntl.LOCK_UN)
        assert [run.wait() for run in started] == [0] * 2, [run.err for run in started]
    assert trial.tally == ({"accepted": 30} if minutes else {"accepted": 20, "pending": 10})
    trial.assert_invariants(finished=bool(minutes))


def test_held_in_its_pause_it_waits_and_cancelled_it_says_who_never_gets_it(make_trial: MakeTrial) -> None:
    trial = braked(make_trial)
    trial.send_on(0)
    assert "20 readers had it, 10 wait." in trial.run("editions", "hold", trial.key, expect=0).stdout
    trial.tick(hours=2)
    trial.send_on(1)
    assert trial.tally == {"accepted": 20, "pending": 10}
    said = trial.run("editions", "cancel", trial.key, "--yes", expect=0).stdout
    assert "20 readers had it; 10 readers will never get it" in said
    listed = trial.run("deliveries", "list", "--edition", trial.key, "--state", "skipped", expect=0).stdout
    assert len(listed.splitlines()) == 10
    assert all("the edition was cancelled" in line for line in listed.splitlines())
    trial.assert_invariants()

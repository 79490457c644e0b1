"""F1: SIGKILL at each named point, the first, the second and the last time that it is passed."""

from __future__ import annotations

import pytest

from briefingfeed.delivery.failpoints import NAMES
from faults.conftest import MakeTrial
from faults.trial import Trial, addresses
from faults.ways import IN_BOTH_WAYS

READERS = addresses(7)
"""One more than three connections can have armed together, so that no transaction is the only one of its kind."""
ONCE = ("freeze", "done", "release")
"""Passed once in a run over one edition; all others at least twice."""
BY_GROUPS = ("arm", "record")
"""Passed once for each transaction: how often that is differs from run to run."""


def event(place: str) -> str:
    return place.partition("-")[2]


def passages() -> list[tuple[str, str, int]]:
    """The place, which time it is passed, and on how many connections at least."""
    found = [(place, "first", 1) for place in NAMES]
    found += [(place, "second", 3) for place in NAMES if event(place) not in ONCE]
    return found + [(place, "last", 1) for place in NAMES if event(place) in ("dot", "reply")]


@IN_BOTH_WAYS
@pytest.mark.parametrize(("place", "time", "connections"), passages())
def test_a_run_killed_there_is_carried_on(make_trial: MakeTrial, place: str, time: str, connections: int) -> None:
    times = {"first": 1, "second": 2, "last": len(READERS)}[time]
    trial = make_trial(READERS, connections=connections)
    assert trial.dies_at(f"{place}:{times}"), "it never came to that place"
    if not place.startswith("before-freeze"):
        trial.assert_invariants(finished=False)
    assert_carried_on(trial, most_unclear=0 if is_harmless(place, time) else trial.most_unclear)


@pytest.mark.parametrize("place", [place for place in NAMES if event(place) in BY_GROUPS])
def test_a_run_killed_there_the_last_time_is_carried_on(make_trial: MakeTrial, place: str) -> None:
    trial = killed_the_last_time(make_trial, place)
    trial.assert_invariants(finished=False)
    assert_carried_on(trial, most_unclear=trial.most_unclear)


def killed_the_last_time(make_trial: MakeTrial, place: str) -> Trial:
    """Commits go in groups, so how often that is differs from run to run: at most once for each reader, and once."""
    for times in range(len(READERS) + 1, 2, -1):
        trial = make_trial(READERS)
        if trial.dies_at(f"{place}:{times}"):
            return trial
    raise AssertionError("it never came to that place")


def assert_carried_on(trial: Trial, *, most_unclear: int) -> None:
    trial.send_on()
    trial.assert_invariants(uncertain=most_unclear)
    trial.assert_silent()


def is_harmless(place: str, time: str) -> bool:
    """Whether nothing can be in flight there."""
    return event(place) in ONCE or (event(place) == "claim" and time == "first")

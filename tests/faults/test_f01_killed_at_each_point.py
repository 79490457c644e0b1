"""F1: SIGKILL at each named point, the first, the second and the last time that it is passed."""

from __future__ import annotations

import pytest

from briefingfeed.delivery.failpoints import NAMES
from faults.conftest import MakeTrial
from faults.trial import Trial, addresses

READERS = addresses(7)
TIMES = {"freeze": ("first",), "done": ("first",), "release": ("first",), "claim": ("first", "second")}
"""How often they are passed in a run over one edition, where that isn't once for each reader."""


def passages() -> list[tuple[str, str, int]]:
    return [
        (place, time, 3 if time == "second" else 1)
        for place in NAMES
        for time in TIMES.get(place.partition("-")[2], ("first", "second", "last"))
    ]


@pytest.mark.parametrize(("place", "time", "connections"), passages())
def test_a_run_killed_there_is_carried_on(make_trial: MakeTrial, place: str, time: str, connections: int) -> None:
    trial = killed_the_last_time(make_trial, place) if time == "last" else make_trial(READERS, connections=connections)
    if time != "last":
        assert trial.dies_at(f"{place}:{1 if time == 'first' else 2}"), "it never came to that place"
    if not place.startswith("before-freeze"):
        trial.assert_invariants(finished=False)
    trial.send_on()
    trial.assert_invariants(uncertain=0 if is_harmless(place, time) else 2 * connections)
    trial.assert_silent()


def killed_the_last_time(make_trial: MakeTrial, place: str) -> Trial:
    """Commits go in groups, so how often that is differs from run to run: at most once for each reader, and once."""
    for times in range(len(READERS) + 1, 2, -1):
        trial = make_trial(READERS)
        if trial.dies_at(f"{place}:{times}"):
            return trial
    raise AssertionError("it never came to that place")


def is_harmless(place: str, time: str) -> bool:
    """Whether nothing can be in flight there."""
    return place.endswith(("freeze", "done", "release")) or (place.endswith("claim") and time == "first")

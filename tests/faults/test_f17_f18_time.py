"""F17 and F18: cron that failed, clocks that jump. Zones, and a year of cron runs, are tried elsewhere: see README."""

from __future__ import annotations

import pytest

from faults.conftest import MakeTrial
from faults.trial import Trial, addresses

READERS = addresses(3)


def sent(trial: Trial) -> list[str]:
    """Send; return the states of all editions, oldest first, and check that nobody got more mails than there are."""
    trial.send_on()
    states = [edition.state for edition in trial.books.editions()]
    assert set(trial.sink.counts().values()) <= {states.count("done")}
    return states


class TestF17:
    def test_twice_in_a_slot_is_one_edition(self, make_trial: MakeTrial) -> None:
        trial = make_trial(READERS)
        assert sent(trial) == sent(trial) == ["done"]

    @pytest.mark.parametrize(
        ("days", "states"), [(8, ["done"]), (15, ["missed", "done"]), (24, ["missed", "missed", "done"])]
    )
    def test_posts_of_missed_slots_go_with_the_next(self, make_trial: MakeTrial, days: int, states: list[str]) -> None:
        trial = make_trial(READERS)
        sent(trial)
        trial.write_post("Winds")
        trial.tick(days=days)
        assert sent(trial) == ["done", *states]
        assert sent(trial) == ["done", *states]
        assert b"Winds" in trial.sink.messages()[-1][1]


class TestF18:
    def test_a_clock_set_back_makes_no_second_edition(self, make_trial: MakeTrial) -> None:
        trial = make_trial(READERS)
        sent(trial)
        trial.write_post("Winds")
        trial.tick(hours=-2)
        assert sent(trial) == ["done"]

    def test_a_clock_a_year_ahead_sends_nothing_by_itself(self, make_trial: MakeTrial) -> None:
        trial = make_trial(READERS)
        sent(trial)
        trial.write_post("Winds")
        trial.tick(days=365)
        assert "--force" in trial.send_on(1).err
        assert sent(trial) == ["done"]

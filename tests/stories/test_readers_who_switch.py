"""Somebody changes how often they are mailed: no post comes twice, and none is lost."""

from __future__ import annotations

from datetime import time

import pytest

from briefingfeed.errors import ConfigurationError
from briefingfeed.models.delivery import Result
from briefingfeed.models.edition import Cadence, EditionState
from briefingfeed.models.settings import MonthlyTime
from briefingfeed.services.readers.subscribers import change_cadence
from briefingfeed.services.sending.braking import cancel_edition, hold_edition, release_edition

from .house import House

DAILY, WEEKLY, MONTHLY, POSTS = Cadence.DAILY, Cadence.WEEKLY, Cadence.MONTHLY, Cadence.POSTS


@pytest.fixture
def house(house: House) -> House:
    """Weekly and daily both run since 18 November; `wim` is weekly, `dot` daily, and `sue` changes."""
    house.have_all_cadences()
    house.subscribe("wim", "sue")
    house.subscribe("dot", cadence=DAILY)
    for cadence in (WEEKLY, DAILY, MONTHLY):
        house.run(cadence)
    return house


def day_by_day(house: House, *days: str) -> None:
    """Let a post be written on each day in the afternoon, and cron run each morning."""
    for day in days:
        for cadence in (DAILY, WEEKLY, MONTHLY):
            house.run(cadence, at=f"{day} 08:05")
        house.write(f"Post of the {day[8:]}", f"{day} 14:00")


def names(*days: int) -> list[str]:
    return [f"Post of the {day:02}" for day in days]


def test_from_weekly_to_daily_and_back(house: House) -> None:
    day_by_day(house, "2026-11-19", "2026-11-20", "2026-11-21", "2026-11-22", "2026-11-23", "2026-11-24")
    assert house.mails("sue") == [names(22, 21, 20, 19)]
    house.switch("sue", DAILY, at="2026-11-24 15:00")
    day_by_day(house, "2026-11-25", "2026-11-26", "2026-11-27")
    assert house.mails("sue")[1:] == [names(24, 23), names(25), names(26)]
    assert house.mails("dot")[-1] == names(26)
    house.switch("sue", WEEKLY, at="2026-11-27 15:00")
    day_by_day(house, "2026-11-28", "2026-11-29", "2026-11-30")
    assert house.mails("sue")[4:] == [names(29, 28, 27)]
    assert house.mails("wim")[-1] == names(29, 28, 27, 26, 25, 24, 23)
    assert sorted(house.posts_of("sue")) == names(*range(19, 30))


def test_to_monthly_and_back(house: House) -> None:
    day_by_day(house, "2026-11-19", "2026-11-23", "2026-11-25")
    house.switch("sue", MONTHLY, at="2026-11-25 15:00")
    house.subscribe("mo", cadence=MONTHLY)
    day_by_day(house, "2026-11-30", "2026-12-01")
    assert house.mails("mo") == [names(30, 25, 23, 19)]
    assert house.mails("sue") == [names(19), names(30, 25, 23)]
    house.switch("sue", WEEKLY, at="2026-12-01 15:00")
    day_by_day(house, "2026-12-07")
    assert house.mails("sue")[2:] == [names(1)]


def test_to_a_cadence_that_has_carried_more_than_they_had(house: House) -> None:
    """The monthly edition of 1 December carried the post of the 30th, after Sue's last weekly one."""
    house.subscribe("mo", cadence=MONTHLY)
    day_by_day(house, "2026-11-19", "2026-11-30", "2026-12-01")
    house.switch("sue", MONTHLY, at="2026-12-02 09:00")
    day_by_day(house, "2026-12-10", "2027-01-01")
    assert house.mails("mo")[1] == ["Post of the 10", "Post of the 01"]
    assert house.mails("sue")[1:] == [["Post of the 10", "Post of the 01", "Post of the 30"]]


def test_to_a_cadence_that_has_just_begun(house: House) -> None:
    """What a new cadence passes over, somebody who comes from an older one may still miss."""
    house.set_up(posts=False)
    day_by_day(house, "2026-11-19", "2026-11-23", "2026-11-24")
    house.set_up(posts=True)
    house.run(POSTS, at="2026-11-25 09:00")
    house.switch("sue", POSTS)
    house.subscribe("pia", cadence=POSTS)
    house.write("Tides", "2026-11-25 10:00")
    house.run(POSTS, at="2026-11-25 10:15")
    assert house.mails("pia") == [["Tides"]]
    assert house.mails("sue")[1:] == [["Tides", *names(24, 23)]]
    house.write("Winds", "2026-11-25 11:00")
    house.run(POSTS, at="2026-11-25 11:15")
    assert house.mails("sue")[2:] == [["Winds"]]


def test_everybody_else_gets_the_same_bytes(house: House) -> None:
    day_by_day(house, "2026-11-19", "2026-11-23", "2026-11-24")
    house.switch("sue", DAILY, at="2026-11-24 15:00")
    house.subscribe("don", cadence=DAILY)
    report = house.run(DAILY, at="2026-11-25 08:05")
    assert [(each.key, each.recipients, each.subject) for each in report.editions] == [
        ("daily/2026-11-25", 3, "Harbour Notes: Post of the 24")
    ]
    assert house.mails("don") == [names(24)]
    assert house.mails("sue")[1:] == [names(24, 23)]


def test_somebody_who_has_it_all_gets_no_copy(house: House) -> None:
    day_by_day(house, "2026-11-19", "2026-11-20", "2026-11-21")
    house.run(DAILY, at="2026-11-22 08:05")
    house.switch("dot", WEEKLY)
    report = house.run(WEEKLY, at="2026-11-23 08:05")
    assert [(each.recipients, each.without) for each in report.editions] == [(2, 1)]
    assert house.mails("dot") == [names(19), names(20), names(21)]


def test_an_edition_that_all_of_its_readers_have_is_done_at_once(house: House) -> None:
    day_by_day(house, "2026-11-19", "2026-11-20")
    house.run(DAILY, at="2026-11-21 08:05")
    for name in ("wim", "sue"):
        house.switch(name, MONTHLY)
    house.switch("dot", WEEKLY)
    report = house.run(WEEKLY, at="2026-11-23 08:05")
    assert [(each.state, each.recipients, each.without) for each in report.editions] == [(EditionState.DONE, 0, 1)]
    house.write("Tides", "2026-11-25")
    house.run(WEEKLY, at="2026-11-30 08:05")
    assert house.mails("dot")[-1] == ["Tides"]


@pytest.mark.parametrize("result", [Result.UNCERTAIN, Result.DEFERRED])
def test_what_may_still_come_is_not_mailed_again(house: House, result: Result) -> None:
    house.write("Tides", "2026-11-22 14:00")
    house.office.answers["sue"] = result
    house.run(WEEKLY, at="2026-11-23 08:05")
    house.office.answers.clear()
    house.switch("sue", DAILY, at="2026-11-23 08:06")
    house.write("Winds", "2026-11-23 14:00")
    house.run(DAILY, at="2026-11-24 08:05")
    assert house.mails("sue")[-1] in (["Winds"], ["Tides"])
    assert "Tides" not in [title for mail in house.mails("sue") if "Winds" in mail for title in mail]


def test_what_was_refused_comes_with_the_other_cadence(house: House) -> None:
    house.write("Tides", "2026-11-22 14:00")
    house.office.answers["sue"] = Result.FAILED
    house.run(WEEKLY, at="2026-11-23 08:05")
    house.office.answers.clear()
    house.switch("sue", DAILY, at="2026-11-23 08:06")
    house.write("Winds", "2026-11-23 14:00")
    house.run(DAILY, at="2026-11-24 08:05")
    assert house.mails("sue")[1:] == [["Winds", "Tides"]]


def test_an_edition_cancelled_after_the_switch_loses_nothing(house: House) -> None:
    """Sue's row waited in the weekly edition when she left for the daily one; then the weekly one was cancelled."""
    house.write("Tides", "2026-11-22 14:00")
    house.provider.answers.update(dict.fromkeys(("wim", "sue"), Result.DEFERRED))  # type: ignore[attr-defined]
    house.run(WEEKLY, at="2026-11-23 08:05")
    hold_edition(house.database, "weekly/2026-W48", house.now)
    house.switch("sue", DAILY, at="2026-11-23 09:00")
    house.office.answers.clear()
    house.write("Winds", "2026-11-23 14:00")
    house.run(DAILY, at="2026-11-24 08:05")
    assert house.mails("sue")[1:] == [["Winds"]]
    cancel_edition(house.database, "weekly/2026-W48", house.now)
    house.write("Sands", "2026-11-24 14:00")
    house.run(DAILY, at="2026-11-25 08:05")
    assert house.mails("sue")[2:] == [["Sands", "Tides"]]
    house.run(WEEKLY, at="2026-11-30 08:05")
    assert house.mails("wim")[-1] == ["Sands", "Winds", "Tides"]


def test_an_edition_released_after_the_switch_comes_once(house: House) -> None:
    for number in range(11):
        house.write(f"Old {number}", "2026-11-12")
    house.write("Tides", "2026-11-22 14:00")
    with_first = house.run(WEEKLY, at="2026-11-23 08:05")
    assert with_first.editions[0].state is EditionState.DONE  # the first edition passes over what is old
    assert house.mails("sue") == [["Tides"]]
    for number in range(11):
        house.write(f"Late {number}", "2026-11-13")
    house.run(WEEKLY, at="2026-11-30 08:05")
    assert house.state("weekly/2026-W49") is EditionState.HELD
    house.switch("sue", DAILY, at="2026-11-30 09:00")
    release_edition(house.database, "weekly/2026-W49", house.now)
    house.run(WEEKLY, at="2026-11-30 09:15")
    assert len(house.posts_of("sue")) == len(set(house.posts_of("sue"))) == 12


def test_a_cadence_taken_away_names_those_who_have_it(house: House) -> None:
    house.set_up(daily=None)
    first, second = house.run(WEEKLY), house.run(WEEKLY)
    assert [notice.topic for notice in first.news] == ["cadence:daily"]
    assert 'daily = "07:30"' in (first.news[0].remedy or "")
    assert (second.news, second.exit_code) == ((), 1)
    house.switch("dot", WEEKLY)
    assert house.run(WEEKLY).exit_code == 0


def test_a_cadence_that_is_not_set_up_is_refused(house: House) -> None:
    house.set_up(monthly=None)
    with pytest.raises(ConfigurationError, match="no cadence “monthly”"):
        change_cadence(house.database, "sue@example.org", MONTHLY, settings=house.settings, now=house.now)
    with pytest.raises(ConfigurationError, match="no cadence “monthly”") as refused:
        house.run(MONTHLY)
    assert refused.value.exit_code == 78
    assert 'monthly = "1 08:00"' in str(refused.value)
    house.set_up(monthly=MonthlyTime(1, time(8)))
    house.run(MONTHLY)

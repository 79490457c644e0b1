"""Posts that go by themselves: as soon as they are visible, once, and never an archive."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from briefingfeed.delivery.failpoints import AFTER_REPLY, BEFORE_DONE
from briefingfeed.errors import RefusedError
from briefingfeed.models.delivery import Result
from briefingfeed.models.edition import Cadence, EditionState
from briefingfeed.newsletter.selection import MOST_OLD_POSTS
from briefingfeed.services.sending.braking import cancel_edition, hold_edition, release_edition
from briefingfeed.services.sending.sample import send_sample
from briefingfeed.services.sending.send import send_edition
from briefingfeed.services.sending.send_plan import plan_edition

from .house import House

POSTS = Cadence.POSTS


@pytest.fixture
def house(house: House) -> House:
    """Wednesday, 18 November, 10:00: `pia` wants each post, and an archive is there."""
    house.have_all_cadences()
    house.subscribe("pia", cadence=POSTS)
    house.write("Archive", "2026-11-01")
    house.write("Of today", "2026-11-18")
    return house


def test_the_first_run_mails_nothing_of_what_is_there(house: House) -> None:
    assert house.run(POSTS).editions == ()
    house.write("Tides", "2026-11-18 11:00")
    report = house.run(POSTS, at="2026-11-18 11:15")
    assert [(each.key, each.posts, each.subject) for each in report.editions] == [
        ("posts/2026-11-18-tides", ("Tides",), "Harbour Notes: Tides")
    ]
    assert house.run(POSTS, at="2026-11-18 11:30").editions == ()
    assert house.mails("pia") == [["Tides"]]


def test_with_now_the_newest_goes_at_once(house: House) -> None:
    house.run(POSTS)
    house.run(POSTS, at_once=True)
    house.run(POSTS, at_once=True)
    assert house.mails("pia") == [["Of today"]]


def test_a_post_of_the_future_goes_when_its_time_has_come(house: House) -> None:
    house.run(POSTS)
    house.write("Tides", "2026-11-19 09:00")
    house.write("Winds", "2026-11-19 09:10")
    house.run(POSTS, at="2026-11-19 08:59")
    assert house.mails("pia") == []
    house.run(POSTS, at="2026-11-19 09:15")
    assert house.mails("pia") == [["Tides"], ["Winds"]]


def test_an_edited_post_is_not_sent_again(house: House) -> None:
    house.run(POSTS)
    house.write("Tides", "2026-11-18 11:00")
    house.run(POSTS, at="2026-11-18 11:15")
    file = next((house.folder / "posts").glob("*-tides.md"))
    file.write_text(file.read_text("utf-8") + "\nMore of it.\n", "utf-8")
    house.run(POSTS, at="2026-11-18 12:15")
    assert len(house.mails("pia")) == 1


def test_a_post_committed_late_still_goes(house: House) -> None:
    house.run(POSTS)
    house.write("Late", "2026-10-30")
    house.write("Much too late", "2026-10-10")
    house.run(POSTS, at="2026-11-18 11:15")
    assert house.mails("pia") == [["Late"]]


def test_an_archive_that_slips_in_is_held(house: House) -> None:
    house.run(POSTS)
    for number in range(MOST_OLD_POSTS + 1):
        house.write(f"Imported {number}", "2026-11-10")
    report = house.run(POSTS, at="2026-11-18 11:15")
    assert {each.state for each in report.editions} == {EditionState.HELD}
    assert house.mails("pia") == []


def test_two_posts_of_one_name_have_keys_of_their_own(house: House) -> None:
    house.run(POSTS)
    house.write("Tides", "2026-11-18 11:00")
    house.run(POSTS, at="2026-11-18 11:15")
    house.remove("Tides")
    house.write("Tides", "2026-11-18 12:00", id="tag:harbour.example,2026:other")
    file = next((house.folder / "posts").glob("*-tides.md"))
    file.write_text(file.read_text("utf-8").replace("The text of Tides", "The text of other tides"), "utf-8")
    report = house.run(POSTS, at="2026-11-18 12:15")
    assert [each.key for each in report.editions] == ["posts/2026-11-18-tides-2"]


def test_cancelled_before_anybody_had_it_goes_only_if_somebody_asks_for_it(house: House) -> None:
    house.run(POSTS)
    for number in range(MOST_OLD_POSTS + 1):
        house.write(f"Imported {number}", "2026-11-10")
    report = house.run(POSTS, at="2026-11-18 11:15")
    for each in report.editions:
        words = cancel_edition(house.database, each.key, house.now).words
        assert f"briefingfeed editions release {each.key}" in words
    assert house.run(POSTS, at="2026-11-18 11:30").editions == ()
    house.write("Imported 3", "2026-11-10", email=True)
    assert house.run(POSTS, at="2026-11-18 11:45").editions == ()
    assert house.mails("pia") == []
    release_edition(house.database, "posts/2026-11-10-imported-3", house.now)
    house.run(POSTS, at="2026-11-18 12:00")
    house.run(POSTS, at="2026-11-18 12:15")
    assert house.mails("pia") == [["Imported 3"]]


@pytest.fixture
def blocked(house: House) -> str:
    """The key of a post that can't go yet, for want of a postal address; the address is there by now."""
    house.run(POSTS)
    house.write("Tides", "2026-11-18 11:00")
    complete = house.settings
    house.settings = replace(complete, publication=replace(complete.publication, postal_address=""))
    (edition,) = house.run(POSTS, at="2026-11-18 11:15").editions
    house.settings = complete
    assert edition.state is EditionState.BLOCKED
    return edition.key


def test_held_before_it_could_go_it_waits_for_its_release(house: House, blocked: str) -> None:
    words = hold_edition(house.database, blocked, house.now).words
    assert "as its post is then" in words
    assert plan_edition(house.context, POSTS).editions == ()
    house.run(POSTS, at="2026-11-18 11:30")
    assert house.mails("pia") == []
    release_edition(house.database, blocked, house.now)
    house.run(POSTS, at="2026-11-18 11:45")
    assert house.mails("pia") == [["Tides"]]
    assert list(house.editions) == [blocked]


def test_cancelled_before_it_could_go_it_goes_only_if_somebody_asks_for_it(house: House, blocked: str) -> None:
    assert f"editions release {blocked}" in cancel_edition(house.database, blocked, house.now).words
    assert house.run(POSTS, at="2026-11-18 11:30").editions == ()
    house.write("Tides", "2026-11-18 11:00", email=True)
    assert house.run(POSTS, at="2026-11-18 11:45").editions == ()
    release_edition(house.database, blocked, house.now)
    house.run(POSTS, at="2026-11-18 12:00")
    house.run(POSTS, at="2026-11-18 12:15")
    assert house.mails("pia") == [["Tides"]]


def test_blocked_and_then_removed_it_is_missed_and_nobody_is_awaited_any_more(house: House, blocked: str) -> None:
    house.remove("Tides")
    broken = house.folder / "posts" / "broken.md"
    broken.write_text("---\ntitle: [\n---\n", "utf-8")
    house.run(POSTS, at="2026-11-18 11:30")
    assert house.editions[blocked].state is EditionState.BLOCKED, "the broken file might be its post"
    broken.unlink()
    report = house.run(POSTS, at="2026-11-18 11:45")
    assert house.editions[blocked].state is EditionState.MISSED
    assert f"missed:{blocked}" in [notice.topic for notice in report.news]
    assert house.run(POSTS, at="2026-11-18 12:00").news == ()
    house.write("Tides", "2026-11-18 11:00")
    house.run(POSTS, at="2026-11-18 12:15")
    assert house.mails("pia") == [["Tides"]]


def test_a_post_that_asks_to_be_mailed_is_not_mailed_once_that_was_cancelled(house: House) -> None:
    house.run(POSTS)
    house.write("Old", "2026-10-01", email=True)
    house.office.answers["pia"] = Result.DEFERRED
    (edition,) = house.run(POSTS, at="2026-11-18 11:15").editions
    assert f"editions release {edition.key}" in cancel_edition(house.database, edition.key, house.now).words
    house.office.answers.clear()
    assert house.run(POSTS, at="2026-11-18 11:30").editions == ()
    assert len(house.mails("pia")) == 1
    words = release_edition(house.database, edition.key, house.now).words
    assert words == f"{edition.key} goes out with the next run, as its post is then."
    house.run(POSTS, at="2026-11-18 11:45")
    house.run(POSTS, at="2026-11-18 12:00")
    assert len(house.mails("pia")) == 2


def test_cancelled_on_its_way_and_asked_for_before_the_run_is_over_it_goes_with_the_next(house: House) -> None:
    house.run(POSTS)
    house.write("Tides", "2026-11-18 11:00")
    house.office.answers["pia"] = Result.DEFERRED
    house.at("2026-11-18 11:15")
    key = "posts/2026-11-18-tides"

    def meanwhile(place: str) -> None:
        if place == AFTER_REPLY:
            cancel_edition(house.database, key, house.now)
        elif place == BEFORE_DONE:
            assert "goes out with the next run" in release_edition(house.database, key, house.now).words

    send_edition(replace(house.context, failpoint=meanwhile), POSTS, lock_wait=timedelta(0), patience=timedelta(0))
    house.office.answers.clear()
    house.run(POSTS, at="2026-11-18 11:30")
    house.run(POSTS, at="2026-11-18 11:45")
    assert house.mails("pia") == [["Tides"], ["Tides"]]


def test_cancelled_after_somebody_had_it_nobody_else_gets_it_whoever_asks(house: House) -> None:
    house.subscribe("max", cadence=POSTS)
    house.run(POSTS)
    house.write("Tides", "2026-11-18 11:00", email=True)
    house.office.answers["pia"] = Result.DEFERRED
    (edition,) = house.run(POSTS, at="2026-11-18 11:15").editions
    cancel_edition(house.database, edition.key, house.now)
    with pytest.raises(RefusedError, match="1 reader had it"):
        release_edition(house.database, edition.key, house.now)
    assert house.run(POSTS, at="2026-11-18 11:30").editions == ()


def test_what_was_refused_for_now_is_tried_again(house: House) -> None:
    house.run(POSTS)
    house.write("Tides", "2026-11-18 11:00")
    house.office.answers["pia"] = Result.DEFERRED
    house.run(POSTS, at="2026-11-18 11:15")
    house.office.answers.clear()
    house.run(POSTS, at="2026-11-18 12:15")
    assert house.mails("pia") == [["Tides"], ["Tides"]]
    assert house.state("posts/2026-11-18-tides") is EditionState.DONE


def test_without_a_reader_no_post_is_kept_for_the_first_to_come(house: House) -> None:
    house.switch("pia", Cadence.WEEKLY)
    house.run(POSTS)
    house.write("Tides", "2026-11-18 11:00")
    house.run(POSTS, at="2026-11-18 11:15")
    house.subscribe("max", cadence=POSTS)
    house.write("Winds", "2026-11-18 12:00")
    house.run(POSTS, at="2026-11-18 12:15")
    assert house.mails("max") == [["Winds"]]


def test_a_rehearsal_shows_the_newest_and_then_what_comes(house: House) -> None:
    house.rehearse()
    first, again = house.run(POSTS), house.run(POSTS, at="2026-11-18 10:30")
    assert [each.key for each in first.editions] == ["rehearsal/posts/2026-11-18-of-today"]
    assert again.editions == ()
    house.go_live()
    assert house.run(POSTS, at="2026-11-18 10:45").editions == ()
    house.write("Tides", "2026-11-18 11:00")
    house.run(POSTS, at="2026-11-18 11:15")
    assert house.mails("pia") == [["Tides"]]


def test_a_machine_whose_clock_ran_away_mails_nothing(house: House) -> None:
    house.run(POSTS)
    house.write("Scheduled", "2027-03-01")
    report = house.run(POSTS, at="2027-11-18 10:00")
    assert [notice.topic for notice in report.news] == ["silence:posts"]
    assert house.run(POSTS, at="2026-11-18 11:00").exit_code == 0
    assert house.mails("pia") == []


def test_what_would_go_is_shown_first(house: House) -> None:
    house.run(POSTS)
    house.write("Tides", "2026-11-18 11:00")
    house.write("Winds", "2026-11-18 11:05")
    house.at("2026-11-18 11:15")
    plan = plan_edition(house.context, POSTS)
    assert [(each.key, each.recipients) for each in plan.editions] == [
        ("posts/2026-11-18-tides", 1),
        ("posts/2026-11-18-winds", 1),
    ]
    assert plan.next_slot is None
    assert send_sample(house.context, POSTS, "editor@harbour.example").posts == ("Tides",)
    assert house.mails("pia") == []


def test_a_post_that_is_too_old_or_broken_is_named_once_though_no_edition_is_made(house: House) -> None:
    house.run(POSTS)
    house.write("Much too late", "2026-10-10")
    house.file("2026-11-18-broken.md", "---\ntitle: [\n---\n")
    report = house.run(POSTS, at="2026-11-18 11:15")
    assert report.editions == ()
    assert [notice.text.partition(" ")[0] for notice in report.news] == [
        "posts/2026-11-18-broken.md:2:",
        "posts/2026-10-10-much-too-late.md",
    ]
    assert house.run(POSTS, at="2026-11-18 11:30").news == ()

"""Which posts go with an edition, told as stories."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta

import pytest

from briefingfeed.models.edition import Cadence
from briefingfeed.models.post import Post
from briefingfeed.models.settings import Settings
from briefingfeed.newsletter.schedule import latest_slot
from briefingfeed.newsletter.selection import History, Selection, select

MakePost = Callable[..., Post]
Choose = Callable[..., Selection]


@pytest.fixture
def choose(settings: Settings, now: datetime) -> Choose:
    """Select for the slot of Monday, 23 November 2026; the one before was on the 16th."""

    def choose(posts: Iterable[Post], *, at: datetime = now, **history: object) -> Selection:
        return select(
            posts, History(**{"first": False, **history}), latest_slot(settings, Cadence.WEEKLY, now), at, settings
        )

    return choose


def test_a_post_of_last_week_goes(choose: Choose, make_post: MakePost) -> None:
    post = make_post("2026-11-20")
    assert choose([post]) == Selection(posts=(post,))


def test_newest_stands_first(choose: Choose, make_post: MakePost) -> None:
    posts = [make_post("2026-11-18"), make_post("2026-11-22"), make_post("2026-11-20")]
    assert [post.slug for post in choose(posts).posts] == [
        "post-of-2026-11-22",
        "post-of-2026-11-20",
        "post-of-2026-11-18",
    ]


def test_a_post_goes_once(choose: Choose, make_post: MakePost) -> None:
    post = make_post("2026-11-20", email=True)
    assert choose([post], carried=frozenset({post.id})) == Selection(posts=())


def test_a_post_committed_three_weeks_late_is_not_lost(choose: Choose, make_post: MakePost) -> None:
    late = make_post("2026-10-30")
    assert choose([late]).posts == (late,)


@pytest.mark.parametrize(("day", "goes"), [("2026-10-24", True), ("2026-10-23", False)])
def test_thirty_days_count_as_whole_days(choose: Choose, make_post: MakePost, day: str, goes: bool) -> None:
    post = make_post(day)
    selection = choose([post])
    assert (selection.posts, selection.waiting) == (((post,), ()) if goes else ((), (post,)))


def test_a_run_that_comes_days_late_loses_no_post(choose: Choose, make_post: MakePost, now: datetime) -> None:
    post = make_post("2026-10-24")
    assert choose([post], at=now + timedelta(days=5)).posts == (post,)


def test_an_older_post_goes_if_the_editor_asks(choose: Choose, make_post: MakePost) -> None:
    post = make_post("2019-05-01", email=True)
    assert choose([post]).posts == (post,)


def test_email_false_is_neither_mailed_nor_reported(choose: Choose, make_post: MakePost) -> None:
    assert choose([make_post("2026-11-20", email=False), make_post("2020-01-01", email=False)]) == Selection(posts=())


def test_drafts_and_posts_of_the_future_are_left_alone(choose: Choose, make_post: MakePost) -> None:
    posts = [make_post("2026-11-20", draft=True), make_post("2026-11-24"), make_post("2026-12-24", email=True)]
    assert choose(posts) == Selection(posts=())
    assert choose(posts, first=True) == Selection(posts=())


def test_a_post_dated_today_goes_only_once_its_time_has_come(choose: Choose, make_post: MakePost) -> None:
    evening = make_post("2026-11-23", published=datetime(2026, 11, 23, 18, tzinfo=UTC))
    assert choose([evening]).posts == ()
    assert choose([evening], at=datetime(2026, 11, 23, 18, tzinfo=UTC)).posts == (evening,)


def test_first_edition_takes_the_week_and_passes_over_the_archive(choose: Choose, make_post: MakePost) -> None:
    of_the_week = [make_post("2026-11-20"), make_post("2026-11-16")]
    archive = [make_post("2026-11-15"), make_post("2026-11-01"), make_post("2015-01-01")]
    never = make_post("2026-11-19", "not by mail", email=False)
    selection = choose([*archive, *of_the_week, never], first=True)
    assert selection.posts == tuple(of_the_week)
    assert selection.passed_over == (never, *archive)
    assert selection.waiting == ()


def test_what_was_passed_over_stays_so_until_the_editor_asks(choose: Choose, make_post: MakePost) -> None:
    post = make_post("2026-11-10")
    passed_over = frozenset({post.id})
    assert choose([post], passed_over=passed_over) == Selection(posts=())
    asked_for = make_post("2026-11-10", email=True)
    assert choose([asked_for], passed_over=passed_over).posts == (asked_for,)


def test_first_edition_takes_an_old_post_that_the_editor_asks_for(choose: Choose, make_post: MakePost) -> None:
    post = make_post("2026-03-01", email=True)
    assert choose([post], first=True) == Selection(posts=(post,))


@pytest.mark.parametrize(("old", "held"), [(10, False), (11, True)])
def test_an_archive_that_slips_in_is_held(choose: Choose, make_post: MakePost, old: int, held: bool) -> None:
    start = date(2026, 10, 25)
    posts = [make_post(str(start + timedelta(days=number)), f"imported {number}") for number in range(old)]
    week = [make_post("2026-11-16", f"new {number}") for number in range(30)]
    selection = choose([*posts, *week])
    assert len(selection.posts) == old + 30
    assert (selection.hold_reason is not None) is held


def test_days_are_those_of_the_publication(make_settings: Callable[..., Settings], make_post: MakePost) -> None:
    """Midnight in London, 24 October, is still the 23rd in New York: too old there."""
    settings = make_settings(zone="America/New_York")
    now = datetime(2026, 11, 23, 18, tzinfo=UTC)
    selection = select(
        [make_post("2026-10-24")], History(first=False), latest_slot(settings, Cadence.WEEKLY, now), now, settings
    )
    assert selection.posts == ()

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from briefingfeed.errors import RefusedError
from briefingfeed.feeds.reading import ReadEntry
from briefingfeed.services.publishing.feed_guard import judge, refuse
from briefingfeed.services.publishing.feed_history import HISTORY, History

from .conftest import SETTINGS, Desk

LONDON = ZoneInfo("Europe/London")


def entry(number: int, **fields: object) -> ReadEntry:
    at = datetime(2020, 1, 1, 12, tzinfo=UTC) + timedelta(days=number)
    values = {
        "id": f"tag:old.example,2020:{number}",
        "url": f"https://old.example/posts/{number}/",
        "title": f"Title {number}",
        "published": at,
        "updated": at,
    }
    return ReadEntry(**{**values, **fields})  # type: ignore[arg-type]


def history(count: int) -> History:
    return History(entries=tuple(entry(number) for number in range(count)))


@pytest.mark.parametrize(
    "fields",
    [
        {"title": "Another", "published": None},  # same address
        {"url": "https://new.example/posts/3/", "title": "Another", "published": None},  # another host
        {"url": "https://new.example/2020/3.html", "title": "Another"},  # same slug, same day
        {"url": "https://new.example/other/", "title": "TITLE  3!"},  # same title, same day
        {
            "url": "https://new.example/o/",
            "published": datetime(2020, 1, 4, 23, 30, tzinfo=UTC) + timedelta(hours=2),
        },  # in another zone it was the next day
    ],
)
def test_an_entry_under_another_id_is_known_again(fields: dict[str, object]) -> None:
    old = history(10)
    new = [*old.entries[:3], entry(3, id="tag:new.example,2026:3", **fields), *old.entries[4:]]

    verdict = judge(new, old, LONDON)

    assert [(before.id, after.id) for before, after in verdict.renamed] == [
        ("tag:old.example,2020:3", "tag:new.example,2026:3")
    ]
    assert verdict.shows_old_as_new
    assert verdict.vanished == ()


def test_a_new_post_beside_old_ones_is_no_old_one() -> None:
    old = history(10)
    same_title_and_day = entry(3, id="tag:new", url="https://old.example/posts/3b/")

    verdict = judge([*old.entries, same_title_and_day], old, LONDON)

    assert not verdict.shows_old_as_new


def test_two_posts_of_one_title_and_day_are_no_sign() -> None:
    old = History(
        entries=(entry(1, title="News", url=""), entry(2, title="News", url="", published=entry(1).published))
    )
    new = [entry(1, id="a", title="News", url=""), entry(1, id="b", title="News", url="")]

    assert judge(new, old, LONDON).renamed == ()


def test_an_id_that_was_gone_is_still_the_post_s_id() -> None:
    old = History(entries=(entry(1),), gone=(entry(2),))

    assert judge([entry(1), entry(2)], old, LONDON).renamed == ()
    assert len(judge([entry(1), entry(2, id="tag:other")], old, LONDON).renamed) == 1


@pytest.mark.parametrize(("moved", "refused"), [(1, False), (2, False), (3, False), (4, True), (30, True)])
def test_dates_in_bulk_are_refused_and_a_few_are_not(moved: int, refused: bool) -> None:
    old = history(30)
    new = [
        entry(n, published=entry(n).published + timedelta(hours=2)) if n < moved else entry(n)  # type: ignore[operator]
        for n in range(30)
    ]
    assert judge(new, old, LONDON).shows_old_as_new is refused


def test_many_dates_are_bulk_in_a_long_history_too() -> None:
    old = history(1000)
    new = [replace(each, updated=each.published + timedelta(days=9)) if n < 21 else each  # type: ignore[operator]
           for n, each in enumerate(old.entries)]  # fmt: skip
    assert judge(new, old, LONDON).is_bulk_redated


def test_what_feeds_add_to_a_day_moves_no_date() -> None:
    old = history(30)
    new = [replace(each, published=each.published + timedelta(minutes=59)) for each in old.entries]  # type: ignore[operator]
    assert not judge(new, old, LONDON).shows_old_as_new


def test_another_program_may_have_known_the_hour(desk: Desk) -> None:
    for day in range(10, 19):
        desk.post(f"quay-{day}", day=f"2026-11-{day}", head=f"id: tag:old.example,2020:{day}\n")
    noon = datetime(2026, 11, 1, 12, tzinfo=UTC)
    desk.published = tuple(entry(day, published=noon.replace(day=day), updated=None) for day in range(10, 19))
    assert desk.build().written


def test_the_words_name_the_first_posts_and_count_the_rest() -> None:
    old = history(8)
    new = [entry(n, id=f"tag:new:{n}") for n in range(8)]

    with pytest.raises(RefusedError) as refusal:
        refuse(judge(new, old, LONDON), {"tag:new:7": "posts/seven.md"})

    words = str(refusal.value)
    assert "8 old posts" in words
    assert "posts/seven.md: was tag:old.example,2020:7 and would be tag:new:7" in words
    assert "and 3 more" in words
    assert "--accept-as-new" in words


# With real builds


def lose_memory(desk: Desk) -> None:
    desk.forget_database()
    (desk.root / "var" / "ids.jsonl").unlink()


def test_build_refuses_changed_ids_and_the_old_output_stands(desk: Desk) -> None:
    for day in range(10, 19):
        desk.post(f"quay-{day}", day=f"2026-11-{day}")
    desk.build()
    before = desk.output()
    lose_memory(desk)
    desk.write("briefingfeed.toml", SETTINGS.replace("harbour.example", "news.example"))

    with pytest.raises(RefusedError, match=r"9 old posts as new.*\n.*quay-18\.md: was tag:harbour"):
        desk.build(minutes=1)

    assert desk.output() == before
    with pytest.raises(RefusedError):
        desk.build(minutes=1)
    desk.accept_as_new = True
    assert desk.build(minutes=1).written
    desk.accept_as_new = False
    desk.post("late")
    assert desk.build(minutes=1).written, "what was accepted is the history from then on"


def test_the_output_folder_is_the_witness_if_the_state_folder_is_lost(desk: Desk) -> None:
    for number in range(1, 31):
        desk.post(f"pier-{number}", day=f"2026-0{1 + number % 9}-{number % 28 + 1:02}")
    desk.build()
    desk.close()
    shutil.rmtree(desk.root / "var")
    desk.write("briefingfeed.toml", SETTINGS.replace("harbour.example", "news.example"))

    with pytest.raises(RefusedError, match="30 old posts as new"):
        desk.build(minutes=1)


def test_a_history_older_than_the_output_is_not_believed_alone(desk: Desk) -> None:
    desk.post("pier", day="2026-11-01")
    desk.build()
    kept = (desk.root / "var" / HISTORY).read_bytes()
    desk.post("mole", day="2026-11-02")
    desk.build(minutes=1)
    (desk.root / "var" / HISTORY).write_bytes(kept)
    desk.post("mole", day="2026-11-02", head="id: tag:harbour.example,2026-11-02:another\n")

    with pytest.raises(RefusedError, match=r"mole\.md: was"):
        desk.build(minutes=1)


def test_a_changed_time_zone_is_refused(desk: Desk) -> None:
    for day in range(10, 15):
        desk.post(f"quay-{day}", day=f"2026-11-{day}")
    desk.build()
    desk.write("briefingfeed.toml", SETTINGS.replace("Europe/London", "Asia/Tokyo"))

    with pytest.raises(RefusedError, match="5 old posts as new, because their dates changed"):
        desk.build(minutes=1)


def test_edited_moved_and_deleted_posts_pass(desk: Desk) -> None:
    for day in range(10, 20):
        desk.post(f"quay-{day}", day=f"2026-11-{day}", text=f"Words of day {day}.")
    desk.build()
    desk.post("quay-10", day="2026-11-10", head="updated: 2026-11-21\n", text="Other words.")
    (desk.root / "posts" / "2026-11-11-quay-11.md").rename(desk.root / "posts" / "2026-11-11-jetty.md")
    (desk.root / "posts" / "2026-11-12-quay-12.md").unlink()

    report = desk.build(minutes=1)

    assert report.written
    assert not report.problems


def test_posts_that_vanish_in_bulk_are_a_warning(desk: Desk) -> None:
    for day in range(10, 20):
        desk.post(f"quay-{day}", day=f"2026-11-{day}")
    desk.build()
    for day in range(10, 14):
        (desk.root / "posts" / f"2026-11-{day}-quay-{day}.md").unlink()

    report = desk.build(minutes=1)

    assert [problem.path for problem in report.problems] == ["posts"]
    assert "4 posts that were in the feeds are gone" in report.problems[0].message
    assert not report.has_errors
    desk.post("new")
    assert not desk.build(minutes=1).problems, "told once"


def test_a_feed_published_elsewhere_is_compared_too(desk: Desk) -> None:
    desk.post("quay", day="2026-11-10")
    desk.build()
    desk.published = (entry(0, url="https://harbour.example/posts/quay/"),)

    with pytest.raises(RefusedError, match=r"quay\.md: was tag:old\.example,2020:0"):
        desk.build(minutes=1)


def test_check_says_what_a_build_would_refuse(desk: Desk) -> None:
    desk.post("quay")
    desk.build()
    assert not [problem for problem in desk.check().problems if "as new" in problem.message]
    desk.post("quay", head="id: tag:harbour.example,2026:another\n")
    (problem,) = [problem for problem in desk.check().problems if "as new" in problem.message]
    assert problem.is_error
    assert "posts/2026-11-20-quay.md: was" in problem.message

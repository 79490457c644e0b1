"""Statements 25-28 of the feeds checklist: the whole history can be had (RFC 5005)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from briefingfeed.models.post import Closing, Post
from briefingfeed.models.settings import FeedSettings, Settings

from .conftest import FH, HOME, NOW, Feeds

DAYS = (0, 1, 2, 9, 30, 31, 35, 100, 101, 400)


@pytest.fixture
def posts(post: Callable[..., Post]) -> list[Post]:
    return [post(f"p{days}", days_ago=days, topics=("water",)) for days in DAYS]


@pytest.fixture
def brief(settings: Settings) -> Settings:
    return replace(settings, feeds=FeedSettings(entries=3))


def chain(feeds: Feeds) -> list[str]:
    """The archive folders, as a reader finds them from the feed."""
    folders, seen = [], ""
    while links := feeds.at(seen).links("prev-archive"):
        assert links[0] is not None
        seen = links[0].removeprefix(HOME).removesuffix("atom.xml")
        assert links == [f"{HOME}{seen}atom.xml", f"{HOME}{seen}rss.xml"]
        assert seen not in folders
        folders.append(seen)
    return folders


def test_25_feed_holds_the_newest_and_archives_the_rest(posts: list[Post], brief: Settings) -> None:
    feeds = Feeds(posts, brief)

    assert feeds.ids == [post.id for post in posts[:3]]
    assert (len(feeds.items), len(feeds.json["items"])) == (3, 3)
    assert len(feeds.at("topics/water/").ids) == 3
    assert sum(len(feeds.at(folder).ids) for folder in feeds.folders if folder.startswith("archive/")) == len(posts)


def test_25_open_calls_are_all_there_and_say_so(post: Callable[..., Post], brief: Settings) -> None:
    """What has left such a feed is closed (RFC 5005, section 2), so none may be missing."""

    def call(slug: str, days_ago: int, closes: datetime) -> Post:
        return post(slug, days_ago=days_ago, closes=Closing(at=closes, day=date(2026, 12, 1)))

    calls = [call(f"c{number}", number + 1, datetime(2026, 12, 2, tzinfo=UTC)) for number in range(5)]
    over = call("over", 30, NOW)
    feeds = Feeds([*calls, over, post("none", days_ago=40)], brief, at="open-calls/")

    assert feeds.ids == [call.id for call in calls]
    assert feeds.atom.find(f"{FH}complete") is not None
    assert feeds.rss.find(f"channel/{FH}complete") is not None
    assert not any(feeds.links(relation) for relation in ("prev-archive", "next-archive", "current"))
    assert Feeds([over], brief, at="open-calls/").ids == []
    assert "open-calls/" not in Feeds([post("none")], brief).folders


def test_26_chain_of_archives_reaches_every_post_once(posts: list[Post], brief: Settings) -> None:
    feeds = Feeds(posts, brief)
    folders = chain(feeds)

    assert folders == ["archive/2026-11/", "archive/2026-10/", "archive/2026-08/", "archive/2025-10/"]
    for kind in ("atom", "rss", "json"):
        reached = []
        for folder in folders:
            feeds.at(folder)
            reached += {
                "atom": feeds.ids,
                "rss": [item.findtext("guid") for item in feeds.items],
                "json": [item["id"] for item in feeds.json["items"]],
            }[kind]
        assert reached == [post.id for post in posts]


def test_26_month_is_that_of_the_publications_calendar(post: Callable[..., Post], settings: Settings) -> None:
    auckland = replace(settings, publication=replace(settings.publication, timezone=ZoneInfo("Pacific/Auckland")))
    late = datetime(2026, 10, 31, 12, tzinfo=UTC)
    posts = [post(entry_published=late, entry_updated=late)]

    assert chain(Feeds(posts, settings)) == ["archive/2026-10/"]
    assert chain(Feeds(posts, auckland)) == ["archive/2026-11/"]


def test_27_archive_says_what_it_is_and_knows_its_neighbours(posts: list[Post], brief: Settings) -> None:
    feeds = Feeds(posts, brief)
    folders = chain(feeds)

    for folder, newer, older in zip(folders, [None, *folders], [*folders[1:], None], strict=False):
        feeds.at(folder)
        assert feeds.atom.find(f"{FH}archive") is not None
        assert feeds.rss.find(f"channel/{FH}archive") is not None
        assert feeds.links("self") == [f"{HOME}{folder}atom.xml", f"{HOME}{folder}rss.xml"]
        assert feeds.links("current") == [f"{HOME}atom.xml", f"{HOME}rss.xml"]
        for relation, other in (("next-archive", newer), ("prev-archive", older)):
            expected = [f"{HOME}{other}atom.xml", f"{HOME}{other}rss.xml"] if other else []
            assert feeds.links(relation) == expected
    assert feeds.at("").atom.find(f"{FH}archive") is None
    assert feeds.links("next-archive") == feeds.links("current") == []


def test_27_only_archive_has_no_neighbours_and_is_not_marked(post: Callable[..., Post], settings: Settings) -> None:
    """Validators miss the neighbours of a marked one."""
    feeds = Feeds([post()], settings)

    assert chain(feeds) == ["archive/2026-11/"]
    assert feeds.atom.find(f"{FH}archive") is None
    assert feeds.links("current") == [f"{HOME}atom.xml", f"{HOME}rss.xml"]


def changed(before: Feeds, after: Feeds) -> set[str]:
    return {
        path.rpartition("/")[0]
        for path, content in after.bytes.items()
        if path.startswith("archive/") and before.bytes.get(path) != content
    }


def test_27_month_changes_with_its_posts_and_neighbours_only(
    post: Callable[..., Post], posts: list[Post], brief: Settings
) -> None:
    before = Feeds(posts, brief)
    edited = [replace(each, title="Corrected") if each.slug == "p100" else each for each in posts]

    assert changed(before, Feeds([post("extra", days_ago=3), *posts], brief)) == {"archive/2026-11"}
    assert changed(before, Feeds(edited, brief)) == {"archive/2026-08"}
    assert changed(before, Feeds([*posts, post("between", days_ago=70)], brief)) == {
        "archive/2026-08", "archive/2026-09", "archive/2026-10",
    }  # fmt: skip
    december = datetime(2026, 12, 1, tzinfo=UTC)
    later = post("later", entry_published=december, entry_updated=december)
    grown = Feeds([later, *posts], brief, december)
    assert changed(before, grown) == {"archive/2026-11", "archive/2026-12"}


def test_28_next_url_leads_through_every_month_and_never_back(posts: list[Post], brief: Settings) -> None:
    feeds = Feeds(posts, brief)
    seen, told = [], feeds.json
    while address := told.get("next_url"):
        assert told["feed_url"] == f"{HOME}feed.json" != address
        assert address not in seen
        seen.append(address)
        told = feeds.at(address.removeprefix(HOME).removesuffix("feed.json")).json

    assert seen == [f"{HOME}{folder}feed.json" for folder in chain(feeds)]
    assert "next_url" not in feeds.at("topics/water/").json


def test_without_archives_there_are_none_and_nothing_leads_there(posts: list[Post], brief: Settings) -> None:
    feeds = Feeds(posts, replace(brief, feeds=FeedSettings(archives=False, topics=False, authors=False)))

    assert feeds.folders == [""]
    assert chain(feeds) == []
    assert "next_url" not in feeds.json

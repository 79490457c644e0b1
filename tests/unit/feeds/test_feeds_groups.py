from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from briefingfeed.feeds.groups import group_posts
from briefingfeed.models.post import Post
from briefingfeed.models.settings import Settings

from .conftest import Feeds


def slugs(posts: list[Post]) -> dict[str, str]:
    return {group.name: group.slug for group in group_posts(posts, lambda post: post.topics)}


def test_names_that_differ_in_capitals_and_spaces_are_one_as_written_most(post: Callable[..., Post]) -> None:
    posts = [
        post("a", topics=("water rights", "Water  Rights")),
        post("b", topics=("Water Rights",)),
        post("c", topics=(" ", "water")),
        post("d", topics=("Water Rights",)),
    ]
    water, rights = group_posts(posts, lambda post: post.topics)

    assert (water.name, water.slug, rights.name, rights.slug) == ("water", "water", "Water Rights", "water-rights")
    assert [post.slug for post in rights.posts] == ["a", "b", "d"]


def test_earlier_of_two_names_with_one_slug_keeps_it_for_ever(post: Callable[..., Post]) -> None:
    first, second = post("first", days_ago=9, topics=("C",)), post("second", days_ago=2, topics=("C++",))

    alone, both = slugs([first]), slugs([second, first])
    assert alone == {"C": "c"}
    assert both["C"] == "c"
    assert both["C++"].startswith("c-")
    assert slugs([post("third", topics=("C#",)), second, first]).items() > both.items()


def test_names_of_other_scripts_have_slugs_of_their_own(post: Callable[..., Post]) -> None:
    found = slugs([post(topics=("日本", "中国", "Ελλάδα", "💧"))])

    assert len(set(found.values())) == 4


def test_thousand_topics_have_a_thousand_feeds(post: Callable[..., Post], settings: Settings) -> None:
    every = tuple(f"Topic {number} & more" for number in range(1000))
    feeds = Feeds([post(topics=every), post("b", days_ago=2, topics=every[:500])], settings)

    topics = [folder for folder in feeds.folders if folder.startswith("topics/")]
    assert len(topics) == 1000
    assert len(feeds.at("topics/topic-7-more/").ids) == 2
    assert len(feeds.at("topics/topic-907-more/").ids) == 1


def test_feeds_of_topics_and_authors_can_be_left_out(post: Callable[..., Post], settings: Settings) -> None:
    posts = [post(topics=("water",))]
    without = replace(settings, feeds=replace(settings.feeds, topics=False, archives=False))

    assert Feeds(posts, without).folders == [""]

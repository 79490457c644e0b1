"""Statements 1-4 of the feeds checklist: what is what, for ever."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from briefingfeed.models.post import Author, Post
from briefingfeed.models.settings import Settings

from .conftest import A, Feeds, Newsroom


def identified(settings: Settings, url: str, authority: str | None) -> Settings:
    return replace(settings, publication=replace(settings.publication, url=url, id_authority=authority))


def test_01_id_of_a_post_outlives_title_slug_place_domain_and_rebuild(newsroom: Newsroom) -> None:
    file = newsroom.write("2026-11-20-quay.md", "The quay is long.")
    first = newsroom.feeds().ids
    found = [newsroom.feeds().ids]

    newsroom.write("2026-11-20-quay.md", "The quay is long.", title="Another title")
    found.append(newsroom.feeds().ids)
    newsroom.write("2026-11-20-quay.md", "The quay is long.", slug="pier")
    found.append(newsroom.feeds().ids)
    newsroom.write("2026-11-20-quay.md", "The quay is very long.")
    found.append(newsroom.feeds().ids)
    file.rename(file.with_name("2026-11-20-elsewhere.md"))
    found.append(newsroom.feeds().ids)
    newsroom.settings = identified(newsroom.settings, "http://new.example/blog", None)
    found.append(newsroom.feeds().ids)

    assert len(first) == 1
    assert found == [first] * 6


def test_02_ids_are_absolute_unique_and_never_given_again(newsroom: Newsroom) -> None:
    gone = newsroom.write("2026-11-20-quay.md", "The first one.")
    newsroom.write("b/2026-11-20-quay.md", "A namesake on the same day.", url="https://elsewhere.example/")
    newsroom.write("c.md", "With an id of its own.", id="https://old.example/?p=12")
    before = newsroom.feeds().ids
    gone.unlink()
    newsroom.write("d.md", "Written after the first was taken away.")
    after = newsroom.feeds().ids

    assert len({*before, *after}) == 4
    assert len({*before} & {*after}) == 2
    assert "https://old.example/?p=12" in before
    assert all(urlsplit(found or "").scheme in {"tag", "https"} for found in {*before, *after})


def test_03_guid_and_atom_id_and_json_id_are_one(post: Callable[..., Post], settings: Settings) -> None:
    feeds = Feeds(
        [post("tagged"), post("linked", days_ago=5, id="https://harbour.example/news/posts/linked/")], settings
    )

    guids = [item.find("guid") for item in feeds.items]
    assert (
        [guid.text for guid in guids if guid is not None] == feeds.ids == [item["id"] for item in feeds.json["items"]]
    )
    assert {guid.get("isPermaLink") for guid in guids if guid is not None} == {"false"}


def feed_ids(posts: list[Post], settings: Settings) -> dict[str, str | None]:
    feeds = Feeds(posts, settings)
    return {folder: feeds.at(folder).atom.findtext(f"{A}id") for folder in feeds.folders}


def test_04_each_feed_has_an_id_of_its_own_that_its_archive_documents_share(
    post: Callable[..., Post], settings: Settings
) -> None:
    posts = [
        post("new", topics=("water",), authors=(Author(name="water"),)),
        post("old", days_ago=40, topics=("rights",)),
    ]
    ids = feed_ids(posts, settings)

    assert ids[""] == ids["archive/2026-11/"] == ids["archive/2026-10/"]
    subscribed = [found for folder, found in ids.items() if not folder.startswith("archive/")]
    assert len(set(subscribed)) == len(subscribed) == 4
    assert feed_ids([*posts, post("more", days_ago=80)], settings).items() >= ids.items()


@pytest.mark.parametrize(
    ("here", "there", "authority"),
    [
        ("https://harbour.example", "https://new.example/blog", "harbour.example,2026"),
        ("http://harbour.example/news", "https://harbour.example/news", None),
    ],
    ids=["another domain, with an authority", "https, without one"],
)
def test_04_id_of_a_feed_is_stable(
    post: Callable[..., Post], settings: Settings, here: str, there: str, authority: str | None
) -> None:
    posts = [post(topics=("water",))]

    before, after = (feed_ids(posts, identified(settings, url, authority)) for url in (here, there))
    assert before == after
    if authority:
        assert before[""] == "tag:harbour.example,2026:feed"
        assert before["topics/water/"] == "tag:harbour.example,2026:feed/topics/water"
    else:
        assert (before[""] or "").startswith("urn:uuid:")
    assert len(set(before.values())) == 2


def test_04_two_publications_on_one_host_have_different_feed_ids(post: Callable[..., Post], settings: Settings) -> None:
    found = [
        feed_ids([post()], identified(settings, url, None))[""]
        for url in ("https://harbour.example", "https://harbour.example/news", "https://other.example")
    ]

    assert len(set(found)) == 3

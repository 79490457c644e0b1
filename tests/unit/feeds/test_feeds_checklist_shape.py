"""Statements 29-33 and 36-40 of the feeds checklist, as far as documents alone can show them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import feedparser
import pytest
from lxml import etree

from briefingfeed.feeds import feed_links
from briefingfeed.feeds.addresses import FORMATS
from briefingfeed.models.post import Author, Post
from briefingfeed.models.settings import FeedSettings, Settings

from .conftest import HOME, A, Feeds

HUB = "https://hub.example/?a=1&b=2"


@pytest.fixture
def posts(post: Callable[..., Post]) -> list[Post]:
    return [
        post("new", days_ago=1, topics=("water", "Rights & tides"), authors=(Author(name="Ines Sørby", guest=True),)),
        post("middle", days_ago=20, topics=("water",), authors=(Author(name="Ann"),), language="de"),
        post("old", days_ago=60, topics=("Rights & tides",)),
    ]


def test_29_newest_come_first(posts: list[Post], settings: Settings) -> None:
    feeds = Feeds([posts[1], posts[2], posts[0]], settings)

    assert feeds.ids == [post.id for post in posts]
    assert feeds.at("topics/water/").ids == [posts[0].id, posts[1].id]


def test_30_blog_without_posts_has_a_valid_feed(settings: Settings) -> None:
    feeds = Feeds([], settings)

    assert feeds.folders == [""]
    assert feeds.entries == feeds.items == feeds.json["items"] == []
    assert feeds.atom.findtext(f"{A}updated") == "2000-01-01T00:00:00+00:00"
    assert all(feeds.rss.findtext(f"channel/{name}") for name in ("title", "link", "description"))
    assert not feedparser.parse(feeds.bytes["atom.xml"]).bozo


def test_31_drafts_posts_kept_from_feeds_and_posts_to_come_appear_nowhere(
    post: Callable[..., Post], posts: list[Post], settings: Settings
) -> None:
    hidden = [
        post("hidden-draft", draft=True, topics=("hidden",)),
        post("hidden-kept", feed=False, topics=("hidden",), authors=(Author(name="Hidden"),)),
        post("hidden-tomorrow", days_ago=-1, topics=("water",)),
    ]

    assert Feeds([*posts, *hidden], settings).bytes == Feeds(posts, settings).bytes


def entry_bytes(document: bytes, opening: bytes, closing: bytes) -> dict[bytes, bytes]:
    parts = [part.split(closing)[0] for part in document.split(opening)[1:]]
    return {part.split(b"tag:")[1].split(b"<")[0].split(b'"')[0]: part for part in parts}


@pytest.mark.parametrize(
    ("name", "opening", "closing"),
    [("atom.xml", b"<entry", b"</entry>"), ("rss.xml", b"<item>", b"</item>"), ("feed.json", b'{"id": ', b"}\n")],
)
def test_32_other_feeds_hold_the_same_bytes_of_an_entry(
    posts: list[Post], settings: Settings, name: str, opening: bytes, closing: bytes
) -> None:
    feeds = Feeds(posts, settings)
    main = entry_bytes(feeds.bytes[name].replace(b"},\n", b"}\n"), opening, closing)

    assert len(main) == 3
    others = [folder for folder in feeds.folders if folder]
    assert len(others) == 2 + 2 + 2
    for folder in others:
        found = entry_bytes(feeds.bytes[folder + name].replace(b"},\n", b"}\n"), opening, closing)
        assert found
        assert found.items() <= main.items()


def test_32_topics_and_authors_have_feeds_named_after_them(posts: list[Post], settings: Settings) -> None:
    feeds = Feeds(posts, settings)
    titles = {folder: feeds.at(folder).atom.findtext(f"{A}title") for folder in feeds.folders}

    assert {folder: title for folder, title in titles.items() if not folder.startswith("archive/")} == {
        "": "Harbour Notes",
        "authors/ann/": "Harbour Notes - Ann",
        "authors/ines-sorby/": "Harbour Notes - Ines Sørby",
        "topics/rights-tides/": "Harbour Notes - Rights & tides",
        "topics/water/": "Harbour Notes - water",
    }
    for folder, title in titles.items():
        feeds.at(folder)
        assert feeds.json["title"] == feeds.rss.findtext("channel/title") == title
        assert feeds.rss.findtext("channel/description")


def test_33_each_format_has_its_media_type(settings: Settings) -> None:
    """A server adds the charset; the bytes are UTF-8."""
    found = {link.path: link.media_type for link in feed_links(settings.publication)}

    assert found == {
        "atom.xml": "application/atom+xml",
        "rss.xml": "application/rss+xml",
        "feed.json": "application/feed+json",
    }


def test_36_documents_to_subscribe_to_name_the_hub_and_themselves_once(posts: list[Post], settings: Settings) -> None:
    feeds = Feeds(posts, replace(settings, feeds=FeedSettings(websub_hub=HUB)))

    for folder in feeds.folders:
        feeds.at(folder)
        is_archive = folder.startswith("archive/")
        assert feeds.links("hub") == ([] if is_archive else [HUB, HUB])
        assert feeds.json.get("hubs") == (None if is_archive else [{"type": "WebSub", "url": HUB}])
        assert len(feeds.links("self")) == 2
    assert all(b"hub" not in document for document in Feeds(posts, settings).bytes.values())


@pytest.mark.parametrize("hub", ["hub.example", "ftp://hub.example/", "https://", "https://hub.example/a b"])
def test_36_hub_that_is_no_web_address_is_refused(hub: str) -> None:
    with pytest.raises(ValueError, match="websub_hub"):
        FeedSettings(websub_hub=hub)


def test_37_links_of_a_page_have_distinct_titles(settings: Settings) -> None:
    links = feed_links(settings.publication)

    assert len({link.title for link in links}) == len(links) == len(FORMATS)


def test_37_opml_lists_every_feed_once(posts: list[Post], settings: Settings) -> None:
    feeds = Feeds(posts, settings)
    opml = etree.fromstring(feeds.bytes["opml.xml"])
    outlines = [outline for outline in opml.iter("outline") if outline.get("xmlUrl")]

    assert (opml.tag, opml.get("version"), opml.findtext("head/title")) == ("opml", "2.0", "Harbour Notes")
    followed = [folder for folder in feeds.folders if not folder.startswith("archive/")]
    assert sorted(outline.get("xmlUrl") or "" for outline in outlines) == [
        f"{HOME}{folder}atom.xml" for folder in followed
    ]
    for outline in outlines:
        title = feeds.at((outline.get("xmlUrl") or "").removeprefix(HOME).removesuffix("atom.xml")).json["title"]
        assert outline.get("text") == outline.get("title") == title
        assert (outline.get("type"), outline.get("htmlUrl"), outline.get("language")) == ("rss", HOME, "en-GB")
    assert [outline.get("text") for outline in opml.iterfind("body/outline")] == ["Harbour Notes", "Topics", "Authors"]


def test_38_every_document_is_read_without_complaint(posts: list[Post], settings: Settings) -> None:
    for given in (posts, posts[:1], []):
        feeds = Feeds(given, settings)
        for folder in feeds.folders:
            ids = feeds.at(folder).ids
            for name, version in (("atom.xml", "atom10"), ("rss.xml", "rss20")):
                found = feedparser.parse(feeds.bytes[folder + name])
                assert (found.bozo, found.version) == (False, version)
                assert [entry.id for entry in found.entries] == ids


def test_40_nothing_old_comes_back_as_new(posts: list[Post], settings: Settings) -> None:
    """Ids and dates of publication are all that readers go by."""
    new = replace(settings, publication=replace(settings.publication, url="https://new.example", title="Other"))
    edited = [replace(posts[0], title="Edited", url="https://new.example/x/"), *posts[1:]]
    before, after = Feeds(posts, settings), Feeds(edited, new)

    assert before.folders == after.folders
    for folder in before.folders:
        then, now = (
            [(item["id"], item["date_published"]) for item in feeds.at(folder).json["items"]]
            for feeds in (before, after)
        )
        assert then == now

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest

from briefingfeed.errors import BriefingfeedError
from briefingfeed.feeds import build_feeds
from briefingfeed.models.blocks import Body
from briefingfeed.models.post import Post
from briefingfeed.models.settings import FeedContent, FeedSettings, Settings

from .conftest import CONTENT, A, Feeds


def test_topics_are_categories_once_each(post: Callable[..., Post], settings: Settings, now: datetime) -> None:
    feeds = Feeds([post(topics=("rights & tides", "water", "water"))], settings, now)

    assert [each.get("term") for each in feeds.entries[0].iterfind(f"{A}category")] == ["rights & tides", "water"]
    assert [each.text for each in feeds.items[0].iterfind("category")] == ["rights & tides", "water"]
    assert feeds.json["items"][0]["tags"] == ["rights & tides", "water"]


def test_summaries_alone_when_the_publication_wants_so(
    post: Callable[..., Post], settings: Settings, now: datetime
) -> None:
    brief = replace(settings, feeds=FeedSettings(content=FeedContent.SUMMARY))
    feeds = Feeds([post(summary="Tides & <rights>.", summary_is_excerpt=False)], brief, now)

    assert feeds.entries[0].find(f"{A}content") is None
    assert feeds.entries[0].findtext(f"{A}summary") == "Tides & <rights>."
    assert feeds.items[0].findtext("description") == "Tides &amp; &lt;rights&gt;."
    assert feeds.items[0].find(CONTENT) is None
    assert feeds.json["items"][0]["content_text"] == "Tides & <rights>."
    assert "content_html" not in feeds.json["items"][0]


def test_address_beyond_ascii_is_encoded_once(post: Callable[..., Post], settings: Settings, now: datetime) -> None:
    feeds = Feeds([post(url="https://harbour.example/café/%C3%A9?x=1&y=ü#né")], settings, now)

    assert feeds.items[0].findtext("link") == "https://harbour.example/caf%C3%A9/%C3%A9?x=1&y=%C3%BC#n%C3%A9"


def test_feeds_do_not_carry_our_version_nor_anybody_elses(
    post: Callable[..., Post], settings: Settings, now: datetime
) -> None:
    """An upgrade is no reason for every reader to fetch everything anew."""
    feeds = Feeds([post()], settings, now)

    generator = feeds.atom.find(f"{A}generator")
    assert generator is not None
    assert (generator.text, dict(generator.attrib)) == ("briefingfeed", {})
    assert feeds.rss.findtext("channel/generator") == "briefingfeed"


def test_two_posts_with_one_id_are_refused_by_name(
    post: Callable[..., Post], settings: Settings, now: datetime
) -> None:
    with pytest.raises(BriefingfeedError, match="same id") as raised:
        build_feeds([post("one"), post("two", id=post("one").id)], settings, now)

    assert raised.value.where in {post("one").path, post("two").path}


def test_id_that_no_feed_can_carry_is_refused_by_name(
    post: Callable[..., Post], settings: Settings, now: datetime
) -> None:
    with pytest.raises(BriefingfeedError, match="cannot be written") as raised:
        build_feeds([post("odd", id="tag:harbour.example,2026:\x00odd")], settings, now)

    assert raised.value.where == post("odd").path


def test_nothing_of_a_body_is_interpreted(post: Callable[..., Post], settings: Settings, now: datetime) -> None:
    body = Body("<p>{{ 7*7 }} &copy; %s {0} <!-- x --></p>", ())

    content = Feeds([post(body=body)], settings, now).json["items"][0]["content_html"]
    assert re.search(r"\{\{ 7\*7 \}\} &copy; %s \{0\} <!-- x -->", content)

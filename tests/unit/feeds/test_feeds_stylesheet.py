"""Statement 39 of the feeds checklist, as far as documents say it; browsers say the rest (tests/contract/site)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import PurePosixPath

import feedparser
from lxml import etree

from briefingfeed.feeds import build_feeds
from briefingfeed.models.post import Post
from briefingfeed.models.settings import Settings


def test_39_every_document_names_its_style_by_a_relative_address(
    settings: Settings, now: datetime, post: Callable[..., Post]
) -> None:
    files = build_feeds([post(topics=("water",)), post("quay", days_ago=90)], settings, now)
    documents = [file for file in files if file.path.endswith(("atom.xml", "rss.xml"))]

    assert {"atom.xml", "topics/water/rss.xml", "archive/2026-08/atom.xml"} <= {file.path for file in documents}
    for file in documents:
        instruction = etree.fromstring(file.content).getprevious()
        assert instruction is not None
        assert instruction.target == "xml-stylesheet"
        assert instruction.get("type") == "text/css"
        href = instruction.get("href")
        steps = len(PurePosixPath(file.path).parts) - 1
        assert href == "../" * steps + "assets/feed.css"


def test_39_readers_pass_over_it(settings: Settings, now: datetime, post: Callable[..., Post]) -> None:
    for file in build_feeds([post()], settings, now)[:2]:
        parsed = feedparser.parse(file.content)
        assert not parsed.bozo
        assert [entry.title for entry in parsed.entries] == ["Mooring"]


def test_every_element_of_an_item_that_may_stand_once_does(
    settings: Settings, now: datetime, post: Callable[..., Post]
) -> None:
    atom, rss = (etree.fromstring(file.content) for file in build_feeds([post(topics=("a", "b"))], settings, now)[:2])

    for entry in (*rss.iterfind("channel/item"), *atom.iterfind("{*}entry")):
        tags = [child.tag for child in entry if not str(child.tag).endswith("category")]
        assert len(tags) == len(set(tags))

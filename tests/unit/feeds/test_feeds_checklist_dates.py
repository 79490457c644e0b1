"""Statements 5-9 of the feeds checklist: dates, and what changes when."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from lxml import etree

from briefingfeed.models.post import Post
from briefingfeed.models.settings import Settings

from .conftest import NOW, A, Feeds, Newsroom

RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d")

IN_GERMAN = """
import locale, sys
locale.setlocale(locale.LC_ALL, "")
from datetime import UTC, datetime
from briefingfeed.feeds.addresses import RSS
from briefingfeed.feeds.feed import Document, Feed
from briefingfeed.feeds.syndication import open_rss
feed = Feed(id="x:y", title="T", subtitle=None, language="de", publisher="P", home="https://x.example/",
            root="https://x.example/", folder="", hub=None)
at = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)
sys.stdout.buffer.write(open_rss(Document(feed=feed, folder="", posts=()), at))
"""


def test_05_dates_are_what_their_rfcs_ask_and_never_before_the_beginning(
    post: Callable[..., Post], settings: Settings
) -> None:
    berlin = replace(settings, publication=replace(settings.publication, timezone=ZoneInfo("Europe/Berlin")))
    precise = datetime.fromisoformat("2026-07-01T10:00:07.123456+00:00")
    posts = [
        post("summer", entry_published=precise, entry_updated=precise),
        post("winter", entry_updated=NOW - timedelta(hours=1)),
    ]
    feeds = Feeds(posts, berlin)

    for entry, item, told in zip(feeds.entries, feeds.items, feeds.json["items"], strict=True):
        published, updated = (entry.findtext(f"{A}{name}") or "" for name in ("published", "updated"))
        assert RFC_3339.fullmatch(published)
        assert RFC_3339.fullmatch(updated)
        assert datetime.fromisoformat(updated) >= datetime.fromisoformat(published)
        assert (told["date_published"], told["date_modified"]) == (published, updated)
        assert parsedate_to_datetime(item.findtext("pubDate") or "") == datetime.fromisoformat(published)
    assert feeds.items[1].findtext("pubDate") == "Wed, 01 Jul 2026 12:00:07 +0200"


def test_05_names_of_days_and_months_are_english_wherever_it_runs(tmp_path: Path) -> None:
    """Where the machine can make a German locale, it runs in one."""
    german = tmp_path / "de_DE.UTF-8"
    subprocess.run(["localedef", "-i", "de_DE", "-f", "UTF-8", german], capture_output=True, check=False)
    made = german.exists()
    environment = {**os.environ, "LOCPATH": str(tmp_path), "LC_ALL": "de_DE.UTF-8"} if made else {**os.environ}

    written = subprocess.run([sys.executable, "-c", IN_GERMAN], env=environment, capture_output=True, check=True).stdout

    assert b"<lastBuildDate>Wed, 06 May 2026 07:08:09 +0000</lastBuildDate>" in written


def test_06_feed_was_updated_when_its_newest_entry_was(post: Callable[..., Post], settings: Settings) -> None:
    corrected = datetime.fromisoformat("2026-11-22T10:00:00+00:00")
    posts = [post("new", days_ago=2), post("old", days_ago=39, topics=("water",), entry_updated=corrected)]
    feeds = Feeds(posts, settings)

    assert feeds.atom.findtext(f"{A}updated") == "2026-11-22T10:00:00+00:00"
    assert feeds.rss.findtext("channel/lastBuildDate") == "Sun, 22 Nov 2026 10:00:00 +0000"
    assert feeds.at("topics/water/").atom.findtext(f"{A}updated") == "2026-11-22T10:00:00+00:00"
    assert feeds.at("archive/2026-11/").atom.findtext(f"{A}updated") == "2026-11-21T00:00:03+00:00"


def test_07_two_builds_are_byte_identical_whenever_they_run(newsroom: Newsroom) -> None:
    for number in range(1, 20):
        newsroom.write(
            f"2026-{number % 11 + 1:02}-{number:02}-p{number}.md", f"Text {number}.", date=None, tags="[a, b]"
        )
    posts = newsroom.load()

    first = Feeds(posts, newsroom.settings, NOW)
    assert len(first.bytes) > 30
    assert Feeds(posts[::-1], newsroom.settings, NOW + timedelta(days=400)).bytes == first.bytes
    assert newsroom.feeds().bytes == first.bytes


def test_08_editing_a_post_changes_its_entry_and_the_feeds_time_alone(
    post: Callable[..., Post], settings: Settings
) -> None:
    first, second, third = (post(f"p{number}", days_ago=number) for number in (2, 5, 9))
    edited = replace(second, title="Corrected", entry_updated=NOW - timedelta(hours=2))
    before, after = Feeds([first, second, third], settings), Feeds([first, edited, third], settings)

    for old, new in zip(before.entries, after.entries, strict=True):
        assert (etree.tostring(old) == etree.tostring(new)) == (old.findtext(f"{A}id") != second.id)
    heads = [feeds.bytes["atom.xml"].split(b"<entry")[0].splitlines() for feeds in (before, after)]
    differing = [line.strip() for line, other in zip(*heads, strict=True) if line != other]
    assert len(differing) == 1
    assert differing[0].startswith(b"<updated>")


def test_09_no_two_entries_share_an_instant_and_none_is_in_the_future(newsroom: Newsroom) -> None:
    for number in range(30):
        newsroom.write(f"p{number}.md", f"Text {number}.", updated="2026-11-21")
    newsroom.write("today.md", "Later today, by its time.", date="2026-11-23 18:00")
    newsroom.write("tomorrow.md", "Tomorrow.", date="2026-11-24")
    feeds = newsroom.feeds()
    archive = feeds.at("archive/2026-11/")

    for name in ("published", "updated"):
        instants = [datetime.fromisoformat(entry.findtext(f"{A}{name}") or "") for entry in archive.entries]
        assert len(set(instants)) == len(instants) == 30
        assert all(instant <= NOW for instant in instants)

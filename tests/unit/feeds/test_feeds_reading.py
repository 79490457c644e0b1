"""What others publish is read, and what is hostile does no harm."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefingfeed.feeds.matching import Sighting, pair
from briefingfeed.feeds.reading import ReadEntry, UnreadableFeedError, instant, read_feed

AT = datetime(2020, 5, 4, 10, tzinfo=UTC)

ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom">
  <link rel="self" href="https://old.example/feed.xml"/><link rel="next" href="?page=2"/>
  <entry><id> tag:a </id><title type="html">A &amp;amp; B</title>
    <link rel="replies" href="https://old.example/c"/><link rel="alternate" type="application/pdf" href="/a.pdf"/>
    <link href="https://old.example/a"/><published>2020-05-04T12:00:00+02:00</published></entry>
  <entry><title>Neither id nor address</title></entry>
</feed>"""

RSS = b"""<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Old</title>
  <item><title>A</title><link>https://old.example/a</link><guid isPermaLink="false">7 of 9</guid>
    <pubDate>Mon, 04 May 2020 10:00:00 GMT</pubDate></item>
  <item><title>B</title><link>https://old.example/b</link><dc:date>2020-05-04T10:00:00Z</dc:date></item>
  <item><guid>https://old.example/c</guid><pubDate>-0001</pubDate></item>
</channel></rss>"""

JSON = json.dumps(
    {
        "version": "https://jsonfeed.org/version/1",
        "next_url": "https://old.example/2.json",
        "items": [{"id": 7, "url": "https://old.example/a", "date_published": "2020-05-04T10:00:00Z"}],
    }
).encode()


def test_atom_is_read() -> None:
    feed = read_feed(ATOM, "https://old.example/feed.xml")
    assert feed.older == "https://old.example/feed.xml?page=2"
    assert feed.entries == (
        ReadEntry(id="tag:a", url="https://old.example/a", title="A &amp; B", published=AT, updated=None),
    )


def test_rss_is_read() -> None:
    a, b, c = read_feed(RSS).entries
    assert (a.id, a.url, a.published) == ("7 of 9", "https://old.example/a", AT)
    assert (b.id, b.url, b.published) == ("https://old.example/b", "https://old.example/b", AT)
    assert (c.id, c.url, c.published) == ("https://old.example/c", "https://old.example/c", None)


def test_json_is_read() -> None:
    feed = read_feed(JSON)
    assert feed.older == "https://old.example/2.json"
    assert [(entry.id, entry.published) for entry in feed.entries] == [("7", AT)]


BOMB = (
    b'<!DOCTYPE feed [<!ENTITY a "'
    + b"x" * 1000
    + b'">'
    + b"".join(b'<!ENTITY %c "%s">' % (n + 98, b"&%c;" % (n + 97) * 20) for n in range(8))
    + b']><feed xmlns="http://www.w3.org/2005/Atom"><entry><id>tag:a</id><title>&i;</title></entry></feed>'
)
SECRET = b"""<!DOCTYPE feed [<!ENTITY f SYSTEM "file:///etc/passwd">]>
<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>tag:a</id><title>&f;</title></entry></feed>"""


def test_entities_are_not_resolved() -> None:
    began = time.process_time()
    for document in (BOMB, SECRET):
        try:
            titles = [entry.title for entry in read_feed(document).entries]
        except UnreadableFeedError:
            continue
        assert all(len(title) < 10 for title in titles), titles
    assert time.process_time() - began < 20  # expanding the bomb would take hours


@pytest.mark.parametrize(
    "content", [b"", b"<html></html>", b"<rss/>", b"{}", b"{", b"[1]", b"\xff\xfe", b"<a", b"{" * 99999]
)
def test_what_is_no_feed_is_said_to_be_none(content: bytes) -> None:
    with pytest.raises(UnreadableFeedError):
        read_feed(content, "https://old.example/")


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    for document in (content, b"{" + content, ATOM[:90] + content + ATOM[90:]):
        with suppress(UnreadableFeedError):
            read_feed(document)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "yesterday",
        "2020-05-04",
        "2020-05-04T10:00:00",
        "0001-01-01T00:00:00+14:00",
        "Mon, 99 May 2020 10:00 Z",
    ],
)
def test_what_is_no_date_is_none(text: str | None) -> None:
    assert instant(text) is None


def seen(key: str, address: str = "", title: str = "", day: int = 4) -> Sighting:
    return Sighting(key=key, addresses=(address,), title=title, day=AT.date().replace(day=day))


def test_the_surest_sign_counts_first() -> None:
    olds = [seen("1", "/a/", "Tides"), seen("2", "/b/", "Quays")]
    news = [seen("x", "https://n.example/b.html", "Tides"), seen("y", "/c/", "tides!")]
    assert pair(news, olds) == {"x": "2", "y": "1"}


def test_a_day_between_clocks_is_bridged_and_two_are_not() -> None:
    assert pair([seen("x", title="Tides", day=5)], [seen("1", title="Tides")]) == {"x": "1"}
    assert pair([seen("x", title="Tides", day=6)], [seen("1", title="Tides")]) == {}


def test_front_pages_and_empty_titles_are_no_sign() -> None:
    assert pair([seen("x", "https://n.example/", "  ")], [seen("1", "https://o.example", "!")]) == {}

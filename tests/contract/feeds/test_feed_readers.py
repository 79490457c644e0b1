"""What others read in our feeds: real feed readers, the grammar of RFC 4287, the schema of JSON Feed."""

from __future__ import annotations

import functools
import http.server
import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import feedparser
import jsonschema
import pytest
import reader
import rnc2rng
from lxml import etree

from briefingfeed.feeds import build_feeds
from briefingfeed.models.post import Asset, Author, Closing, Contact, Correction, LeadImage, Post
from briefingfeed.models.settings import FeedContent, FeedSettings, Settings

DATA = Path(__file__).parents[2] / "data" / "feeds"
MEDIA_TYPES = {
    "atom.xml": "application/atom+xml",
    "rss.xml": "application/rss+xml",
    "feed.json": "application/feed+json",
}
XML = ("atom.xml", "rss.xml")
FEEDS = (*XML, "feed.json")


class _Handler(http.server.SimpleHTTPRequestHandler):
    def guess_type(self, path: object) -> str:
        return MEDIA_TYPES.get(Path(str(path)).name, "application/octet-stream") + "; charset=utf-8"

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    served = tmp_path / "served"
    served.mkdir()
    return served


@pytest.fixture
def address(folder: Path) -> Iterator[str]:
    handler = functools.partial(_Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def posts(post: Callable[..., Post]) -> list[Post]:
    """One post of each sort that a format might stumble over."""
    guest = Author(
        name="Nguyễn Thị Ánh", role="Pharmacist", organisation="Corner & Sons", url="https://x.example/é", guest=True
    )
    published = datetime(2026, 11, 20, 0, 4, 21, tzinfo=UTC)
    return [
        post(
            "guest",
            days_ago=3,
            title="AT&T <3 “you”",
            authors=(guest, Author(name="Ann")),
            standfirst="A pharmacist writes & we listen.",
            html='<p>Tea &amp; biscuits &lt;b&gt; ]]&gt; 😀 <a href="https://harbour.example/news/x/?a=1&amp;b=2#n">x</a></p>'
            "<blockquote>\n<p>One.</p>\n<p>— Dawn</p>\n</blockquote>",
            summary="Tea & biscuits.",
            summary_is_excerpt=False,
            topics=("rights & tides", "water"),
            image=LeadImage(url="https://harbour.example/news/a.png?x=1&y=2", alt="A"),
            assets=(
                Asset(source=Path("tides.mp3"), path="tides&1.mp3", url="https://harbour.example/news/tides&1.mp3"),
            ),
            contact=Contact(name="Bo", email="bo@harbour.example"),
            corrections=(Correction(date=published.date(), note="Five, not six."),),
            entry_published=published,
            entry_updated=datetime(2026, 11, 21, 10, 0, 7, tzinfo=UTC),
        ),
        post("call", days_ago=5, closes=Closing(at=datetime(2026, 12, 1, tzinfo=UTC), day=date(2026, 11, 30))),
        post("deutsch", days_ago=8, language="de", title="Hafen\u2009–\u2009Öl & <Wasser>"),
        post("short", days_ago=39, html="<p>All of it.</p>", summary="All of it."),
    ]


def write(posts: list[Post], settings: Settings, now: datetime, folder: Path) -> dict[str, bytes]:
    sizes = {asset.url: 1234 for post in posts for asset in post.assets}
    files = {file.path: file.content for file in build_feeds(posts, settings, now, sizes)}
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return files


def every(variants: list[dict[str, bytes]], name: str) -> list[bytes]:
    """All documents of a format: main, topics, authors, open calls, archives."""
    found = [content for files in variants for path, content in files.items() if path.endswith(name)]
    assert len(found) > 20
    return found


@pytest.fixture
def variants(posts: list[Post], settings: Settings, now: datetime, folder: Path) -> list[dict[str, bytes]]:
    """Full feeds, summaries only, one post, none."""
    brief = replace(settings, feeds=FeedSettings(content=FeedContent.SUMMARY, websub_hub="https://hub.example/?a&b"))
    return [
        write([], settings, now, folder),
        write(posts[:1], settings, now, folder),
        write(posts, brief, now, folder),
        write(posts, settings, now, folder),
    ]


@pytest.mark.parametrize(("path", "version"), [("atom.xml", "atom10"), ("rss.xml", "rss20")])
def test_feedparser_reads_what_was_written(
    posts: list[Post], variants: object, address: str, path: str, version: str
) -> None:
    found = feedparser.parse(f"{address}/{path}", sanitize_html=False)

    assert (found.bozo, found.version, found.feed.title) == (False, version, "Harbour Notes")
    assert found.feed.link == "https://harbour.example/news/"
    assert [entry.id for entry in found.entries] == [post.id for post in posts]
    assert [entry.link for entry in found.entries] == [post.url for post in posts]
    assert found.entries[0].published_parsed[:6] == (2026, 11, 20, 0, 4, 21)
    assert [tag.term for tag in found.entries[0].tags] == ["rights & tides", "water"]
    assert [author.name for author in found.entries[0].authors if author][-1] == "Ann"
    assert "Corner &amp; Sons" in found.entries[0].content[0].value
    assert found.entries[0].summary == ("Tea & biscuits." if path == "atom.xml" else "Tea &amp; biscuits.")
    assert found.entries[0].media_thumbnail == [{"url": "https://harbour.example/news/a.png?x=1&y=2"}]


ENCLOSURE = ("https://harbour.example/news/tides&1.mp3", 1234, "audio/mpeg")


@pytest.mark.parametrize("path", FEEDS)
def test_readers_find_the_file_that_belongs_to_an_entry(variants: object, address: str, path: str) -> None:
    with reader.make_reader(":memory:") as library:
        library.add_feed(f"{address}/{path}")
        library.update_feeds()
        (file,) = library.get_entry((f"{address}/{path}", "tag:harbour.example,2026-11-20:guest")).enclosures
    assert (file.href, file.length, file.type) == ENCLOSURE
    if path != "feed.json":
        (found,) = feedparser.parse(f"{address}/{path}").entries[0].enclosures
        assert (found.href, int(found.length), found.type) == ENCLOSURE


@pytest.mark.parametrize("path", FEEDS)
def test_topic_feeds_and_archives_are_read_like_the_feed(variants: object, address: str, path: str) -> None:
    with reader.make_reader(":memory:") as library:
        titles = {"topics/water/": "Harbour Notes - water", "archive/2026-10/": "Harbour Notes"}
        for folder in titles:
            library.add_feed(f"{address}/{folder}{path}")
        library.update_feeds()
        assert {feed.title for feed in library.get_feeds()} == set(titles.values())
        assert all(feed.last_exception is None for feed in library.get_feeds())
        assert library.get_entry_counts().total == 2


@pytest.mark.parametrize("path", XML)
def test_feedparser_reads_titles_as_plain_text(posts: list[Post], variants: object, address: str, path: str) -> None:
    found = feedparser.parse(f"{address}/{path}", sanitize_html=False)

    assert [entry.title for entry in found.entries] == [post.title for post in posts]


@pytest.mark.parametrize("path", FEEDS)
def test_reader_reads_what_was_written(posts: list[Post], variants: object, address: str, path: str) -> None:
    with reader.make_reader(":memory:") as library:
        library.add_feed(f"{address}/{path}")
        library.update_feeds()
        feed = library.get_feed(f"{address}/{path}")
        entries = sorted(library.get_entries(), key=lambda entry: [post.id for post in posts].index(entry.id))

    assert (feed.title, feed.link, feed.last_exception) == ("Harbour Notes", "https://harbour.example/news/", None)
    assert [entry.link for entry in entries] == [post.url for post in posts]
    assert [entry.published for entry in entries] == [post.entry_published for post in posts]
    assert "Ann" in (entries[0].authors_str or "")
    assert any("Tea &amp; biscuits" in content.value for content in entries[0].content)
    if path != "rss.xml":
        assert entries[0].updated == posts[0].entry_updated


@pytest.mark.parametrize("path", FEEDS)
def test_rebuilding_and_editing_brings_nothing_back_as_new(
    posts: list[Post], settings: Settings, now: datetime, address: str, folder: Path, path: str
) -> None:
    with reader.make_reader(":memory:") as library:
        write(posts, settings, now, folder)
        library.add_feed(f"{address}/{path}")
        first = library.update_feed(f"{address}/{path}")
        write(posts, settings, now.replace(year=2027), folder)
        again = library.update_feed(f"{address}/{path}")
        edited = replace(posts[1], title="Another title")
        moved = replace(settings, publication=replace(settings.publication, url="https://new.example"))
        write([posts[0], edited, *posts[2:]], moved, now, folder)
        library.update_feed(f"{address}/{path}")
        count = library.get_entry_counts().total

    assert first is not None
    assert (first.new, count) == (4, 4)
    assert again is None or (again.new, again.modified) == (0, 0)


def test_atom_holds_to_the_grammar_of_its_rfc(variants: list[dict[str, bytes]]) -> None:
    schema = rnc2rng.dumps(rnc2rng.load(str(DATA / "atom.rnc"))).replace(' xmlns:local=""', "")
    grammar = etree.RelaxNG(etree.fromstring(schema.encode()))

    for document in every(variants, "atom.xml"):
        assert grammar.validate(etree.fromstring(document)), grammar.error_log
    broken = variants[-1]["atom.xml"].replace(b'<content type="html"', b'<content type="CDATA"')
    assert not grammar.validate(etree.fromstring(broken))


def test_atom_holds_to_the_rules_that_the_grammar_leaves_out(variants: list[dict[str, bytes]]) -> None:
    atom = {"a": "http://www.w3.org/2005/Atom"}
    for document in every(variants, "atom.xml"):
        feed = etree.fromstring(document)
        assert feed.xpath("count(a:author)", namespaces=atom) == 1
        assert feed.xpath("count(a:link[@rel='self'])", namespaces=atom) == 1
        for entry in feed.xpath("a:entry", namespaces=atom):
            assert entry.xpath("count(a:link[@rel='alternate'])", namespaces=atom) == 1
            assert entry.xpath("count(a:content | a:summary)", namespaces=atom) >= 1
        ids = feed.xpath("//a:id/text()", namespaces=atom)
        assert all(re.match(r"[a-z]+:\S+$", found) for found in ids)
        assert len(ids) == len(set(ids))
        updated = feed.xpath("a:entry/a:updated/text()", namespaces=atom)
        assert len(updated) == len(set(updated))


def test_rss_items_hold_what_the_profile_asks(variants: list[dict[str, bytes]]) -> None:
    for document in every(variants, "rss.xml"):
        channel = etree.fromstring(document).find("channel")
        assert channel is not None
        assert all(channel.findtext(name) for name in ("title", "link", "description"))
        for item in channel.iterfind("item"):
            assert item.findtext("title")
            assert item.findtext("description")
            assert item.find("author") is None
            assert len(item.findall("{http://purl.org/dc/elements/1.1/}creator")) >= 1


def test_json_feed_holds_to_its_schema(variants: list[dict[str, bytes]]) -> None:
    schema = json.loads((DATA / "json-feed-1.1.schema.json").read_bytes())
    jsonschema.Draft4Validator.check_schema(schema)
    validator = jsonschema.Draft4Validator(schema)

    for document in every(variants, "feed.json"):
        assert [error.message for error in validator.iter_errors(json.loads(document))] == []
    without = json.loads(variants[-1]["feed.json"])
    del without["items"][0]["id"]
    assert not validator.is_valid(without)


def test_no_relative_address_is_in_any_feed(variants: list[dict[str, bytes]]) -> None:
    """Raw bytes: the readers above resolve relative addresses silently."""
    files = variants[-1]
    contents = [
        *(
            element.text or ""
            for element in etree.fromstring(files["atom.xml"]).iter("{http://www.w3.org/2005/Atom}content")
        ),
        *(item.get("content_html", "") for item in json.loads(files["feed.json"])["items"]),
    ]
    found = [address for content in contents for address in re.findall(r'(?:href|src)="([^"]*)"', content)]

    assert len(found) >= 4
    assert all(address.startswith(("https://", "mailto:")) for address in found)

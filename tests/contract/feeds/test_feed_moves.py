"""Statements 1 and 40 of the feeds checklist: after a move from another program no reader shows an old entry as new.

lemon24's reader subscribes to the old program's feed; then ours is served under the same address.
"""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import reader

from briefingfeed.errors import RefusedError
from briefingfeed.publication import Publication

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
COUNT = 25


@dataclass(frozen=True)
class OldPost:
    number: int

    @property
    def at(self) -> datetime:
        return datetime(2019, 1, 1, 23, 30, tzinfo=UTC) + timedelta(days=40 * self.number)

    @property
    def slug(self) -> str:
        return f"harbour-note-{self.number}"

    @property
    def title(self) -> str:
        return f"Harbour & tide, “part” {self.number}"

    @property
    def file(self) -> str:
        return f"posts/{self.at:%Y-%m-%d}-{self.slug}.md"


POSTS = [OldPost(number) for number in range(COUNT)][::-1]
"""Newest first, as feeds have them."""


def atom(id_: Callable[[OldPost], str], url: Callable[[OldPost], str], posts: list[OldPost], older: str = "") -> bytes:
    entries = "".join(
        f"<entry><id>{escape(id_(post))}</id><title type='text'>{escape(post.title)}</title>"
        f"<link href='{escape(url(post))}' rel='alternate' type='text/html'/><content type='html'>Old</content>"
        f"<published>{post.at.isoformat()}</published><updated>{post.at.isoformat()}</updated></entry>"
        for post in posts
    )
    link = f"<link rel='next' type='application/atom+xml' href='{escape(older)}'/>" if older else ""
    return (
        f"<feed xmlns='http://www.w3.org/2005/Atom'><id>urn:x:1</id><title>Old</title>{link}{entries}</feed>".encode()
    )


def rss(guid: Callable[[OldPost], str], url: Callable[[OldPost], str], posts: list[OldPost], generator: str) -> bytes:
    items = "".join(
        f"<item><title>{escape(escape(post.title))}</title><link>{escape(url(post))}</link>"
        f"<guid isPermaLink='false'>{escape(guid(post))}</guid><description>Old</description>"
        f"<pubDate>{post.at:%a, %d %b %Y %H:%M:%S} +0000</pubDate></item>"
        for post in posts
    )
    return (
        f"<?xml version='1.0'?><rss version='2.0'><channel><title>Old</title><link>https://old.example/</link>"
        f"<generator>{generator}</generator>{items}</channel></rss>"
    ).encode()


def blogger(base: str, query: dict[str, list[str]]) -> bytes | None:
    start = int(query.get("start-index", ["1"])[0]) - 1
    older = f"{base}/feed?start-index={start + 11}" if start + 10 < COUNT else ""
    return atom(
        lambda post: f"tag:blogger.com,1999:blog-77.post-{9000 + post.number}",
        lambda post: f"https://old.blogspot.com/{post.at:%Y/%m}/{post.slug}.html",
        POSTS[start : start + 10],
        older,
    )


def wordpress(_base: str, query: dict[str, list[str]]) -> bytes | None:
    page = int(query.get("paged", ["1"])[0]) - 1
    posts = POSTS[page * 10 : page * 10 + 10]
    return posts and rss(  # type: ignore[return-value]
        lambda post: f"https://old.example/?p={100 + post.number}",
        lambda post: f"https://old.example/{post.at:%Y/%m/%d}/{post.slug}/",
        posts,
        "https://wordpress.org/?v=6.4.2",
    )


def hugo(_base: str, _query: dict[str, list[str]]) -> bytes | None:
    def url(post: OldPost) -> str:
        return f"https://old.example/posts/{post.slug}/"

    return rss(url, url, POSTS, "Hugo")


def jekyll(_base: str, _query: dict[str, list[str]]) -> bytes | None:
    def url(post: OldPost) -> str:
        return f"https://old.example/{post.at:%Y/%m/%d}/{post.slug}.html"

    return atom(lambda post: url(post).removesuffix(".html"), url, POSTS)


PROGRAMS = [blogger, wordpress, hugo, jekyll]


@dataclass
class Site:
    """Serves `/feed`: the old program's, until a document of ours stands there."""

    base: str = ""
    old: Callable[[str, dict[str, list[str]]], bytes | None] = hugo
    new: bytes | None = None
    requests: list[str] = field(default_factory=list)

    def answer(self, target: str) -> bytes | None:
        self.requests.append(target)
        return self.new or self.old(self.base, parse_qs(urlsplit(target).query))


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = site.answer(self.path)
            self.send_response(200 if content else 404)
            kind = "rss" if content and b"<rss" in content else "atom"
            self.send_header("Content-Type", f"application/{kind}+xml; charset=utf-8")
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        site.base = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield site
        server.shutdown()
        thread.join()


class House:
    """A publication of ours in a folder; each step opens it anew, as a command does."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.now = NOW
        self.url = "https://new.example"
        self.extra = ""
        (root / "posts").mkdir()
        for post in POSTS:
            self.post(post)

    def post(self, post: OldPost, title: str | None = None, text: str | None = None) -> None:
        words = text or f"The words of part {post.number}."
        (self.root / post.file).write_text(f"---\ntitle: {title or post.title}\n---\n\n{words}\n")

    def open(self) -> Publication:
        file = self.root / "briefingfeed.toml"
        file.write_text(
            f'[publication]\nurl = "{self.url}"\ntimezone = "Europe/London"\n[feeds]\nentries = 30\n{self.extra}'
        )
        self.now += timedelta(minutes=1)
        return Publication(file, {}, lambda: self.now)

    def build(self) -> None:
        publication = self.open()
        try:
            publication.build()
        finally:
            publication.close()

    def adopt(self, *sources: str) -> int:
        publication = self.open()
        try:
            adoption = publication.adopt_ids(sources, dry_run=False)
        finally:
            publication.close()
        assert adoption.unmatched == adoption.unfit == ()
        assert adoption.strangers == ()
        return len(adoption.adopted) + adoption.settled

    def document(self, name: str) -> bytes:
        return (self.root / "public" / name).read_bytes()


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.fixture
def subscriber() -> Iterator[reader.Reader]:
    with reader.make_reader(":memory:") as subscriber:
        yield subscriber


def fetch(subscriber: reader.Reader) -> int:
    """Return how many entries are new to the reader."""
    (feed,) = subscriber.get_feeds()
    result = subscriber.update_feed(feed)
    return result.new if result else 0


@pytest.mark.parametrize("document", ["atom.xml", "rss.xml"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_move_shows_nothing_old_as_new(
    site: Site,
    house: House,
    subscriber: reader.Reader,
    program: Callable[[str, dict[str, list[str]]], bytes | None],
    document: str,
) -> None:
    site.old = program
    subscriber.add_feed(f"{site.base}/feed")
    known = fetch(subscriber)
    assert known in {10, COUNT}
    assert house.adopt(f"{site.base}/feed") == COUNT

    def show() -> int:
        house.build()
        site.new = house.document(document)
        return fetch(subscriber)

    # A reader that knew only the newest page gets the older ones now: new to it, but no entry twice.
    assert show() == COUNT - known
    ids = {entry.id for entry in subscriber.get_entries()}
    assert len(ids) == COUNT

    house.post(POSTS[3], title="Another title")
    assert show() == 0, "title edit"
    (house.root / POSTS[4].file).rename(house.root / "posts" / "2021-01-01-elsewhere.md")
    assert show() == 0, "moved file"
    house.url = "https://third.example"
    assert show() == 0, "changed domain"
    house.post(POSTS[5], text="All other words.")
    assert show() == 0, "text edit"
    assert {entry.id for entry in subscriber.get_entries()} == ids


def test_ids_made_by_us_outlive_a_changed_domain(site: Site, house: House, subscriber: reader.Reader) -> None:
    house.build()
    site.new = house.document("atom.xml")
    subscriber.add_feed(f"{site.base}/feed")
    assert fetch(subscriber) == COUNT
    house.url = "https://other.example"
    house.build()
    site.new = house.document("atom.xml")
    assert fetch(subscriber) == 0


def test_a_rule_keeps_permalink_ids(site: Site, house: House, subscriber: reader.Reader) -> None:
    subscriber.add_feed(f"{site.base}/feed")
    assert fetch(subscriber) == COUNT
    house.extra = '[ids]\nrule = "https://old.example/posts/{slug}/"\nuntil = 2026-01-01\n'
    house.build()
    site.new = house.document("rss.xml")
    assert fetch(subscriber) == 0


def test_adopting_twice_finds_everything_settled(site: Site, house: House) -> None:
    house.adopt(f"{site.base}/feed")
    before = (house.root / "ids.toml").read_bytes()
    assert house.adopt(f"{site.base}/feed") == COUNT
    assert (house.root / "ids.toml").read_bytes() == before


def test_an_export_in_a_file_will_do(house: House, site: Site) -> None:
    site.old = jekyll
    (house.root / "export.xml").write_bytes(jekyll("", {}) or b"")
    assert house.adopt(str(house.root / "export.xml")) == COUNT
    assert not site.requests


def test_without_adopting_the_guard_sees_the_old_feed(site: Site, house: House) -> None:
    publication = house.open()
    try:
        with pytest.raises(RefusedError, match="25 old posts as new"):
            publication.build(against=f"{site.base}/feed")
    finally:
        publication.close()
    assert not (house.root / "public").exists()

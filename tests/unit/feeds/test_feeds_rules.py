"""The validator: what we write breaks no rule, and for every rule there is a document that does."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from briefingfeed.feeds import build_feeds
from briefingfeed.feeds.rules import ALL_RULES, examine, is_document
from briefingfeed.feeds.rules_table import Breach, Site
from briefingfeed.models.output import OutputFile
from briefingfeed.models.post import Asset, Author, Closing, Post
from briefingfeed.models.settings import Settings

from .conftest import NOW

HUB = "https://hub.example/"
SITE = Site(url="https://harbour.example/news", hub=HUB, entries=3, now=NOW)
ATOM, RSS, JSON, OPML = "atom.xml", "rss.xml", "feed.json", "opml.xml"
OLD = "archive/2026-10/"
"""The month in the middle of three."""


@pytest.fixture
def files(settings: Settings, post: Callable[..., Post], tmp_path: Path) -> list[OutputFile]:
    """Five posts in three months, of two topics and an author, with a recording."""
    sound = tmp_path / "talk.mp3"
    sound.write_bytes(b"sound")
    asset = Asset(path="posts/talk/talk.mp3", source=sound, url="https://harbour.example/news/posts/talk/talk.mp3")
    shared = {"summary": "In short.", "summary_is_excerpt": False}
    posts = [
        post("talk", days_ago=3, topics=("tides",), assets=(asset,), authors=(Author(name="Ann"),), **shared),
        post("call", days_ago=4, closes=Closing(at=NOW, day=NOW.date(), time_given=False), **shared),
        post("quay", days_ago=40, topics=("tides", "rights"), **shared),
        post("pier", days_ago=41, **shared),
        post("mole", days_ago=70, topics=("rights",), **shared),
    ]
    settings = replace(settings, feeds=replace(settings.feeds, entries=3, websub_hub=HUB))
    return build_feeds(posts, settings, NOW, {asset.url: 5})


def test_what_we_write_breaks_no_rule(files: list[OutputFile]) -> None:
    assert {file.path for file in files if is_document(file.path)} >= {ATOM, RSS, JSON, OPML, f"{OLD}atom.xml"}
    assert examine(files, SITE) == ()


def test_no_posts_one_post_and_no_archives_break_no_rule(settings: Settings, post: Callable[..., Post]) -> None:
    site = replace(SITE, hub=None, entries=20)
    assert examine(build_feeds([], settings, NOW), site) == ()
    assert examine(build_feeds([post()], settings, NOW), site) == ()
    bare = replace(settings, feeds=replace(settings.feeds, archives=False, topics=False, authors=False))
    assert examine(build_feeds([post()], bare, NOW), site) == ()


@dataclass(frozen=True)
class Red:
    """A change that makes a sound document break a rule: a pattern, replaced once, in one document."""

    says: str
    path: str
    pattern: str
    becomes: str = ""

    def spoil(self, files: Iterable[OutputFile]) -> list[OutputFile]:
        return [self._spoilt(file) if file.path == self.path else file for file in files]

    def _spoilt(self, file: OutputFile) -> OutputFile:
        text, count = re.subn(self.pattern, self.becomes, file.content.decode(), count=1, flags=re.DOTALL)
        assert count == 1, f"{self.pattern} is not in {file.path}"
        return OutputFile(file.path, text.encode())


_ENTRY = "(<entry.*?)"
_ITEM = "(<item>.*?)"
_TALK_LINK = 'href="https://harbour.example/news/posts/talk/"'
_QUAY = "<p>The quay of talk"
_RELATIVE = "an address in the text is relative, readers cannot open it"
_SELF = '(<link [^>]*rel="self"[^>]*/>)'
_PREVIOUS, _NEXT = (rf'<link [^>]*rel="{name}-archive"[^>]*/>' for name in ("prev", "next"))
_EXPLICIT = '<i:explicit xmlns:i="http://www.itunes.com/dtds/podcast-1.0.dtd">yes</i:explicit>'
_MEDIA = '<media:group><media:content url="https://x.example/"/></media:group>'
_TEXTS = r"<content.*?</content>\s*<summary>.*?</summary>|<summary>.*?</summary>\s*<content.*?</content>"
_FIRST, _LAST = (f'<link rel="{name}" href="{SITE.url}/atom.xml"/>' for name in ("first", "last"))
_ENCLOSURE = r'<enclosure url="[^"]*"'

REDS = [
    Red("a strict parser cannot read it", ATOM, "</feed>"),
    Red("a strict parser cannot read it", JSON, r"\]\n}"),
    Red("a strict parser cannot read it", OPML, "</opml>"),
    Red("a strict parser cannot read it", RSS, 'version="2.0"', 'version="0.91"'),
    # An entry
    Red("an entry has no id", ATOM, rf"{_ENTRY}<id>[^<]*</id>", r"\1"),
    Red("an entry has no id", JSON, r'"id": "tag[^"]*", ', ""),
    Red("an id is no absolute IRI", RSS, r'<guid isPermaLink="false">[^<]*', '<guid isPermaLink="false">talk'),
    Red("an entry has no title", RSS, f"{_ITEM}<title>Talk</title>", r"\1"),
    Red("an entry has no date", ATOM, r"<published>[^<]*</published>"),
    Red("a date is not written as its format asks", ATOM, r"(<published>[^<]*?\d\d:\d\d:\d\d)", r"\1.123456"),
    Red("a date is not written as its format asks", RSS, "<pubDate>[^<]*", "<pubDate>Fr, 20 Nov 2026 00:00:04 +0000"),
    Red("an entry was updated first", JSON, r'"date_modified": "2026', '"date_modified": "2025'),
    Red("an entry has not one address on the web", RSS, f"{_ITEM}<link>[^<]*</link>", r"\1"),
    Red("an entry's address has no type", ATOM, rf'{_ENTRY} type="text/html"', r"\1"),
    Red("two alternates of one type", ATOM, rf"{_ENTRY}(<link [^>]*{_TALK_LINK}[^>]*/>)", r"\1\2\2"),
    Red("a link of an entry is not absolute", ATOM, f"{_ENTRY}{_TALK_LINK}", r'\1href="/news/posts/talk/"'),
    Red(
        "an entry has a link of paging",
        ATOM,
        rf"{_ENTRY}<id>",
        r'\1<link rel="prev-archive" href="https://x.example/"/><id>',
    ),
    Red("a file without address, length or type", RSS, _ENCLOSURE, "<enclosure"),
    Red("a file without address, length or type", JSON, '"size_in_bytes": 5', '"size_in_bytes": "many"'),
    Red("more than one file in an item", RSS, "(<enclosure [^>]*/>)", r"\1\1"),
    Red("readers would take the title for HTML", RSS, f"{_ITEM}<title>Talk", r"\1<title>&lt;b>Talk&lt;/b>"),
    Red("the title is not plain text", ATOM, f"{_ENTRY}<title>", r'\1<title type="html">'),
    Red("the content is not of type html", ATOM, '<content type="html"', '<content type="CDATA"'),
    Red("xml:base is not the post's address", ATOM, ' xml:base="[^"]*"'),
    Red(
        "neither content nor summary",
        ATOM,
        _TEXTS,
    ),
    Red("neither content_html nor content_text", JSON, '"content_html"', '"_content"'),
    Red(
        "the summary only repeats the content",
        JSON,
        '"summary": "In short."',
        '"summary": "The quay of talk. It is long."',
    ),
    Red("the summary is not plain text", ATOM, "<summary[^<]*", "<summary>&lt;p>In short.&lt;/p>"),
    Red(
        "the description stands behind the content",
        RSS,
        f"{_ITEM}(<description>[^<]*</description>)(.*?)(</item>)",
        r"\1\3\2\4",
    ),
    Red("a guid calls itself an address and is none", RSS, 'isPermaLink="false"', 'isPermaLink="true"'),
    Red("author and dc:creator together", RSS, "(<dc:creator>)", r"<author>ann@harbour.example (Ann)</author>\1"),
    Red("an author is no email address", RSS, "<dc:creator>[^<]*</dc:creator>", "<author>Ann</author>"),
    Red("an author has no name", ATOM, f"{_ENTRY}<name>Ann</name>", r"\1<name/>"),
    Red("an element that Atom does not know", ATOM, f"{_ENTRY}<id>", r"\1<guid/><id>"),
    Red("an element that RSS does not know", RSS, f"{_ITEM}<guid", r"\1<updated/><guid"),
    Red("an element that RSS does not know", RSS, "<docs>", "<updated/><docs>"),
    Red("a media:group of one", ATOM, f"{_ENTRY}<id>", rf"\1{_MEDIA}<id>"),
    Red("itunes:explicit is neither true nor false", RSS, f"{_ITEM}<guid", rf"\1{_EXPLICIT}<guid"),
    Red("itunes:explicit is neither true nor false", RSS, "<docs>", f"{_EXPLICIT}<docs>"),
    # The text
    Red(_RELATIVE, JSON, _QUAY, "<p><img src='/x.png'>"),
    Red(_RELATIVE, ATOM, "&lt;p&gt;The quay of talk", '&lt;p&gt;&lt;a href="#note"&gt;x&lt;/a&gt;'),
    Red(_RELATIVE, JSON, _QUAY, "<p><img srcset='https://x.example/a 1x, b.png 2x'>"),
    Red("the text holds what feed readers take for an attack", JSON, _QUAY, "<script>x</script><p>"),
    Red("the text holds a script in an attribute", JSON, _QUAY, "<p onclick='x()'>"),
    Red("a style could cover the reader's screen", JSON, _QUAY, "<p style='top:0; position:fixed'>"),
    Red("the tags of the text don't match", JSON, _QUAY, "<p><em>"),
    Red("the tags of the text don't match", JSON, _QUAY, "</div><p>"),
    # A document
    Red("something required is missing", ATOM, "<title>Harbour Notes</title>"),
    Red("something required is missing", RSS, "<description>[^<]*</description>"),
    Red("something required is missing", JSON, '"title": "Harbour Notes",'),
    Red("the feed's id is no absolute IRI", ATOM, "<id>[^<]*", "<id>feed"),
    Red("the version is not that of JSON Feed 1.1", JSON, "version/1.1", "version/1"),
    Red("no author", ATOM, r"<author>.*?</author>"),
    Red("not one link to its own address", ATOM, '<link [^>]*rel="self"[^>]*/>'),
    Red("not one link to its own address", RSS, "news/rss.xml", "news/feed.xml"),
    Red("not one link to its own address", JSON, "news/feed.json", "feed.json"),
    Red(
        "not one link to the site",
        RSS,
        "<link>https://harbour.example/news/</link>",
        "<link>https://harbour.example/news/rss.xml</link>",
    ),
    Red("the hub is not that of the settings", ATOM, '<link [^>]*rel="hub"[^>]*/>'),
    Red("the hub is not that of the settings", JSON, "https://hub.example/", "https://other.example/"),
    Red("the feed's date is not that of its newest entry", ATOM, "<updated>2026-11-20", "<updated>2026-11-22"),
    Red("two entries have one id", RSS, f"{_ITEM}(</item>)", r"\1\2\n\1\2"),
    Red("two entries were updated at one instant", ATOM, "(<entry.*?</entry>)", r"\1\n\1"),
    Red("a date has not come yet", ATOM, f"{_ENTRY}<updated>2026", r"\1<updated>2031"),
    Red("the entries are not in their order", ATOM, r"(<entry>.*?</entry>)\s*(<entry>.*?</entry>)", r"\2\1"),
    Red("more entries than the settings allow", JSON, r'(\{"id".*?\}),\n', r"\1,\n\1,\n"),
    Red("no language", JSON, '"language": "en-GB",'),
    Red("readers would take a title for HTML", RSS, "<title>Harbour Notes", "<title>&lt;em>Harbour&lt;/em> Notes"),
    Red("an archive document without neighbours", f"{OLD}atom.xml", f"{_PREVIOUS}.*?{_NEXT}"),
    Red("an archive document without its feed", f"{OLD}rss.xml", '<atom:link [^>]*rel="current"[^>]*/>'),
    Red(
        "a complete feed has other pages",
        "open-calls/atom.xml",
        _SELF,
        r'\1<link rel="prev-archive" href="https://x.example/"/>',
    ),
    Red(
        "a link leads past the end",
        ATOM,
        "(</title>)",
        rf'\1{_FIRST}<link rel="previous" href="https://x.example/"/>',
    ),
    Red(
        "a link leads past the end",
        ATOM,
        "(</title>)",
        rf'\1{_LAST}<link rel="next" href="https://x.example/"/>',
    ),
    Red("next_url is the feed itself", JSON, r'"next_url": "[^"]*"', f'"next_url": "{SITE.url}/feed.json"'),
    Red("a contact is no email address", RSS, "<docs>", "<managingEditor>Ann</managingEditor><docs>"),
    Red("a contact has no name", RSS, "<docs>", "<webMaster>ann@harbour.example</webMaster><docs>"),
    Red(
        "the image leads elsewhere than the channel",
        RSS,
        "<docs>",
        "<image><link>https://x.example/</link></image><docs>",
    ),
    Red("said twice", RSS, "<docs>", "<dc:language>en</dc:language><docs>"),
    # The list
    Red("the list of feeds is not sound", OPML, 'version="2.0"', 'version="1.0"'),
    Red("the list of feeds is not sound", OPML, "<title>[^<]*</title>"),
    Red("an entry of the list is not whole", OPML, 'htmlUrl="[^"]*"'),
    Red("an entry of the list is not whole", OPML, 'text="Topics"'),
    Red("a feed is listed twice", OPML, "(<outline type[^>]*/>)", r"\1\1"),
    Red("opml.xml does not list a feed", OPML, "topics/tides/atom.xml", "topics/tide/atom.xml"),
    # Documents together
    Red("the formats of a feed don't say the same", JSON, '"title": "Talk"', '"title": "Walk"'),
    Red("the formats of a feed don't say the same", RSS, "(<item>.*?</item>)"),
    Red("an entry is not the same in all feeds", "topics/tides/rss.xml", "The quay of talk", "The mole of talk"),
    Red("the ids of feeds are mixed up", f"{OLD}atom.xml", "<id>[^<]*", "<id>urn:uuid:another"),
    Red("the archives don't hold each entry once", ATOM, "archive/2026-11/atom.xml", "archive/2026-10/atom.xml"),
    Red("the archives don't hold each entry once", f"{OLD}feed.json", r'"next_url": "[^"]*",'),
]


@pytest.mark.parametrize("red", REDS, ids=lambda red: f"{red.path}: {red.says}")
def test_a_broken_rule_is_found(files: list[OutputFile], red: Red) -> None:
    breaches = examine(red.spoil(files), SITE)

    found = [breach for breach in breaches if breach.rule.says == red.says]
    assert found, [str(breach) for breach in breaches]
    assert found[0].rule in ALL_RULES


def test_every_rule_has_a_red_example() -> None:
    assert {rule.says for rule in ALL_RULES} == {red.says for red in REDS}


def test_what_is_wrong_with_an_entry_is_told_once_and_with_its_id(files: list[OutputFile]) -> None:
    spoilt = [
        OutputFile(file.path, file.content.replace(_QUAY.encode(), b"<p onclick='x()'>")
                   .replace(b"&lt;p&gt;The quay of talk", b"&lt;p onclick='x()'&gt;"))
        for file in files
    ]  # fmt: skip
    (breach,) = examine(spoilt, SITE)
    assert breach.entry_id == "tag:harbour.example,2026-11-20:talk"
    assert str(breach) == "the text holds a script in an attribute: <p onclick> (SecurityRiskAttr)"


def test_some_of_the_documents_are_judged_without_the_others(files: list[OutputFile]) -> None:
    paths = [file.path for file in files if is_document(file.path)]
    some = [file for file in files if file.path in (ATOM, RSS, JSON, OPML)]
    assert examine(some, SITE, paths=paths) == ()
    assert examine(some, SITE) != (), "alone, their archives would be missing"


def test_plain_titles_of_every_kind_are_no_html(settings: Settings, post: Callable[..., Post]) -> None:
    for title in ("AT&T <3", "1 < 2 > 0", "Use <b> or not", "</3", "<script>", "a </ b"):
        found = examine(build_feeds([post(title=title)], settings, NOW), replace(SITE, hub=None))
        assert found == (), title


def test_a_breach_of_json_is_found_in_any_shape(files: list[OutputFile]) -> None:
    for value in ([], "x", {}, {"items": {}}, {"items": [1]}, {"items": [{"authors": 3}]}):
        spoilt = [OutputFile(file.path, json.dumps(value).encode()) if file.path == JSON else file for file in files]
        breaches: tuple[Breach, ...] = examine(spoilt, SITE)
        assert any(breach.path == JSON for breach in breaches), value

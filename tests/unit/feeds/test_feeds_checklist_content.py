"""Statements 10-18 of the feeds checklist: what readers read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from itertools import chain

import pytest
from markupsafe import escape

from briefingfeed.models.post import Author, Contact, LeadImage, Post
from briefingfeed.models.settings import FeedContent, FeedSettings, Settings

from .conftest import CONTENT, HOME, XML, A, Feeds, Newsroom

ADDRESSES = {"href", "src", "srcset", "poster", "data", "cite", "action", "background", "longdesc", "usemap"}
FORBIDDEN = {"script", "style", "iframe", "object", "embed", "form", "input", "button", "base", "link", "meta"}

EVERYTHING = """\
[page](other.md) [top](/about/) [note](#tides) [mail](mailto:a@harbour.example) [out](https://x.example/?a=1&b=2)
![map](map.png) <img src="map.png" srcset="map.png 1x, /big/map.png 2x" alt="m"> <q cite="/source">quoted</q>
<del cite="why.html">gone</del>

<blockquote cite="../said"><p>Said.</p></blockquote>
<video poster="map.png" src="clip.mp4" controls><source src="clip.webm"><track src="clip.vtt"></video>
<audio src="/sound.mp3"></audio> <picture><source srcset="a.webp 480w, b.webp 960w"><img src="c.png" alt=""></picture>
<table background="t.png"><tr><td>x</td></tr></table>

## Tides

A footnote[^1].

[^1]: With its text.
"""


class Attributes(HTMLParser):
    """Every attribute of a piece of HTML, with its tag."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str]] = []
        self.tags: set[str] = set()
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.found += [(tag, name, value or "") for name, value in attrs]


def contents(feeds: Feeds) -> list[list[str]]:
    """The content of each entry, as strict parsers of Atom, RSS and JSON get it."""
    return [
        [entry.findtext(f"{A}content") or "", item.findtext(CONTENT) or item.findtext("description") or "", told]
        for entry, item, told in zip(
            feeds.entries, feeds.items, (told["content_html"] for told in feeds.json["items"]), strict=True
        )
    ]


def test_10_no_address_in_any_content_is_relative(newsroom: Newsroom) -> None:
    newsroom.write("other.md", "There.")
    newsroom.write(
        "call.md", EVERYTHING, call_to_action="{label: Answer, url: /survey/}", authors="[{name: A, role: B}]"
    )
    newsroom.settings.paths.posts.joinpath("map.png").write_bytes(b"x")
    found = contents(newsroom.feeds())

    addresses = [
        (tag, name, part.split()[0])
        for html in chain.from_iterable(found)
        for tag, name, value in Attributes(html).found
        if name in ADDRESSES
        for part in (value.split(",") if name == "srcset" else [value])
    ]
    assert {name for _, name, _ in addresses} >= {"href", "src"}
    assert len(addresses) >= 3 * 10
    assert [each for each in addresses if not re.match(r"(https|mailto):", each[2])] == []


def test_11_links_within_a_post_lead_to_its_page(newsroom: Newsroom) -> None:
    newsroom.write("2026-11-20-call.md", EVERYTHING)
    feeds = newsroom.feeds()
    address = feeds.json["items"][0]["url"]

    for html in contents(feeds)[0]:
        attributes = Attributes(html).found
        inside = [value for _, name, value in attributes if name == "href" and "#" in value]
        ids = {value for _, name, value in attributes if name == "id"}
        assert len(inside) == 2
        assert all(value.startswith(f"{address}#") for value in inside)
        assert {value.partition("#")[2] for value in inside} <= ids


def test_12_base_of_a_content_is_its_page(post: Callable[..., Post], settings: Settings) -> None:
    content = Feeds([post()], settings).entries[0].find(f"{A}content")

    assert content is not None
    assert content.get(f"{XML}base") == f"{HOME}posts/mooring/"


@pytest.mark.parametrize(
    "html",
    [
        "<p>a &lt; b &amp;&amp; c &amp;amp; &#x27;d&#x27;</p>",
        "<p>]]&gt; ]]> <![CDATA[x]]></p>",
        "<p>unclosed <b>bold",
        "<p>&content; &nbsp; &copy; &undefined;</p>",
        "<pre><code>&lt;?xml version='1.0'?&gt;\n\t&lt;!-- x --&gt;\n\n  two spaces</code></pre>",
        '<p>مرحبا <span dir="rtl">שלום</span> 👩‍👩‍👧 🇬🇧 \u2028 \u200f é é</p>',
    ],
    ids=["escaped", "cdata", "unclosed", "entities", "code", "right to left, emoji"],
)
def test_13_content_is_escaped_exactly_once(post: Callable[..., Post], settings: Settings, html: str) -> None:
    feeds = Feeds([post(html=html)], settings)

    assert contents(feeds) == [[html.strip() + "\n"] * 3]
    content = feeds.entries[0].find(f"{A}content")
    assert content is not None
    assert content.get("type") == "html"


@pytest.mark.parametrize("title", ["AT&T <3", "a &amp; b", "<b>x</b>", '“quotes” \'n’ "more"', "]]>", "👩‍👩‍👧 עברית"])
def test_14_title_is_plain_text(post: Callable[..., Post], settings: Settings, title: str) -> None:
    feeds = Feeds([post(title=title)], settings)

    assert feeds.entries[0].findtext(f"{A}title") == title
    assert (feeds.entries[0].find(f"{A}title")).attrib == {}  # type: ignore[union-attr]
    assert feeds.items[0].findtext("title") == title
    assert feeds.json["items"][0]["title"] == title


def test_14_marks_in_rss_are_written_so_that_no_reader_takes_them_for_html(
    post: Callable[..., Post], settings: Settings
) -> None:
    """The RSS Advisory Board's profile asks for hexadecimal references; W3C's validator warns otherwise."""
    feeds = Feeds([post(title="AT&T <b>3</b>", topics=("R&D",))], settings)

    assert b"<title>AT&#x26;T &#x3C;b&gt;3&#x3C;/b&gt;</title>" in feeds.bytes["rss.xml"]
    assert b"<category>R&#x26;D</category>" in feeds.bytes["rss.xml"]
    assert b"&lt;p&gt;The quay" in feeds.bytes["rss.xml"]


def test_15_nothing_that_runs_or_covers_the_page_gets_in(newsroom: Newsroom) -> None:
    newsroom.write(
        "bad.md",
        '<script>alert(1)</script><style>p{}</style><iframe src="https://x.example/"></iframe>\n\n'
        '<form action="/x"><input name="a"><button>b</button></form>\n\n'
        '<p onclick="x()" style="position:fixed;top:0">Text</p> <a href="javascript:x()">j</a> '
        '<img src="data:text/html,x" onerror="x()" alt="i"> <svg onload="x()"><script>x</script></svg>\n\n'
        '<object data="x.swf"></object><embed src="x"><meta http-equiv="refresh"><base href="https://evil.example/">\n',
    )

    for html in contents(newsroom.feeds())[0]:
        attributes = Attributes(html)
        assert not attributes.tags & FORBIDDEN
        assert not [name for _, name, _ in attributes.found if name.startswith("on")]
        assert not re.search(r"javascript:|data:text|position", html)
        assert "Text" in html


def test_16_control_characters_are_taken_out_with_a_warning_that_names_the_post(newsroom: Newsroom) -> None:
    newsroom.write("odd.md", "One\x0btwo\x1b three \ufffe.", title='"A\\x07 title"')
    feeds = newsroom.feeds()

    assert feeds.json["items"][0]["content_html"] == "<p>Onetwo three .</p>\n"
    assert {problem.path for problem in newsroom.problems} == {"posts/odd.md"}
    assert not any(problem.is_error for problem in newsroom.problems)


def test_16_whatever_a_field_holds_the_feed_stays_whole(post: Callable[..., Post], settings: Settings) -> None:
    evil = "a\x00b\x0bc\x1fd\ufffee\uffff\ud800f\r\ng\x7fh\x85"
    nasty = post(
        title=evil,
        html=f"<p>{evil}</p>",
        summary=f"{evil}!",
        standfirst=evil,
        topics=(evil,),
        authors=(Author(name=evil, role=evil, url=f"https://x.example/{evil}"),),
        contact=Contact(name=evil, email="a@x.example"),
        image=LeadImage(url=f"https://x.example/{evil}.png"),
    )
    publication = replace(settings.publication, title=evil, tagline=evil)
    feeds = Feeds([nasty], replace(settings, publication=publication))

    assert feeds.atom.findtext(f"{A}title") == feeds.entries[0].findtext(f"{A}title") == "abcdef gh\x85"
    assert all("<p>abcdef\ngh\x85</p>" in html for html in contents(feeds)[0])
    assert feeds.json["items"][0]["tags"] == ["abcdef gh\x85"]


def test_17_summary_is_plain_text_and_comes_first_in_rss(post: Callable[..., Post], settings: Settings) -> None:
    feeds = Feeds([post(summary="Tides & <rights>.", summary_is_excerpt=False)], settings)

    assert feeds.entries[0].findtext(f"{A}summary") == "Tides & <rights>."
    assert feeds.entries[0].find(f"{A}summary").attrib == {}  # type: ignore[union-attr]
    assert feeds.items[0].findtext("description") == str(escape("Tides & <rights>."))
    assert feeds.json["items"][0]["summary"] == "Tides & <rights>."
    tags = [child.tag for child in feeds.items[0]]
    assert tags.index("description") < tags.index(CONTENT)


@pytest.mark.parametrize(
    ("html", "summary"),
    [
        ("<p>Tides &amp; <em>rights</em>.</p>", "Tides & rights."),
        ("<p>" + "Tides &amp; rights. " * 90 + "</p>", ("Tides & rights. " * 90).strip()),
        ('<p><a href="https://x.example/' + "y" * 900 + '">Tides.</a></p>', "Tides."),
    ],
    ids=["short", "long", "mostly an address"],
)
def test_17_summary_that_is_the_whole_content_is_left_out(
    post: Callable[..., Post], settings: Settings, html: str, summary: str
) -> None:
    feeds = Feeds(
        [post("same", html=html, summary=summary), post("more", html=html + "<p>!</p>", summary=summary)], settings
    )
    by_title = {item.findtext("title"): item for item in feeds.items}

    assert [entry.findtext(f"{A}summary") for entry in feeds.entries] == [None, summary]
    assert by_title["Same"].findtext("description") == html + "\n"
    assert by_title["Same"].find(CONTENT) is None
    assert by_title["More"].find(CONTENT) is not None
    assert ["summary" in item for item in feeds.json["items"]] == [False, True]


@pytest.mark.parametrize("content", list(FeedContent))
def test_18_formats_carry_the_same_where_they_can(
    post: Callable[..., Post], settings: Settings, content: FeedContent
) -> None:
    """RSS has no time of update and no address of an author; its summaries are HTML."""
    authors = (Author(name="Ines Sørby", url="https://hals.example/"), Author(name="Ann & Co"))
    posts = [
        post("a", days_ago=1, authors=authors, topics=("water", "rights & tides"), language="de"),
        post("b", days_ago=3, summary="Another & shorter."),
        post("c", days_ago=2, authors=authors[1:]),
    ]
    feeds = Feeds(posts, replace(settings, feeds=FeedSettings(content=content)))

    dc = "{http://purl.org/dc/elements/1.1/}"
    atom = [
        (
            entry.findtext(f"{A}id"), entry.findtext(f"{A}title"), entry.findtext(f"{A}published"),
            [name.text for name in entry.iterfind(f"{A}author/{A}name")] or ["Harbour Notes"],
            [topic.get("term") for topic in entry.iterfind(f"{A}category")],
            entry.findtext(f"{A}content"), entry.findtext(f"{A}summary"), entry.get(f"{XML}lang"),
        )
        for entry in feeds.entries
    ]  # fmt: skip
    told = [
        (
            item["id"], item["title"], item["date_published"],
            [author["name"] for author in item.get("authors", feeds.json["authors"])], item.get("tags", []),
            item.get("content_html"), item.get("summary") or item.get("content_text"), item.get("language"),
        )
        for item in feeds.json["items"]
    ]  # fmt: skip
    rss = [
        (
            item.findtext("guid"), item.findtext("title"), [name.text for name in item.iterfind(f"{dc}creator")],
            [topic.text for topic in item.iterfind("category")], item.findtext(CONTENT), item.findtext(f"{dc}language"),
        )
        for item in feeds.items
    ]  # fmt: skip
    assert atom == told
    assert rss == [(each[0], each[1], each[3], each[4], each[5], each[7]) for each in atom]
    assert [item.findtext("description") for item in feeds.items] == [str(escape(each[6])) for each in atom]

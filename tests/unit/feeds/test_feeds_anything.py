"""Any text in any field: the feeds parse strictly and give back what went in."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

from hypothesis import HealthCheck, given
from hypothesis import settings as trying
from hypothesis import strategies as st

from briefingfeed.feeds.characters import legal, one_line
from briefingfeed.feeds.content import compose_content
from briefingfeed.models.blocks import Body
from briefingfeed.models.post import Author, CallToAction, Contact, Correction, LeadImage, Post
from briefingfeed.models.settings import Settings

from .conftest import CONTENT, XML, A, Feeds, build_post

MARKS = [
    "]]>",
    "<![CDATA[",
    "&amp;",
    "&content;",
    "<?xml?>",
    "<!--",
    "</entry>",
    "\r\n",
    "\x00",
    "\ud800",
    "\u2028",
    "\u202e",
    "😀",
]
ANY = st.lists(st.text(max_size=12) | st.sampled_from(MARKS), max_size=5).map("".join)
SOME = ANY.map(lambda text: f"x{text}")


@st.composite
def posts(draw: st.DrawFn) -> Post:
    people = st.builds(Author, name=SOME, role=st.none() | ANY, url=st.none() | SOME.map("https://x.example/{}".format))
    return replace(
        build_post("any"),
        title=draw(SOME),
        url=f"https://x.example/{draw(ANY)}",
        summary=draw(SOME),
        body=Body(draw(ANY), ()),
        authors=tuple(draw(st.lists(people, max_size=2))),
        topics=tuple(draw(st.lists(SOME, max_size=3))),
        standfirst=draw(st.none() | SOME),
        contact=draw(st.none() | st.builds(Contact, name=SOME, email=SOME)),
        call_to_action=draw(st.none() | st.builds(CallToAction, label=SOME, url=st.none() | SOME)),
        corrections=tuple(draw(st.lists(st.builds(Correction, date=st.just(date(2026, 1, 2)), note=SOME), max_size=1))),
        image=draw(st.none() | st.builds(LeadImage, url=SOME.map("https://x.example/{}".format))),
        language=draw(st.sampled_from(["en-GB", "ar", "zh-Hant"])),
    )


@trying(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(post=posts(), title=SOME, tagline=ANY)
def test_any_text_in_any_field_reads_back(settings: Settings, post: Post, title: str, tagline: str) -> None:
    publication = replace(settings.publication, title=title, tagline=tagline)
    feeds = Feeds([post], replace(settings, publication=publication))

    content = legal(compose_content(post, publication.timezone))
    for folder in feeds.folders:
        (entry,), (item,), (told,) = feeds.at(folder).entries, feeds.items, feeds.json["items"]
        assert feeds.json["title"].startswith(one_line(title))
        assert entry.findtext(f"{A}title") == item.findtext("title") == told["title"] == one_line(post.title)
        assert entry.findtext(f"{A}content") == told["content_html"] == content
        assert (item.findtext(CONTENT) or item.findtext("description")) == content
        assert [each.get("term") for each in entry.findall(f"{A}category")] == told.get("tags", [])
        assert [name.text for name in entry.iterfind(f"{A}author/{A}name")] == [
            one_line(each.name) for each in post.authors
        ]
        assert entry.get(f"{XML}lang", "en-GB") == told.get("language", "en-GB") == post.language
        assert re.fullmatch(r"[!-~]+", told["url"])
        assert told["url"] == item.findtext("link")


def test_ten_megabytes_in_one_post_are_carried(settings: Settings) -> None:
    html = "<p>" + "Tides &amp; rights; ]]&gt; 😀 " * 380_000 + "</p>"
    feeds = Feeds([build_post(html=html)], replace(settings, feeds=replace(settings.feeds, archives=False)))

    assert len(html.encode()) > 10_000_000
    assert feeds.json["items"][0]["content_html"] == html + "\n"

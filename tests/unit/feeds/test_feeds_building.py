from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from lxml import etree

from briefingfeed.errors import BriefingfeedError
from briefingfeed.feeds import build_feeds, feed_links
from briefingfeed.models.blocks import Body
from briefingfeed.models.post import Author, LeadImage, Post
from briefingfeed.models.settings import FeedContent, FeedSettings, Settings

A = "{http://www.w3.org/2005/Atom}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
CREATOR = "{http://purl.org/dc/elements/1.1/}creator"
THUMBNAIL = "{http://search.yahoo.com/mrss/}thumbnail"


class Feeds:
    """The three documents, parsed strictly."""

    def __init__(self, posts: Sequence[Post], settings: Settings, now: datetime) -> None:
        self.bytes = {file.path: file.content for file in build_feeds(posts, settings, now)}
        self.atom = etree.fromstring(self.bytes["atom.xml"])
        self.rss = etree.fromstring(self.bytes["rss.xml"])
        self.json = json.loads(self.bytes["feed.json"])

    @property
    def entries(self) -> list[etree._Element]:
        return self.atom.findall(f"{A}entry")

    @property
    def items(self) -> list[etree._Element]:
        return self.rss.findall("channel/item")


def test_all_three_carry_the_same_posts_in_the_same_order(
    post: Callable[..., Post], settings: Settings, now: datetime
) -> None:
    posts = [post("old", days_ago=9), post("new", days_ago=1), post("middle", days_ago=4)]
    feeds = Feeds(posts, settings, now)

    ids = [entry.findtext(f"{A}id") for entry in feeds.entries]
    assert ids == [item.id for item in (posts[1], posts[2], posts[0])]
    assert [item.findtext("guid") for item in feeds.items] == ids
    assert [item["id"] for item in feeds.json["items"]] == ids


def test_all_three_carry_the_same_content(post: Callable[..., Post], settings: Settings, now: datetime) -> None:
    tricky = '<p>a &lt; b &amp;&amp; ]]&gt; c "quoted" naïve 😀</p>\n<pre><code>&lt;p&gt; </code></pre>'
    feeds = Feeds([post(html=tricky)], settings, now)

    contents = {
        feeds.entries[0].findtext(f"{A}content"),
        feeds.items[0].findtext(CONTENT),
        feeds.json["items"][0]["content_html"],
    }
    assert contents == {tricky + "\n"}
    assert feeds.entries[0].find(f"{A}content").get("type") == "html"  # type: ignore[union-attr]


def test_all_three_carry_the_same_dates(post: Callable[..., Post], settings: Settings, now: datetime) -> None:
    published = datetime.fromisoformat("2026-11-20T00:12:34+00:00")
    updated = published + timedelta(days=1)
    feeds = Feeds([post(entry_published=published, entry_updated=updated)], settings, now)

    entry, item, json_item = feeds.entries[0], feeds.items[0], feeds.json["items"][0]
    assert entry.findtext(f"{A}published") == json_item["date_published"] == "2026-11-20T00:12:34+00:00"
    assert entry.findtext(f"{A}updated") == json_item["date_modified"] == "2026-11-21T00:12:34+00:00"
    assert item.findtext("pubDate") == "Fri, 20 Nov 2026 00:12:34 +0000"


def test_authors_are_the_posts_own_and_the_feeds_is_the_publication(
    post: Callable[..., Post], settings: Settings, now: datetime
) -> None:
    authors = (
        Author(name="Ines Sørby", url="https://hals.example/ines", email="ines@hals.example", guest=True),
        Author(name="Ann & Co"),
    )
    feeds = Feeds([post("guest", authors=authors), post("ours", days_ago=9)], settings, now)

    guest, ours = feeds.entries
    assert [name.text for name in guest.iterfind(f"{A}author/{A}name")] == ["Ines Sørby", "Ann & Co"]
    assert guest.findtext(f"{A}author/{A}uri") == "https://hals.example/ines"
    assert ours.find(f"{A}author") is None
    assert feeds.atom.findtext(f"{A}author/{A}name") == "Harbour Notes"
    assert [[name.text for name in item.iterfind(CREATOR)] for item in feeds.items] == [
        ["Ines Sørby", "Ann & Co"],
        ["Harbour Notes"],
    ]
    assert all(item.find("author") is None for item in feeds.items)
    assert feeds.json["authors"][0]["name"] == "Harbour Notes"
    assert [author["name"] for author in feeds.json["items"][0]["authors"]] == ["Ines Sørby", "Ann & Co"]
    assert "authors" not in feeds.json["items"][1]
    assert all(b"@" not in document for document in feeds.bytes.values())


def test_topics_are_categories_once_each(post: Callable[..., Post], settings: Settings, now: datetime) -> None:
    feeds = Feeds([post(topics=("rights & tides", "water", "water"))], settings, now)

    assert [each.get("term") for each in feeds.entries[0].iterfind(f"{A}category")] == ["rights & tides", "water"]
    assert [each.text for each in feeds.items[0].iterfind("category")] == ["rights & tides", "water"]
    assert feeds.json["items"][0]["tags"] == ["rights & tides", "water"]


def test_each_feed_says_where_it_is_and_where_the_site_is(
    post: Callable[..., Post], settings: Settings, now: datetime
) -> None:
    feeds = Feeds([post()], settings, now)

    links = {(link.get("rel"), link.get("href"), link.get("type")) for link in feeds.atom.iterfind(f"{A}link")}
    assert links == {
        ("self", "https://harbour.example/news/atom.xml", "application/atom+xml"),
        ("prev-archive", "https://harbour.example/news/archive/2026-11/atom.xml", "application/atom+xml"),
        ("alternate", "https://harbour.example/news/", "text/html"),
    }
    assert feeds.rss.findtext("channel/link") == "https://harbour.example/news/"
    own = feeds.rss.find(f"channel/{A}link")
    assert own is not None
    assert (own.get("rel"), own.get("href")) == ("self", "https://harbour.example/news/rss.xml")
    assert feeds.json["feed_url"] == "https://harbour.example/news/feed.json"
    assert [link.url for link in feed_links(settings.publication)] == [
        "https://harbour.example/news/atom.xml",
        "https://harbour.example/news/rss.xml",
        "https://harbour.example/news/feed.json",
    ]


def test_entry_has_one_alternate_link_with_its_type(
    post: Callable[..., Post], settings: Settings, now: datetime
) -> None:
    """feedgen keeps only the address of an entry's link."""
    links = Feeds([post()], settings, now).entries[0].findall(f"{A}link")

    assert [dict(link.attrib) for link in links] == [
        {"href": "https://harbour.example/news/posts/mooring/", "rel": "alternate", "type": "text/html"}
    ]


def test_ids_are_no_links(post: Callable[..., Post], settings: Settings, now: datetime) -> None:
    guid = Feeds([post()], settings, now).items[0].find("guid")

    assert guid is not None
    assert guid.get("isPermaLink") == "false"


def test_feed_was_updated_when_its_newest_entry_was(
    post: Callable[..., Post], settings: Settings, now: datetime
) -> None:
    corrected = datetime.fromisoformat("2026-11-22T10:00:00+00:00")
    feeds = Feeds([post("new", days_ago=2), post("old", days_ago=9, entry_updated=corrected)], settings, now)

    assert feeds.atom.findtext(f"{A}updated") == "2026-11-22T10:00:00+00:00"
    assert feeds.rss.findtext("channel/lastBuildDate") == "Sun, 22 Nov 2026 10:00:00 +0000"


@pytest.mark.parametrize("posts", [0, 3])
def test_equal_posts_give_equal_bytes_at_another_time(
    post: Callable[..., Post], settings: Settings, now: datetime, posts: int
) -> None:
    given = [post(f"p{number}", days_ago=number + 1) for number in range(posts)]

    assert Feeds(given, settings, now).bytes == Feeds(given, settings, now + timedelta(days=400)).bytes


def test_editing_one_post_changes_only_its_entry_and_the_feeds_time(
    post: Callable[..., Post], settings: Settings, now: datetime
) -> None:
    first, second = post("first", days_ago=2), post("second", days_ago=5)
    before = Feeds([first, second], settings, now)
    after = Feeds([replace(first, title="Other"), second], settings, now)

    assert etree.tostring(before.entries[1]) == etree.tostring(after.entries[1])
    assert etree.tostring(before.entries[0]) != etree.tostring(after.entries[0])


def test_number_of_entries_is_limited(post: Callable[..., Post], settings: Settings, now: datetime) -> None:
    posts = [post(f"p{number}", days_ago=number + 1) for number in range(6)]
    feeds = Feeds(posts, replace(settings, feeds=FeedSettings(entries=2)), now)

    assert [len(feeds.entries), len(feeds.items), len(feeds.json["items"])] == [2, 2, 2]
    assert feeds.entries[0].findtext(f"{A}title") == "P0"


def test_drafts_posts_kept_from_feeds_and_posts_to_come_are_left_out(
    post: Callable[..., Post], settings: Settings, now: datetime
) -> None:
    posts = [
        post("draft", draft=True),
        post("kept", feed=False),
        post("tomorrow", days_ago=-1),
        post("in-a-minute", entry_published=now + timedelta(minutes=1), entry_updated=now + timedelta(minutes=1)),
        post("shown", days_ago=5),
    ]

    assert [item["title"] for item in Feeds(posts, settings, now).json["items"]] == ["Shown"]


def test_feed_without_posts_is_whole(settings: Settings, now: datetime) -> None:
    feeds = Feeds([], settings, now)

    assert feeds.entries == []
    assert feeds.atom.findtext(f"{A}updated") == "2000-01-01T00:00:00+00:00"
    assert feeds.json["items"] == []


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


def test_summary_that_is_the_whole_text_is_not_repeated(
    post: Callable[..., Post], settings: Settings, now: datetime
) -> None:
    feeds = Feeds([post(html="<p>Tides &amp; <em>rights</em>.</p>", summary="Tides & rights.")], settings, now)

    assert feeds.entries[0].find(f"{A}summary") is None
    assert feeds.items[0].findtext("description") == "<p>Tides &amp; <em>rights</em>.</p>\n"
    assert "summary" not in feeds.json["items"][0]


def test_rss_description_comes_before_the_content(post: Callable[..., Post], settings: Settings, now: datetime) -> None:
    tags = [child.tag for child in Feeds([post()], settings, now).items[0]]

    assert tags.index("description") < tags.index(CONTENT)


def test_title_is_plain_text(post: Callable[..., Post], settings: Settings, now: datetime) -> None:
    feeds = Feeds([post(title="AT&T <3 “quotes”")], settings, now)

    assert feeds.entries[0].findtext(f"{A}title") == "AT&T <3 “quotes”"
    assert feeds.items[0].findtext("title") == "AT&T <3 “quotes”"
    assert feeds.json["items"][0]["title"] == "AT&T <3 “quotes”"


def test_characters_that_xml_forbids_cannot_break_a_feed(
    post: Callable[..., Post], settings: Settings, now: datetime
) -> None:
    evil = "a\x00b\x0bc\x1fd\ufffee\uffff\ud800f\r\ng"
    nasty = post(
        title=evil,
        html=f"<p>{evil}</p>",
        summary=f"{evil}!",
        standfirst=evil,
        topics=(evil,),
        authors=(Author(name=evil, role=evil),),
        image=LeadImage(url=f"https://x.example/{evil}.png"),
    )
    feeds = Feeds([nasty], settings, now)

    assert feeds.entries[0].findtext(f"{A}title") == "abcdef g"
    assert "<p>abcdef\ng</p>" in (feeds.entries[0].findtext(f"{A}content") or "")
    assert feeds.items[0].findtext(CREATOR) == "abcdef g"
    assert feeds.json["items"][0]["tags"] == ["abcdef g"]


def test_lead_image_is_named_outside_a_group(post: Callable[..., Post], settings: Settings, now: datetime) -> None:
    feeds = Feeds([post(image=LeadImage(url="https://x.example/a b&c.png", alt="A quay"))], settings, now)

    address = "https://x.example/a%20b&c.png"
    for element in (feeds.entries[0], feeds.items[0]):
        thumbnail = element.find(THUMBNAIL)
        assert thumbnail is not None
        assert thumbnail.get("url") == address
    assert feeds.json["items"][0]["image"] == address


def test_language_is_that_of_the_feed_or_the_entrys_own(
    post: Callable[..., Post], settings: Settings, now: datetime
) -> None:
    feeds = Feeds([post("english", days_ago=1), post("deutsch", days_ago=2, language="de")], settings, now)

    lang = "{http://www.w3.org/XML/1998/namespace}lang"
    assert feeds.atom.get(lang) == "en-GB"
    assert [entry.get(lang) for entry in feeds.entries] == [None, "de"]
    assert feeds.rss.findtext("channel/language") == "en-GB"
    assert feeds.json["language"] == "en-GB"
    assert [item.get("language") for item in feeds.json["items"]] == [None, "de"]


def test_content_has_the_posts_address_as_its_base(
    post: Callable[..., Post], settings: Settings, now: datetime
) -> None:
    content = Feeds([post()], settings, now).entries[0].find(f"{A}content")

    assert content is not None
    assert content.get("{http://www.w3.org/XML/1998/namespace}base") == "https://harbour.example/news/posts/mooring/"


def test_address_beyond_ascii_is_encoded_once(post: Callable[..., Post], settings: Settings, now: datetime) -> None:
    feeds = Feeds([post(url="https://harbour.example/café/%C3%A9?x=1&y=ü#né")], settings, now)

    assert feeds.items[0].findtext("link") == "https://harbour.example/caf%C3%A9/%C3%A9?x=1&y=%C3%BC#n%C3%A9"


def test_id_of_the_feed_outlives_its_address_where_an_authority_is_given(settings: Settings, now: datetime) -> None:
    publication = replace(settings.publication, id_authority="harbour.example,2026")
    here = Feeds([], replace(settings, publication=publication), now)
    there = Feeds([], replace(settings, publication=replace(publication, url="https://new.example")), now)

    assert here.atom.findtext(f"{A}id") == there.atom.findtext(f"{A}id") == "tag:harbour.example,2026:feed"


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

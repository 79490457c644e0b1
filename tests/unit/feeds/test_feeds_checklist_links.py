"""Statements 19-24 of the feeds checklist: links, files, people, languages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from lxml import etree

from briefingfeed.feeds.entry import Comments, make_entry
from briefingfeed.feeds.extension import ATOM_PREFIXES, RSS_PREFIXES
from briefingfeed.feeds.proof import prove_atom_entry, prove_rss_item
from briefingfeed.feeds.syndication import escape_content, fill, write_entry
from briefingfeed.models.post import Asset, Author, LeadImage, Post
from briefingfeed.models.settings import Settings

from .conftest import CREATOR, HOME, THUMBNAIL, XML, A, Feeds


def asset(name: str) -> Asset:
    return Asset(source=Path("/nowhere") / name, path=f"posts/mooring/{name}", url=f"{HOME}posts/mooring/{name}")


def test_19_each_document_says_once_where_it_is_and_what_page_it_belongs_to(
    post: Callable[..., Post], settings: Settings
) -> None:
    posts = [post(topics=("water",), authors=(Author(name="Ann"),)), post("old", days_ago=40)]
    feeds = Feeds(posts, settings)

    assert len(feeds.folders) == 5
    for folder in feeds.folders:
        feeds.at(folder)
        assert feeds.links("self") == [f"{HOME}{folder}atom.xml", f"{HOME}{folder}rss.xml"]
        assert feeds.links("alternate") == [HOME]
        types = [link.get("type") for link in feeds.atom.findall(f"{A}link") if link.get("rel") == "alternate"]
        assert types == ["text/html"]
        for entry in feeds.entries:
            links = [dict(link.attrib) for link in entry.findall(f"{A}link")]
            assert [link["type"] for link in links if link["rel"] == "alternate"] == ["text/html"]


def test_20_link_of_a_channel_is_the_site(post: Callable[..., Post], settings: Settings) -> None:
    feeds = Feeds([post(topics=("water",))], settings)

    assert [feeds.at(folder).rss.findtext("channel/link") for folder in feeds.folders] == [HOME] * 3
    assert [feeds.at(folder).json["home_page_url"] for folder in feeds.folders] == [HOME] * 3


def test_21_enclosures_have_address_length_and_type(post: Callable[..., Post], settings: Settings) -> None:
    assets = (asset("a.mp3"), asset("b&c=1.MP4"), asset("d.pdf"), asset("quay.png"))
    given = post(assets=assets, image=LeadImage(url=assets[3].url))
    sizes = {each.url: 1000 + number for number, each in enumerate(assets)}
    feeds = Feeds([given], settings, sizes=sizes)

    expected = [
        (assets[0].url, "1000", "audio/mpeg"),
        (assets[1].url, "1001", "video/mp4"),
        (assets[3].url, "1003", "image/png"),
    ]
    links = [link for link in feeds.entries[0].findall(f"{A}link") if link.get("rel") == "enclosure"]
    assert [(link.get("href"), link.get("length"), link.get("type")) for link in links] == expected
    (enclosure,) = feeds.items[0].findall("enclosure")
    assert (enclosure.get("url"), enclosure.get("length"), enclosure.get("type")) == expected[0]
    assert [
        (told["url"], str(told["size_in_bytes"]), told["mime_type"]) for told in feeds.json["items"][0]["attachments"]
    ] == expected
    assert b"b&amp;c=1.MP4" in feeds.bytes["atom.xml"]


def test_21_file_of_unknown_size_or_type_is_no_enclosure(post: Callable[..., Post], settings: Settings) -> None:
    posts = [
        post("away", image=LeadImage(url="https://x.example/a.png")),
        post("odd", assets=(asset("x"), asset("y.xyz")), image=LeadImage(url=asset("x").url)),
    ]
    feeds = Feeds(posts, settings, sizes={asset("x").url: 5, asset("y.xyz").url: 5})

    assert b"enclosure" not in b"".join(feeds.bytes.values())
    assert b"attachments" not in feeds.bytes["feed.json"]


def test_22_lead_image_is_a_thumbnail_outside_any_group_and_jsons_image(
    post: Callable[..., Post], settings: Settings
) -> None:
    feeds = Feeds([post(image=LeadImage(url="https://x.example/a b&c.png", alt="A quay"))], settings)

    address = "https://x.example/a%20b&c.png"
    for element in (feeds.entries[0], feeds.items[0]):
        (thumbnail,) = element.findall(THUMBNAIL)
        assert thumbnail.get("url") == address
    assert feeds.json["items"][0]["image"] == address


def test_23_authors_are_the_posts_own_and_the_feeds_is_the_publication(
    post: Callable[..., Post], settings: Settings
) -> None:
    guest = Author(name="Ines Sørby", url="https://hals.example/ines", email="ines@hals.example", guest=True)
    feeds = Feeds([post("guest", authors=(guest, Author(name="Ann & Co"))), post("ours", days_ago=9)], settings)

    signed, ours = feeds.entries
    assert [name.text for name in signed.iterfind(f"{A}author/{A}name")] == ["Ines Sørby", "Ann & Co"]
    assert [uri.text for uri in signed.iterfind(f"{A}author/{A}uri")] == ["https://hals.example/ines"]
    assert ours.find(f"{A}author") is None
    assert [[name.text for name in item.iterfind(CREATOR)] for item in feeds.items] == [
        ["Ines Sørby", "Ann & Co"],
        ["Harbour Notes"],
    ]
    assert [author["name"] for author in feeds.json["items"][0]["authors"]] == ["Ines Sørby", "Ann & Co"]
    assert "authors" not in feeds.json["items"][1]
    for folder in feeds.folders:
        feeds.at(folder)
        assert feeds.atom.findtext(f"{A}author/{A}name") == "Harbour Notes"
        assert feeds.json["authors"] == [{"name": "Harbour Notes", "url": HOME}]
        assert all(item.find("author") is None and item.find(CREATOR) is not None for item in feeds.items)
    assert all(b"@" not in document for document in feeds.bytes.values())


def test_24_language_is_that_of_the_feed_or_the_entrys_own(post: Callable[..., Post], settings: Settings) -> None:
    feeds = Feeds([post("english", days_ago=1), post("deutsch", days_ago=2, language="de")], settings)

    assert feeds.atom.get(f"{XML}lang") == "en-GB"
    assert [entry.get(f"{XML}lang") for entry in feeds.entries] == [None, "de"]
    assert feeds.rss.findtext("channel/language") == "en-GB"
    assert [item.findtext("{http://purl.org/dc/elements/1.1/}language") for item in feeds.items] == [None, "de"]
    assert feeds.json["language"] == "en-GB"
    assert [item.get("language") for item in feeds.json["items"]] == [None, "de"]


def test_entry_with_comments_says_where_they_are(post: Callable[..., Post], settings: Settings) -> None:
    comments = Comments(page=f"{HOME}posts/mooring/#comments", feed=f"{HOME}posts/mooring/comments.xml", count=3)
    entry = replace(make_entry(post(), settings), comments=comments)
    atom, rss = write_entry(entry, "Harbour Notes")
    atom = fill(atom, escape_content(entry.content or ""))
    prove_atom_entry(atom, entry)
    prove_rss_item(rss, entry)

    found = etree.fromstring(atom)
    (link,) = found.findall(f"{A}entry/{A}link[@rel='replies']")
    assert (link.get("href"), link.get("type")) == (comments.feed, "application/atom+xml")
    assert link.get(f"{{{ATOM_PREFIXES['thr']}}}count") == "3"
    assert found.findtext(f"{A}entry/{{{ATOM_PREFIXES['thr']}}}total") == "3"
    item = etree.fromstring(fill(rss, b"")).find("channel/item")
    assert item is not None
    assert item.findtext("comments") == comments.page
    assert item.findtext(f"{{{RSS_PREFIXES['wfw']}}}commentRss") == comments.feed
    assert item.findtext(f"{{{RSS_PREFIXES['slash']}}}comments") == "3"


def test_entry_without_comments_says_nothing_of_them(post: Callable[..., Post], settings: Settings) -> None:
    document = Feeds([post(comments=True)], settings).bytes

    for mark in (b"<comments", b"<wfw:", b"<slash:", b"<thr:", b'"replies"'):
        assert all(mark not in content for content in document.values())

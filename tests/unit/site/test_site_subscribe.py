from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from urllib.parse import unquote

import pytest
from lxml import html

from briefingfeed.look import Look
from briefingfeed.models.feed import FeedLink, FeedScope
from briefingfeed.models.output import OutputFile
from briefingfeed.models.post import Author, Post
from briefingfeed.models.settings import Mailbox, NewsletterSettings, Settings, SiteSettings
from briefingfeed.shipped import shipped_templates
from briefingfeed.site import build_site

HOME = "https://harbour.example/news"
TYPES = {"Atom": ("atom.xml", "application/atom+xml"), "RSS": ("rss.xml", "application/rss+xml")}


def feed(folder: str = "", *, scope: FeedScope = FeedScope.EVERYTHING, name: str | None = None) -> list[FeedLink]:
    return [
        FeedLink(
            kind=kind,
            title=f"Harbour Notes - {name or scope} ({kind})",
            url=f"{HOME}/{folder}{file}",
            media_type=media_type,
            path=folder + file,
            scope=scope,
            name=name,
        )
        for kind, (file, media_type) in TYPES.items()
    ]


def single(path: str, kind: str, media_type: str, scope: FeedScope) -> FeedLink:
    return FeedLink(kind=kind, title=kind, url=f"{HOME}/{path}", media_type=media_type, path=path, scope=scope)


EVERYTHING = feed()
ALL = (
    *EVERYTHING,
    *feed("open-calls/", scope=FeedScope.OPEN_CALLS),
    *feed("topics/housing/", scope=FeedScope.TOPIC, name="Housing & rent"),
    *feed("topics/tides/", scope=FeedScope.TOPIC, name="tides"),
    *feed("authors/ann/", scope=FeedScope.AUTHOR, name="Ann"),
    single("opml.xml", "OPML", "text/x-opml", FeedScope.LIST),
    single("closing-dates.ics", "iCalendar", "text/calendar", FeedScope.CALENDAR),
)

Pages = Callable[..., dict[str, html.HtmlElement]]


@pytest.fixture
def pages(settings: Settings, now: object) -> Pages:
    def build(*posts: Post, feeds: Sequence[FeedLink] = ALL, **changes: object) -> dict[str, html.HtmlElement]:
        changed = replace(settings, **changes)  # type: ignore[arg-type]
        look = Look([settings.paths.templates, shipped_templates()], changed.publication)
        files = build_site(posts, changed, look, feeds, now).files  # type: ignore[arg-type]
        return {
            file.path: html.fromstring(file.content.decode())
            for file in files
            if isinstance(file, OutputFile) and file.path.endswith(".html")
        }

    return build


@pytest.fixture
def page(pages: Pages) -> Callable[..., html.HtmlElement]:
    return lambda **given: pages(**given)["subscribe/index.html"]


def announced(page: html.HtmlElement) -> list[str]:
    return page.xpath("//link[@rel='alternate']/@href")


def headings(page: html.HtmlElement) -> list[str]:
    return [heading.text_content() for heading in page.xpath("//main//h2")]


def test_every_page_leads_to_it(pages: Pages, post: Callable[..., Post]) -> None:
    for path, found in pages(post()).items():
        there = [link for link in found.xpath("//a/@href") if link.endswith("subscribe/")]
        assert len(there) == 2, path


def test_every_address_stands_in_a_labelled_field_that_can_be_selected(page: Callable[..., html.HtmlElement]) -> None:
    found = page()
    fields = found.xpath("//input")
    labels = {label.get("for"): label.text_content() for label in found.xpath("//label")}

    assert [field.get("value").removeprefix(HOME) for field in fields] == [
        "/atom.xml", "/rss.xml", "/open-calls/atom.xml", "/topics/housing/atom.xml", "/topics/tides/atom.xml",
        "/authors/ann/atom.xml", "/closing-dates.ics",
    ]  # fmt: skip
    assert all("readonly" in field.attrib for field in fields)
    assert [labels[field.get("id")] for field in fields] == [
        "Address of our feed", "RSS", "Open surveys, consultations and calls", "Housing & rent", "tides", "Ann",
        "Address of the calendar",
    ]  # fmt: skip
    ids = found.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert {target for value in found.xpath("//@aria-labelledby") for target in value.split()} <= set(ids)


def test_nothing_on_it_needs_a_script(page: Callable[..., html.HtmlElement]) -> None:
    found = page()

    assert found.xpath("//button | //form | //@onclick | //*[@hidden]") == []
    assert found.xpath("//main//*[@data-copy]/@data-copied") == ["Copied"]


def test_readers_get_the_address_percent_encoded(page: Callable[..., html.HtmlElement]) -> None:
    links = page().xpath("//ul[@class='readers']//a")

    assert [link.text for link in links] == ["Feedly", "Inoreader", "NewsBlur", "The Old Reader"]
    for link in links:
        address = link.get("href")
        assert address.endswith("https%3A%2F%2Fharbour.example%2Fnews%2Fatom.xml")
        assert unquote(address).endswith(f"{HOME}/atom.xml")
        assert set(link.get("rel").split()) == {"noopener", "nofollow"}


def test_calendar_opens_in_a_calendar_program(page: Callable[..., html.HtmlElement]) -> None:
    assert "webcal://harbour.example/news/closing-dates.ics" in page().xpath("//main//a/@href")


def test_only_what_there_is_stands_on_it(page: Callable[..., html.HtmlElement], settings: Settings) -> None:
    assert headings(page()) == ["In a feed reader", "Only a part of it", "In your calendar"]
    assert headings(page(feeds=EVERYTHING)) == ["In a feed reader"]
    assert headings(page(feeds=())) == []


def test_digest_is_offered_once_somebody_sends_it(page: Callable[..., html.HtmlElement]) -> None:
    sender, answers = Mailbox("notes@harbour.example"), Mailbox("ann@harbour.example", "Ann")
    sent = page(newsletter=NewsletterSettings(from_=sender))
    answered = page(newsletter=NewsletterSettings(from_=sender, reply_to=answers))

    assert "By email" in headings(sent)
    assert sent.xpath("//a[@class='action']/@href")[0] == (
        "mailto:notes@harbour.example?subject=Please%20send%20me%20your%20weekly%20mail"
    )
    assert "ann@harbour.example" in answered.text_content()
    assert "notes@harbour.example" not in answered.text_content()
    assert "By email" not in headings(page())


def test_37_every_feed_is_announced_with_a_title_of_its_own(page: Callable[..., html.HtmlElement]) -> None:
    found = page()

    assert announced(found) == [
        "../atom.xml", "../rss.xml", "../open-calls/atom.xml", "../closing-dates.ics", "../topics/housing/atom.xml",
        "../topics/tides/atom.xml", "../authors/ann/atom.xml",
    ]  # fmt: skip
    titles = found.xpath("//link[@rel='alternate']/@title")
    assert len(titles) == len(set(titles))


def test_a_post_announces_the_feeds_of_its_topics_and_authors(pages: Pages, post: Callable[..., Post]) -> None:
    made = pages(post(topics=("TIDES", "tides", "unknown"), authors=(Author(name="Ann"), Author(name="Bo"))))

    assert announced(made["posts/mooring/index.html"]) == [
        "../../atom.xml", "../../rss.xml", "../../topics/tides/atom.xml", "../../authors/ann/atom.xml",
    ]  # fmt: skip
    assert announced(made["index.html"]) == ["./atom.xml", "./rss.xml"]


def test_without_pages_there_is_none(pages: Pages) -> None:
    assert pages(site=SiteSettings(pages=False, post_url="https://x.example/{slug}/")) == {}


def test_style_of_feeds_leads_to_it_where_it_is(settings: Settings, now: object) -> None:
    def style(settings: Settings) -> str:
        look = Look([shipped_templates()], settings.publication)
        files = build_site([], settings, look, ALL, now).files  # type: ignore[arg-type]
        return next(file.content.decode() for file in files if file.path == "assets/feed.css")  # type: ignore[union-attr]

    odd = replace(settings, publication=replace(settings.publication, url='https://harbour.example/a"b\\c'))
    bare = replace(settings, site=SiteSettings(pages=False, post_url="https://x.example/{slug}/"))

    assert "How that works: https://harbour.example/news/subscribe/" in style(settings)
    assert "https://harbour.example/a%22b%5Cc/subscribe/" in style(odd)
    assert "subscribe/" not in style(bare)

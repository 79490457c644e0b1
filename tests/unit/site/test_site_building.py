from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from lxml import html

from briefingfeed.errors import TemplateError
from briefingfeed.models.output import OutputCopy, OutputFile
from briefingfeed.models.post import Asset, Author, CallToAction, Closing, Contact, Correction, LeadImage, Post
from briefingfeed.models.settings import Settings, SiteSettings
from briefingfeed.site import Site
from unit.site.pages import FEEDS, MOORING, moves, page_of, paths, text_of, words


def closing(day: date) -> Closing:
    at = datetime.combine(day + timedelta(days=1), datetime.min.time(), ZoneInfo("UTC"))
    return Closing(at=at, day=day)


def test_site_has_an_index_a_page_per_post_a_style_and_a_page_for_what_is_missing(
    built: Callable[..., Site], post: Callable[..., Post]
) -> None:
    assert paths(built(post(), post("quay", days_ago=9))) == [
        "404.html", "_redirects", "assets/copy.js", "assets/feed.css", "assets/site.css", "index.html",
        "posts/mooring/index.html", "posts/quay/index.html", "subscribe/index.html",
    ]  # fmt: skip


def test_drafts_and_posts_to_come_appear_nowhere(built: Callable[..., Site], post: Callable[..., Post]) -> None:
    site = built(
        post("secret", draft=True, aliases=("/secret-alias/",)),
        post("tomorrow", days_ago=-1),
        post(),
        post("kept", feed=False),
    )

    assert [path for path in paths(site) if path.startswith("posts/")] == ["posts/kept/index.html", MOORING]
    everything = "".join(file.content.decode() for file in site.files if isinstance(file, OutputFile))
    assert "secret" not in everything.lower()
    assert "tomorrow" not in everything.lower()


def test_page_says_what_it_is_to_machines(built: Callable[..., Site], post: Callable[..., Post]) -> None:
    page = page_of(built(post(title="Tides & <rights>", language="de", summary='Say "ahoy".')))

    assert page.get("lang") == "en-GB"
    assert page.xpath("//article/@lang") == ["de"]
    assert page.findtext("head/title") == "Tides & <rights> · Harbour Notes"
    assert page.xpath("//link[@rel='canonical']/@href") == ["https://harbour.example/news/posts/mooring/"]
    assert page.xpath("//meta[@name='description']/@content") == ['Say "ahoy".']
    assert page.xpath("//meta[@property='og:title']/@content") == ["Tides & <rights>"]
    assert page.xpath("//link[@rel='alternate']/@type") == ["application/atom+xml", "application/rss+xml"]
    assert page.xpath("//link[@rel='alternate']/@href") == ["../../atom.xml", "../../rss.xml"]
    assert page.xpath("//time[1]/@datetime") == ["2026-11-20"]


def test_page_carries_every_piece_of_a_post(built: Callable[..., Site], post: Callable[..., Post]) -> None:
    guest = Author(
        name="Ines Sørby",
        role="Pilot",
        organisation="Port of Hals",
        url="https://hals.example/",
        guest=True,
        email="i@x.example",
    )
    page = page_of(
        built(
            post(
                standfirst="A pilot writes.",
                authors=(guest, Author(name="Ann")),
                contact=Contact(name="Bo", email="bo@harbour.example"),
                topics=("rights", "water"),
                image=LeadImage(url="https://harbour.example/news/posts/mooring/quay.png", alt="The quay"),
                corrections=(Correction(date=date(2026, 11, 21), note="It was five."),),
                updated=datetime(2026, 11, 21, tzinfo=ZoneInfo("UTC")),
            )
        )
    )

    assert words(page, "h1") == ["Mooring"]
    assert words(page, ".byline") == ["20 November 2026 · Ines Sørby (guest) and Ann · updated 21 November 2026"]
    assert words(page, ".standfirst") == ["A pilot writes."]
    assert words(page, ".text p") == ["The quay of mooring.", "It is long."]
    assert "Ines Sørby<br>Pilot<br>Port of Hals" in html.tostring(page, encoding="unicode")
    assert words(page, ".corrections li") == ["21 November 2026: It was five."]
    assert words(page, ".topics") == ["Topics: rights, water"]
    assert page.xpath("//figure/img/@src") == ["../../posts/mooring/quay.png"]
    assert page.xpath("//a[starts-with(@href, 'mailto:')]/@href") == ["mailto:bo@harbour.example"]
    assert b"i@x.example" not in html.tostring(page)


def test_call_is_open_and_then_closed(built: Callable[..., Site], post: Callable[..., Post], now: datetime) -> None:
    call = post(
        closes=closing(date(2026, 11, 24)), call_to_action=CallToAction(label="Answer", url="https://survey.example/")
    )
    before, after = built(call), built(call, at=now + timedelta(days=1, hours=15))

    assert words(page_of(before), ".call") == ["Open until 24 November 2026 Answer"]
    assert words(page_of(before, "index.html"), ".calls li") == ["Mooring until 24 November 2026"]
    assert words(page_of(after), ".call") == ["Closed on 24 November 2026"]
    assert page_of(after, "index.html").cssselect(".calls") == []
    assert words(page_of(after, "index.html"), ".closed") == ["closed"]


def test_open_calls_stand_soonest_first(built: Callable[..., Site], post: Callable[..., Post]) -> None:
    site = built(
        post("late", days_ago=1, closes=closing(date(2026, 12, 9))), post("soon", closes=closing(date(2026, 11, 30)))
    )

    assert words(page_of(site, "index.html"), ".calls a") == ["Soon", "Late"]


def test_index_is_grouped_by_year(built: Callable[..., Site], post: Callable[..., Post]) -> None:
    index = page_of(built(post(), post("quay", days_ago=400)), "index.html")

    assert words(index, ".year h2") == ["2026", "2025"]
    assert index.xpath("//h3/a/@href") == ["./posts/mooring/", "./posts/quay/"]


def test_index_without_posts_says_so(built: Callable[..., Site]) -> None:
    assert "Nothing has been published yet." in text_of(built(), "index.html")


def test_neighbours_lead_from_post_to_post(built: Callable[..., Site], post: Callable[..., Post]) -> None:
    site = built(post("new", days_ago=1), post("middle", days_ago=2), post("old", days_ago=3))

    middle = page_of(site, "posts/middle/index.html")
    assert middle.xpath("//a[@rel='prev']/@href") == ["../../posts/old/"]
    assert middle.xpath("//a[@rel='next']/@href") == ["../../posts/new/"]
    assert page_of(site, "posts/new/index.html").xpath("//a[@rel='next']") == []


def test_every_link_between_pages_leads_to_a_file(built: Callable[..., Site], post: Callable[..., Post]) -> None:
    site = built(post("new", days_ago=1, aliases=("/old/address/",)), post(), post("old", days_ago=3))
    there = {*paths(site), *(feed.path for feed in FEEDS)}

    for file in site.files:
        if not isinstance(file, OutputFile) or not file.path.endswith(".html") or file.path == "404.html":
            continue
        for link in html.fromstring(file.content.decode()).xpath("//@href"):
            if "://" in link or link.startswith("#"):
                continue
            target = (Path("/root") / Path(file.path).parent / link.partition("?")[0]).resolve().relative_to("/root")
            assert target.as_posix() in there or (target / "index.html").as_posix() in there, (file.path, link)


def test_page_for_what_is_missing_works_at_any_depth(built: Callable[..., Site]) -> None:
    page = page_of(built(), "404.html")

    assert page.xpath("//link[@rel='stylesheet']/@href")[0].startswith("/news/assets/site.css?v=")
    assert page.xpath("//main//a/@href") == ["/news/"]


def test_links_of_a_text_into_our_own_site_are_relative(built: Callable[..., Site], post: Callable[..., Post]) -> None:
    body = (
        '<p><a href="https://harbour.example/news/posts/quay/#n1" rel="noopener">quay</a>'
        '<img alt="x" src="https://harbour.example/news/posts/mooring/a.png">'
        '<a href="https://harbour.example/elsewhere/">out</a></p>'
        '<pre><code>href="https://harbour.example/news/"</code></pre>'
    )
    page = page_of(built(post(html=body)))

    assert page.xpath("//div[@class='text']//@href") == ["../../posts/quay/#n1", "https://harbour.example/elsewhere/"]
    assert page.xpath("//div[@class='text']//@src") == ["../../posts/mooring/a.png"]
    assert words(page, "code") == ['href="https://harbour.example/news/"']


def test_source_of_a_quotation_is_its_footer(built: Callable[..., Site], post: Callable[..., Post]) -> None:
    body = (
        "<blockquote>\n<p>One.</p>\n<p>Two.</p>\n<p>— <em>Dawn</em>, in a letter</p>\n</blockquote>\n<p>— not one</p>"
    )
    page = page_of(built(post(html=body)))

    assert words(page, "blockquote > footer") == ["— Dawn, in a letter"]
    assert words(page, "blockquote > p") == ["One.", "Two."]


def test_template_marks_in_a_post_are_text(built: Callable[..., Site], post: Callable[..., Post]) -> None:
    page = page_of(
        built(post(title="{{ 7*7 }}", html="<p>{% raw %}{{ publication.url }}</p>", standfirst="{# gone? #}"))
    )

    assert words(page, "h1, .standfirst, .text p") == ["{{ 7*7 }}", "{# gone? #}", "{% raw %}{{ publication.url }}"]


def test_nothing_is_loaded_from_elsewhere_and_no_script_runs_but_that_of_the_subscribe_page(
    built: Callable[..., Site], post: Callable[..., Post]
) -> None:
    site = built(post())
    pages = {file.path: file.content.decode() for file in site.files if isinstance(file, OutputFile)}

    assert [path for path, text in pages.items() if "<script" in text] == ["subscribe/index.html"]
    assert page_of(site, "subscribe/index.html").xpath("//script/@src")[0].startswith("../assets/copy.js?v=")
    assert "style=" not in "".join(pages.values())
    for sheet in ("assets/site.css", "assets/feed.css"):
        assert not re.search(r"@import|url\(|@font-face", text_of(site, sheet))
    assert page_of(site).xpath("//link[@rel='stylesheet']/@href")[0].startswith("../../assets/site.css?v=")


def test_post_that_lives_elsewhere_is_linked_there(built: Callable[..., Site], post: Callable[..., Post]) -> None:
    site = built(post(url="https://elsewhere.example/mooring"))

    assert page_of(site, "index.html").xpath("//h3/a/@href") == ["https://elsewhere.example/mooring"]
    assert not [path for path in paths(site) if path.startswith("posts/")]


@pytest.mark.parametrize("path", ["?p=3", "a/%2e%2e/%2e%2e/b", "a//b"])
def test_post_of_our_site_at_whose_address_no_page_can_stand_is_told(
    built: Callable[..., Site], post: Callable[..., Post], settings: Settings, path: str
) -> None:
    lost = post("lost", url=f"{settings.publication.url}/{path}")
    (problem,) = built(lost, post("elsewhere", url="https://elsewhere.example/x?p=3")).problems
    assert problem.path == lost.path
    assert "no page can stand at" in problem.message


def test_without_pages_only_the_files_beside_posts_are_left(
    built: Callable[..., Site], post: Callable[..., Post], settings: Settings
) -> None:
    asset = Asset(source=settings.paths.posts / "a.png", path="posts/mooring/a.png", url="https://x.example/a.png")
    bare = replace(settings, site=SiteSettings(pages=False, post_url="https://x.example/{slug}/"))

    site = built(post(assets=(asset,), aliases=("/old/",)), settings=bare)
    assert paths(site) == ["_redirects", "assets/feed.css", "posts/mooring/a.png"]
    assert OutputCopy("posts/mooring/a.png", asset.source) in site.files
    assert moves(site) == []


def test_files_beside_drafts_are_not_published(
    built: Callable[..., Site], post: Callable[..., Post], settings: Settings
) -> None:
    asset = Asset(source=settings.paths.posts / "a.png", path="posts/mooring/a.png", url="https://x.example/a.png")

    assert not [path for path in paths(built(post(assets=(asset,), draft=True))) if path.endswith(".png")]


def test_time_changes_a_page_only_by_what_is_open(
    built: Callable[..., Site], post: Callable[..., Post], now: datetime
) -> None:
    posts: Sequence[Post] = (post(), post("quay", days_ago=9))

    assert built(*posts).files == built(*posts, at=now + timedelta(days=500)).files


def test_template_of_the_publication_goes_before_ours(
    built: Callable[..., Site], post: Callable[..., Post], settings: Settings
) -> None:
    own = settings.paths.templates / "site"
    own.mkdir(parents=True)
    (own / "post.html").write_text("<title>{{ post.title }}</title>")

    assert text_of(built(post()), MOORING) == "<title>Mooring</title>"

    (own / "post.html").write_text("{{ post.titel }}")
    with pytest.raises(TemplateError, match="titel"):
        built(post())

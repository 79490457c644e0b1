"""Aliases and redirects: an old address leads on, and never takes the place of something else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from briefingfeed.models.post import Post
from briefingfeed.models.problem import Severity
from briefingfeed.models.settings import Settings
from briefingfeed.site import Site
from briefingfeed.site.redirects import read_redirects
from unit.site.pages import moves, page_of, paths, text_of


def test_alias_leads_to_the_post(built: Callable[..., Site], post: Callable[..., Post]) -> None:
    site = built(post(aliases=("/old/address/", "2019/mooring.html", "https://harbour.example/news/very/old")))

    assert {"old/address/index.html", "2019/mooring.html", "very/old/index.html"} <= set(paths(site))
    page = page_of(site, "old/address/index.html")
    assert page.xpath("//meta[@http-equiv='refresh']/@content") == ["0; url=../../posts/mooring/"]
    assert page.xpath("//link[@rel='canonical']/@href") == ["https://harbour.example/news/posts/mooring/"]
    assert page.xpath("//a/@href") == ["../../posts/mooring/"]


def test_old_addresses_stand_in_the_list_that_web_servers_read(
    built: Callable[..., Site], post: Callable[..., Post], settings: Settings
) -> None:
    moved = {
        "/feed.xml": "/atom.xml",
        "/feeds/posts/default": "https://harbour.example/news/rss.xml",
        "/a;b{$c}": "https://elsewhere.example/x?a=1&b=%20;#top",
    }
    site = built(post(aliases=("/old/address/", "/über")), settings=replace(settings, redirects=moved))

    assert site.problems == ()
    assert moves(site) == [
        "/news/%C3%BCber/ /news/posts/mooring/ 301",
        "/news/a%3Bb%7B%24c%7D https://elsewhere.example/x?a=1&b=%20%3B#top 301",
        "/news/feed.xml /news/atom.xml 301",
        "/news/feeds/posts/default /news/rss.xml 301",
        "/news/old/address/ /news/posts/mooring/ 301",
    ]
    assert read_redirects(text_of(site, "_redirects").encode())["/news/über/"] == "/news/posts/mooring/"


def test_list_of_old_addresses_passes_over_what_is_not_ours() -> None:
    lines = b"# head\n/a/ /b/ 301\n/c/ /d/ 302\n\n/e/\n\xff /x/ 301\n/f/ /g/ 301 extra\n"

    assert read_redirects(lines) == {"/a/": "/b/"}


@pytest.mark.parametrize("old", ["/", "/atom.xml", "/posts/mooring", "/posts/mooring/", "/alias/", "/../x", "/a//b"])
def test_old_address_never_hides_what_is_there(
    built: Callable[..., Site], post: Callable[..., Post], settings: Settings, old: str
) -> None:
    site = built(post(aliases=("/alias/",)), settings=replace(settings, redirects={old: "/rss.xml"}))

    assert [(problem.path, problem.severity) for problem in site.problems] == [("briefingfeed.toml", Severity.WARNING)]
    assert f"[redirects] {old} is" in site.problems[0].message
    assert moves(site) == ["/news/alias/ /news/posts/mooring/ 301"]


@pytest.mark.parametrize("alias", ["/", "/atom.xml", "/posts/quay/", "/assets/site.css", "/404.html"])
def test_alias_never_takes_the_place_of_something_else(
    built: Callable[..., Site], post: Callable[..., Post], alias: str
) -> None:
    site = built(post(aliases=(alias,)), post("quay", days_ago=9))

    assert [problem.severity for problem in site.problems] == [Severity.WARNING]
    assert site.problems[0].path == post().path
    assert alias in site.problems[0].message
    assert paths(site).count("posts/quay/index.html") == 1
    assert "refresh" not in text_of(site, "posts/quay/index.html")


@pytest.mark.parametrize("alias", ["/../escaped/", "https://elsewhere.example/x/", "/a?b=1", "/a//b", "/a/%2e%2e/b"])
def test_alias_that_is_no_address_of_ours_is_told(
    built: Callable[..., Site], post: Callable[..., Post], alias: str
) -> None:
    site = built(post(aliases=(alias,)))

    assert len(site.problems) == 1
    assert len(paths(site)) == 8
    assert moves(site) == []

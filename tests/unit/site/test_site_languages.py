"""Which language and direction each piece of the site says it has."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from briefingfeed.models.post import Post
from briefingfeed.models.settings import Settings
from briefingfeed.shipped import shipped_templates
from briefingfeed.site import Site
from unit.site.pages import MOORING, page_of


@pytest.fixture
def hebrew(settings: Settings) -> Settings:
    return replace(settings, publication=replace(settings.publication, language="he"))


@pytest.mark.parametrize("path", ["index.html", "subscribe/index.html", "404.html", MOORING, "old/index.html"])
def test_every_page_says_which_way_it_runs(
    built: Callable[..., Site], post: Callable[..., Post], hebrew: Settings, path: str
) -> None:
    site = built(post(language="he", aliases=("/old/",)), settings=hebrew)
    assert (page_of(site, path).get("lang"), page_of(site, path).get("dir")) == ("he", "rtl")
    site = built(post(aliases=("/old/",)))
    assert (page_of(site, path).get("lang"), page_of(site, path).get("dir")) == ("en-GB", "ltr")


def test_a_post_says_its_own_language_wherever_it_stands(
    built: Callable[..., Site], post: Callable[..., Post], hebrew: Settings
) -> None:
    site = built(post("quay", days_ago=1, language="he"), post(language="cy"), settings=hebrew)
    (shown,) = page_of(site).cssselect("article")
    assert (shown.get("lang"), shown.get("dir")) == ("cy", "ltr")
    other, own = (
        page_of(site, "posts/quay/index.html").cssselect("a[rel=prev]")[0],
        page_of(site).cssselect("a[rel=next]")[0],
    )
    assert (other.get("lang"), other.get("dir")) == ("cy", "ltr")
    assert (own.get("lang"), own.get("dir")) == (None, None)
    listed = {each.findtext(".//a"): each.get("lang") for each in page_of(site, "index.html").cssselect("article")}
    assert listed == {"Quay": None, "Mooring": "cy"}


def test_a_language_that_runs_the_same_way_names_no_direction(
    built: Callable[..., Site], post: Callable[..., Post]
) -> None:
    (shown,) = page_of(built(post(language="cy"))).cssselect("article")
    assert (shown.get("lang"), shown.get("dir")) == ("cy", None)
    (plain,) = page_of(built(post(language="en"))).cssselect("article")
    assert (plain.get("lang"), plain.get("dir")) == (None, None), "en-GB says more than en"


@pytest.mark.parametrize("file", ["site/site.css", "site/feed.css", "web/style.css", "preview/feed.html"])
def test_styles_know_no_left_and_no_right(file: str) -> None:
    style = re.sub(r"/\*.*?\*/", "", (shipped_templates() / file).read_text(encoding="utf-8"), flags=re.DOTALL)
    assert not re.search(r"\b(left|right)\b", style)
    for written in re.findall(r"(?:margin|padding): ([^;]+);", style):
        sides = re.sub(r"\([^()]*\)", "", written).split()
        assert len(sides) < 4 or sides[1] == sides[3], written

"""How posts stand in a digest: under which headings, which way they run, how many days are left."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from briefingfeed.look import Look
from briefingfeed.models.blocks import Body, Heading, Paragraph, Text
from briefingfeed.models.introduction import Introduction
from briefingfeed.models.post import Closing, Post
from briefingfeed.models.settings import Grouping, Settings
from briefingfeed.newsletter.articles import Bodies, articles_of
from briefingfeed.newsletter.digest import compose_digest
from briefingfeed.newsletter.preflight import examine
from briefingfeed.newsletter.render import render
from briefingfeed.shipped import shipped_templates
from unit.newsletter.editions import body_of

MakePost = Callable[..., Post]
MakeSettings = Callable[..., Settings]
LONDON = ZoneInfo("Europe/London")


@pytest.fixture
def posts(make_post: MakePost) -> tuple[Post, ...]:
    body = Body(html="<h2>Deeper</h2>", blocks=(Heading(2, (Text("Deeper"),)),))
    return (
        make_post("2026-11-20", "a", topics=("housing",), body=body),
        make_post("2026-11-20", "b"),
        make_post("2026-11-19", "c", topics=("prescribing", "housing")),
        make_post("2026-11-18", "d", topics=("housing",)),
    )


@pytest.mark.parametrize(
    ("grouping", "expected"),
    [
        (Grouping.NONE, [("a", ""), ("b", ""), ("c", ""), ("d", "")]),
        (
            Grouping.DATE,
            [
                ("a", "20 November 2026"),
                ("b", "20 November 2026"),
                ("c", "19 November 2026"),
                ("d", "18 November 2026"),
            ],
        ),
        (
            Grouping.TOPIC,
            [("a", "housing"), ("d", "housing"), ("c", "prescribing"), ("b", "Also in this edition")],
        ),
    ],
)
def test_posts_stand_under_dates_or_topics(
    make_settings: MakeSettings,
    posts: tuple[Post, ...],
    now: datetime,
    grouping: Grouping,
    expected: list[tuple[str, str]],
) -> None:
    settings = make_settings(group_by=grouping)
    articles = articles_of(compose_digest(posts, [], settings, now), settings, Bodies())
    assert [(article.post.title, article.group) for article in articles] == expected
    assert [article.anchor for article in articles] == ["post-1", "post-2", "post-3", "post-4"]


def test_below_the_heading_of_a_group_all_headings_are_a_level_deeper(
    make_settings: MakeSettings, posts: tuple[Post, ...], look: Look, now: datetime
) -> None:
    settings = make_settings(group_by=Grouping.TOPIC)
    rendition = render(compose_digest(posts, [], settings, now), settings, look)
    headings = re.findall(r"<(h[1-6])[^>]*>(?:<a[^>]*>)?([^<]+)", rendition.html)
    assert [(level, words) for level, words in headings if words in {"housing", "a", "Deeper"}] == [
        ("h2", "housing"),
        ("h3", "a"),
        ("h4", "Deeper"),
    ]
    assert "housing\n=======\n" in rendition.text


def test_one_group_alone_has_no_heading(make_settings: MakeSettings, make_post: MakePost, now: datetime) -> None:
    settings = make_settings(group_by=Grouping.DATE)
    digest = compose_digest([make_post(name="a"), make_post(name="b")], [], settings, now)
    assert {article.group for article in articles_of(digest, settings, Bodies())} == {""}


@pytest.mark.parametrize(
    ("day", "words"), [(23, "23 November 2026, today"), (24, "24 November 2026, tomorrow"), (26, "in 3 days")]
)
def test_what_closes_soon_says_how_many_days_are_left(
    settings: Settings, make_post: MakePost, look: Look, now: datetime, day: int, words: str
) -> None:
    call = make_post(
        "2026-10-01",
        "call",
        closes=Closing(at=datetime(2026, 11, day + 1, tzinfo=LONDON), day=date(2026, 11, day), time_given=False),
    )
    rendition = render(compose_digest([make_post()], [call], settings, now), settings, look)
    assert words in rendition.text
    assert words.rpartition(", ")[2] in rendition.html


def test_a_post_that_runs_the_other_way_is_turned(
    settings: Settings, make_post: MakePost, look: Look, now: datetime
) -> None:
    body = Body(html="<blockquote><p>قال</p></blockquote>", blocks=(Paragraph((Text("قال"),)),))
    html = render(compose_digest([make_post(language="ar", body=body)], [], settings, now), settings, look).html
    cell = re.search(r'<td class="post turned"[^>]*>', html)
    assert cell is not None
    assert 'lang="ar" dir="rtl"' in cell[0]
    assert "text-align:right" in cell[0]
    quotation = re.search(r"<blockquote[^>]*>", html)
    assert quotation is not None
    assert "border-right:3px" in quotation[0]
    assert "border-left:0" in quotation[0]


def test_a_publication_that_runs_from_right_to_left_is_mirrored_as_a_whole(
    make_settings: MakeSettings, make_post: MakePost, now: datetime
) -> None:
    settings = make_settings(language="he")
    body = Body(html="<blockquote><p>א</p></blockquote>", blocks=(Paragraph((Text("א"),)),))
    digest = compose_digest([make_post(language="he", body=body)], [], settings, now)
    html = render(digest, settings, Look([shipped_templates()], settings.publication)).html
    assert "turned" not in re.findall(r"<td[^>]*>", html)
    for tag in re.findall(r"<(?:blockquote|div class=\"sheet\")[^>]*>", html):
        assert "left" not in tag
        assert "right" in tag


def test_the_introduction_stands_first_and_its_links_in_both_parts(
    settings: Settings, make_post: MakePost, look: Look, now: datetime
) -> None:
    body = Body(html="<h1>Hello</h1><p>Dear all.</p>", blocks=(Paragraph((Text("Dear all."),)),))
    introduction = Introduction(body=body, digest="x")
    digest = replace(compose_digest([make_post()], [], settings, now), introduction=introduction)
    rendition = render(digest, settings, look)
    assert rendition.text.index("Dear all.") < rendition.text.index("The text of")
    assert re.search(r"<h2[^>]*>Hello</h2>", rendition.html)


def test_a_footnote_is_reached_without_leaving_the_mail(
    settings: Settings, make_post: MakePost, look: Look, now: datetime
) -> None:
    body = body_of("It is so[^1].\n\n[^1]: Somebody said.", url="https://briefings.example/posts/a/?x=1&y=2")
    assert body is not None
    post = make_post(url="https://briefings.example/posts/a/?x=1&y=2", body=body)
    digest = compose_digest([post], [], settings, now)
    rendition = render(digest, settings, look)
    assert 'href="#p-1"' in rendition.html
    assert not examine(rendition, digest, settings)

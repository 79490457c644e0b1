"""Inlined by place, a page is what premailer makes of the whole of it; and premailer is asked once."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from types import FrameType

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from premailer import Premailer

from briefingfeed.look import Look
from briefingfeed.models.post import Post
from briefingfeed.models.settings import Settings
from briefingfeed.newsletter.digest import Digest, compose_digest
from briefingfeed.newsletter.inline import Inliner
from briefingfeed.newsletter.preflight import examine
from briefingfeed.newsletter.render import Press, render
from unit.newsletter.editions import body_of
from unit.newsletter.test_newsletter_any_post import MARKDOWN
from unit.newsletter.test_newsletter_render import long_post

MakePost = Callable[..., Post]
MakeSettings = Callable[..., Settings]

SHEET = """
body { margin: 0; width: 100% } .page { background-color: #abc; text-align: center } p { color: #111111 }
.text p, .text li { margin: 0 0 9px 0 } .text > p { color: #222222 } p.quiet { color: #333333 }
div .text td p { top: 0 }
td { vertical-align: top; height: auto } img { float: left; border: 0 } .text .text { color: unset } a.b.c { left: 0 }
h2, h3 { font: 700 16px/20px "Segoe UI", serif } * { color: red } style { top: 1px } @font-face { font-family: x }
"""
TAGS = st.sampled_from(
    ["<p>", "</p>", "<p class=quiet>", '<p class="text quiet">', "<div>", "<div class=text>", "</div>", "<td>", "</td>",
     "<table class='page'><tr>", "</tr></table>", "<ul>", "<li>", "</ul>", '<td align="right" bgcolor="#fff">', "<br/>",
     '<img src="https://a.example/b.png" style="float:right">', "<img style='border:1px'>", "<a class='b c' href=x>",
     "<div class=text><p>", "<div class=text><ul><li>", "<h2>", "</h3>", "<b>", "<i style='color: blue; top: 2px'>",
     "</b>", "<o:p>", "<style data-premailer=ignore>p {}",
     "</style>", "<!-- a -->", "<![if !mso]>", "<?x?>", "&amp;", "a", "&nbsp;", "\u202e", "</body>", "</table>", "<tr>"]
)  # fmt: skip
SOUP = st.lists(TAGS, max_size=40).map("".join)


def premailed(html: str) -> str:
    """Inline a whole page with premailer alone."""
    return str(
        Premailer(
            html,
            allow_network=False,
            strip_important=False,
            disable_validation=True,
            disable_basic_attributes=["width", "height"],
            cssutils_logging_level=logging.CRITICAL,
        ).transform(pretty_print=False)
    )


def page(body: str, sheet: str = SHEET) -> str:
    return f"<!DOCTYPE html>\n<html><head><title>t</title><style>{sheet}</style></head><body>{body}</body></html>\n"


@contextmanager
def premailer_counted() -> Iterator[list[FrameType]]:
    """Watch the interpreter: one entry for each time that premailer begins to transform something."""
    runs: list[FrameType] = []

    def watch(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code is Premailer.transform.__code__:
            runs.append(frame)

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        yield runs
    finally:
        sys.setprofile(before)


class Recording(Inliner):
    """Keeps the pages it is given, and what it made of them."""

    def __init__(self) -> None:
        super().__init__()
        self.pages: list[tuple[str, str]] = []

    def inline(self, html: str, *, kin: Callable[[], Iterable[str]] = tuple) -> str:
        inlined = super().inline(html, kin=kin)
        self.pages.append((html, inlined))
        return inlined


@examples(deadline=None, max_examples=100)
@given(bodies=st.lists(SOUP, min_size=1, max_size=3))
def test_by_place_any_page_is_what_premailer_makes_of_the_whole(bodies: list[str]) -> None:
    inliner = Inliner()
    for body in bodies:
        assert inliner.inline(page(body)) == premailed(page(body))


@examples(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(markdown=st.lists(MARKDOWN, min_size=1, max_size=3))
def test_digests_of_any_posts_share_what_premailer_said(
    markdown: list[str], make_post: MakePost, settings: Settings, look: Look, now: datetime
) -> None:
    bodies = [body for each in markdown if (body := body_of(each)) is not None]
    posts = [make_post(name=f"any {number}", body=body) for number, body in enumerate(bodies)]
    inliner = Recording()
    press = Press(settings, look, inliner)
    for some in (posts, posts[1:], posts[:1]):
        press.render(compose_digest(some, [], settings, now))
    for source, inlined in inliner.pages:
        assert inlined == premailed(source)


@pytest.mark.parametrize(
    "rule",
    ["p + p {{{}}}", "p ~ p {{{}}}", "p:first-child {{{}}}", "p:hover {{{}}}", "#one {{{}}}", "[lang] {{{}}}",
     "@media print {{ p {{{}}} }}", "p {{{}}} .text :not(a) {{{}}}"],
)  # fmt: skip
def test_where_neighbours_and_positions_count_each_page_is_inlined_as_a_whole(rule: str) -> None:
    sheet = rule.format("color: #111111", "top: 0")
    pages = [page("<p id=one>a</p><p lang=en class=1>b</p>", sheet), page("<p>b</p>", sheet)]
    inliner = Inliner()
    assert [inliner.inline(each) for each in pages] == [premailed(each) for each in pages]
    assert inliner.runs == 2


@pytest.mark.parametrize(
    "html",
    [
        "<html><head><style media=print>p { top: 0 }</style><style>p { left: 0 }</style></head><p>a</p></html>",
        "<!doctype html>\n<html><head><style></style></head><body><p>a</p></body></html>",
        "<p>a</p>",
        page("<p>a</p><style>p { left: 0 }</style>and<p>b</p>"),
        page("<p class=''>a</p><p style=''>b</p>"),
    ],
    ids=["for print", "a doctype in small letters", "no head", "a style block in the body", "empty attributes"],
)
def test_unusual_pages_are_what_premailer_makes_of_them(html: str) -> None:
    assert Inliner().inline(html) == premailed(html)


def digests_of_an_edition(make_post: MakePost, settings: Settings, now: datetime) -> list[Digest]:
    """Three digests of one edition, the posts of each cut differently."""
    posts = [long_post(make_post, name, size) for name, size in (("a", 20), ("bb", 90), ("c", 10), ("dd", 60))]
    return [compose_digest(some, [], settings, now) for some in (posts, posts[1:], posts[:2])]


@pytest.mark.parametrize("budget", [90, 25, 20], ids=["whole", "shortened", "without summaries"])
def test_premailer_runs_once_for_an_edition_however_much_its_digests_are_shortened(
    budget: int, make_settings: MakeSettings, make_post: MakePost, look: Look, now: datetime
) -> None:
    settings = make_settings(size_budget_kb=budget)
    inliner = Inliner()
    press = Press(settings, look, inliner)
    digests = digests_of_an_edition(make_post, settings, now)
    with premailer_counted() as runs:
        renditions = [press.render(digest) for digest in digests]
    assert (len(runs), inliner.runs) == (1, 1)
    assert [("Read more" in each.html) for each in renditions] == [budget < 90] * 3
    assert renditions == [render(digest, settings, look) for digest in digests]
    for rendition, digest in zip(renditions, digests, strict=True):
        assert examine(rendition, digest, settings, press.bodies) == examine(rendition, digest, settings)

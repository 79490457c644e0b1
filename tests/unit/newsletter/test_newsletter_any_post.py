"""Whatever a post holds, its digest parses, stays inside the budget, and tells the same in both parts."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from email import message_from_bytes, policy
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from briefingfeed.look import Look
from briefingfeed.models.edition import SlotName
from briefingfeed.models.post import Post
from briefingfeed.models.settings import Settings
from briefingfeed.newsletter.digest import compose_digest
from briefingfeed.newsletter.mime import splice
from briefingfeed.newsletter.placeholders import placeholders_of
from briefingfeed.newsletter.preflight import examine
from briefingfeed.newsletter.render import render
from unit.newsletter.editions import body_of

MakePost = Callable[..., Post]
VALUES = {
    SlotName.ADDRESS: "ada@example.org",
    SlotName.MESSAGE_ID: "<id@briefings.example>",
    SlotName.UNSUBSCRIBE_URL: "https://briefings.example/u/token",
}
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
MARKS = st.sampled_from(
    ["# ", "### ", "> ", "- ", "1. ", "    ", "| a | b |\n|---|---|\n| ", "![", "](x.png)", "[a](https://a.example/",
     ")",
     "<b>", "</td>", "<!--", "&amp;", "{{ ", "`", "~~~\n", "[^1]", "[^1]: ", "\u202e", "*", "\n\n", "\n",
     "<https://b.example/?q=",
     ">", "— ", "سلام", "你好", "\\", "<table><tr><td>", "<img src='https://i.example/a.png' width='5000' height='9'>"]
)  # fmt: skip
MARKDOWN = st.lists(st.one_of(WORDS, MARKS), max_size=60).map("".join)


class Addresses(HTMLParser):
    """Where a document links to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {value or "" for name, value in attrs if tag == "a" and name == "href"}


def check(markdown: str, make_post: MakePost, settings: Settings, look: Look, now: datetime) -> None:
    body = body_of(markdown)
    if body is None:
        return
    posts = [make_post(name="any", body=body, summary="What it says."), make_post("2026-11-19", "other")]
    digest = compose_digest(posts, posts, settings, now)
    rendition = render(digest, settings, look)
    assert len(rendition.html.encode()) <= settings.newsletter.size_budget_kb * 1024
    assert not [finding for finding in examine(rendition, digest, settings) if finding.stops]

    raw = b"".join(splice(rendition.message, VALUES))
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    message = message_from_bytes(raw, policy=policy.default)
    assert not message.defects
    html, text = (message.get_body((kind,)).get_content() for kind in ("html", "plain"))  # type: ignore[union-attr]
    url = placeholders_of(rendition)[SlotName.UNSUBSCRIBE_URL]
    assert text.replace("\r\n", "\n").strip() == rendition.text.replace(url, VALUES[SlotName.UNSUBSCRIBE_URL]).strip()
    parser = Addresses()
    parser.feed(html)
    parser.close()
    shown = {link for link in parser.found if not link.startswith("#")} - {f"{settings.publication.url}/"}
    unwrapped = re.sub(r"\s", "", text)
    assert not [link for link in shown if re.sub(r"\s", "", link.removeprefix("mailto:")) not in unwrapped]


@examples(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(markdown=MARKDOWN)
def test_any_post(markdown: str, make_post: MakePost, settings: Settings, look: Look, now: datetime) -> None:
    check(markdown, make_post, settings, look, now)


@pytest.mark.parametrize(
    "markdown",
    [
        pytest.param("| a | b |\n|---|---|\n" + "| one cell | another cell |\n" * 3_800, id="100 kB of table"),
        pytest.param("".join(f"[word {n}](https://a.example/{n}?x=1&y=2) " for n in range(1_000)), id="1,000 links"),
        pytest.param("".join("  " * depth + f"- level {depth}\n" for depth in range(30)), id="deep lists"),
        pytest.param(">" * 60 + " deep", id="deep quotations"),
        pytest.param("x" * 200_000, id="one long word"),
        pytest.param("你好" * 20_000, id="no spaces"),
        pytest.param("\U0001f469\u200d\U0001f4bb e\u0301 \u202eabc\u202c \ufffe " * 400, id="Unicode"),
        pytest.param("![](https://i.example/a.png)\n\n" * 500, id="500 images"),
    ],
)
def test_a_post_beyond_measure(
    markdown: str, make_post: MakePost, settings: Settings, look: Look, now: datetime
) -> None:
    check(markdown, make_post, settings, look, now)

"""Whatever stands in a post: nothing crashes, and nothing dangerous or relative is ever published."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from briefingfeed.models.settings import PublicationSettings
from briefingfeed.posts.characters import decode
from briefingfeed.posts.discovery import describe
from briefingfeed.posts.findings import Findings
from briefingfeed.posts.links import Links, Page
from briefingfeed.posts.markdown import Renderer
from briefingfeed.posts.sanitise import ATTRIBUTES, TAGS
from briefingfeed.posts.source import parse

# Pieces of Markdown, HTML, templates and traps, divided by ¦.
_PIECES = (
    "\n¦\n\n¦ ¦  \n¦*¦**¦_¦~~¦`¦```¦> ¦- ¦1. ¦# ¦|¦|-|¦\n|-|-|\n¦[¦]¦(¦)¦](¦![¦<¦>¦</¦/>¦&¦&#¦;¦&#x0;¦&#xD800;¦&lt;¦"
    "<!--¦-->¦<![CDATA[¦<script>¦</script>¦<style>¦<svg onload=alert(1)>¦<math>¦<iframe src=x>¦<title>¦<textarea>¦"
    "<a href='¦<a href=javascript:alert(1)>¦</a>¦<img src=x onerror=alert(1)>¦<b>¦</b>¦<p>¦<table>¦<form action=x>¦"
    "<base href=x>¦<meta http-equiv=refresh>¦<div style='x:y' id=a class=b>¦javascript:¦java\tscript:x¦"
    "data:text/html,x¦//evil.example/x¦https://x.example/a_b¦http://[¦mailto:a@b¦#frag¦../..¦?q=1¦[^a]¦[^a]: ¦"
    "\n[^a]: x\n¦[r]: ¦{#id}¦"
    "{{ x }}¦{% y %}¦<!--more-->¦\\¦\t¦    ¦\x00¦\x1b¦\ufffe¦\u2028¦é¦日本¦💡¦\u202e¦—¦— ¦“¦\"¦'¦word¦standfirst"
)
PIECES = st.sampled_from(_PIECES.split("¦"))
TEXTS = st.one_of(st.lists(PIECES, max_size=40).map("".join), st.text(max_size=200))
QUICK = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
HOME = "https://lantern.example/posts/a/"


class Inspector(HTMLParser):
    """Fails on anything that is not on the list."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS
        for name, value in attrs:
            assert name in ATTRIBUTES["*"] | ATTRIBUTES.get(tag, set()) | {"rel"}
            assert not name.startswith("on")
            if name in {"href", "src"}:
                parts = urlsplit(value or "")
                assert parts.scheme in {"http", "https", "mailto"}
                assert parts.netloc or parts.scheme == "mailto"
            if name == "id":
                assert (value or "").startswith("p1-")
            if name == "style":
                assert (value or "").startswith("text-align:")

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)


@QUICK
@given(text=TEXTS, standfirst=st.none() | st.just("standfirst word"), language=st.sampled_from(["en", "de"]))
def test_any_text_is_rendered_safely(text: str, standfirst: str | None, language: str) -> None:
    links = Links(Page(HOME, "p1-"), "posts/a.md", "posts", {})
    findings = Findings("posts/a.md")
    source = decode(text.encode("utf-8", "replace"), findings) or ""
    rendered = Renderer().render(
        source,
        links,
        prefix="p1-",
        language=language,
        standfirst=standfirst,
        wants_excerpt=True,
        findings=findings,
        first_line=1,
    )
    assert rendered is not None
    Inspector().feed(rendered.body.html)
    root = etree.Element("content")
    root.text = rendered.body.html + rendered.excerpt + repr(rendered.body.blocks)
    etree.fromstring(etree.tostring(root))
    assert isinstance(rendered.body.blocks, tuple)
    assert all(
        link is None or link.startswith(("http://", "https://", "mailto:")) for link in map(links.resolve, [text])
    )


_KEYS = (
    "title date updated id url authors standfirst contact topics summary draft slug aliases image closes "
    "call_to_action corrections feed email comments language params published status permalink"
)
_VALUES = st.one_of(TEXTS, st.sampled_from(["2026-11-24", "[a, b]", "{a: b}", "[{date: 2026-11-24, note: x}]", "yes"]))
_FENCED = st.tuples(
    st.sampled_from(["---\n", "+++\n", "\ufeff---\n", "title: "]),
    TEXTS,
    st.sampled_from(["\n---\n", "\n+++\n", "\n\n"]),
    TEXTS,
).map("".join)
_HEADS = st.lists(st.tuples(st.sampled_from(_KEYS.split()), _VALUES), max_size=8).map(
    lambda pairs: "---\n" + "".join(f"{key}: {value}\n" for key, value in pairs) + "---\n"
)


@QUICK
@given(
    data=st.one_of(
        st.binary(max_size=300), st.one_of(_FENCED, _HEADS).map(lambda text: text.encode("utf-8", "replace"))
    )
)
def test_any_file_is_a_draft_or_has_an_error(data: bytes) -> None:
    findings = Findings("posts/a.md")
    candidate = describe(Path("posts/a.md"), "posts/a.md")
    draft = parse(data, candidate, {}, PublicationSettings(), findings)
    assert (draft is None) == findings.broken
    for problem in findings.problems:
        assert problem.message
        assert problem.remedy
        assert problem.line is None or problem.line >= 1

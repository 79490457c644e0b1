"""The rendered digest: its size, and what hostile posts do to it (nothing)."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from email import message_from_bytes, policy
from html import unescape
from pathlib import Path

import pytest

from briefingfeed.errors import TemplateError
from briefingfeed.look import Look
from briefingfeed.models.blocks import Body, Paragraph, Text
from briefingfeed.models.edition import SlotName, content_hash
from briefingfeed.models.post import Author, Post
from briefingfeed.models.settings import Mailbox, Settings
from briefingfeed.newsletter.digest import Digest, compose_digest
from briefingfeed.newsletter.mime import splice
from briefingfeed.newsletter.preflight import examine
from briefingfeed.newsletter.render import render
from briefingfeed.shipped import shipped_templates
from unit.newsletter.example import example_posts, older_call

MakePost = Callable[..., Post]
MakeSettings = Callable[..., Settings]

VALUES = {
    SlotName.ADDRESS: "ada@example.org",
    SlotName.MESSAGE_ID: "<id@briefings.example>",
    SlotName.UNSUBSCRIBE_URL: "https://briefings.example/u/token?a&b",
}


@pytest.fixture
def digest(settings: Settings, make_post: MakePost, now: datetime) -> Digest:
    posts = example_posts(make_post)
    return compose_digest(posts, [*posts, older_call(make_post)], settings, now)


def long_post(make_post: MakePost, name: str, paragraphs: int) -> Post:
    text = f"{name} " * 60
    body = Body(html=f"<p>{text}</p>\n" * paragraphs, blocks=(Paragraph((Text(text),)),) * paragraphs)
    return make_post("2026-11-20", name, body=body, summary=f"In short: {name}.")


def test_the_same_digest_gives_the_same_bytes(digest: Digest, settings: Settings, look: Look) -> None:
    first, second = render(digest, settings, look), render(digest, settings, look)
    assert first == second
    assert first.content_hash == content_hash(second.message)


def test_headers(make_settings: MakeSettings, make_post: MakePost, look: Look, now: datetime) -> None:
    settings = make_settings(
        from_=Mailbox("post@bücher.example", "Größe, Ltd."), reply_to=Mailbox("ask@briefings.example", "Ask us")
    )
    rendition = render(
        compose_digest([make_post(title="Naïve\r\nBcc: x@y.example")], [], settings, now), settings, look
    )
    message = message_from_bytes(b"".join(splice(rendition.message, VALUES)), policy=policy.default)
    assert {name: str(value) for name, value in message.items() if name != "Content-Type"} == {
        "From": '"Größe, Ltd." <post@xn--bcher-kva.example>',
        "To": "ada@example.org",
        "Subject": "Lantern Street Briefings: Naïve Bcc: x@y.example",
        "Date": "Mon, 23 Nov 2026 08:05:00 +0000",
        "Message-ID": "<id@briefings.example>",
        "Reply-To": "Ask us <ask@briefings.example>",
        "List-Id": "Lantern Street Briefings <weekly.briefings.example>",
        "List-Unsubscribe": "<https://briefings.example/u/token?a&b>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Precedence": "bulk",
        "MIME-Version": "1.0",
    }


def test_list_id_outlives_a_change_of_the_site(settings: Settings, digest: Digest, look: Look) -> None:
    publication = replace(settings.publication, id_authority="lantern.example,2026", url="https://moved.example")
    rendition = render(digest, replace(settings, publication=publication), look)
    assert dict(rendition.headers)["List-Id"] == "Lantern Street Briefings <weekly.lantern.example>"


def test_test_mail_says_so_in_its_subject(digest: Digest, settings: Settings, look: Look) -> None:
    rendition = render(digest, settings, look, test=True)
    assert rendition.subject == f"[Test] {digest.subject}"
    assert dict(rendition.headers)["Subject"] == rendition.subject


def test_html_part_keeps_the_conventions_of_mail(digest: Digest, settings: Settings, look: Look) -> None:
    html = render(digest, settings, look).html
    assert html.startswith('<!DOCTYPE html>\n<html lang="en" dir="ltr"')
    for kept in ("_resets.css", "_screens.css"):
        assert look.render(f"email/{kept}", direction="ltr").strip() in html
    assert html.count("<style") == 3  # these two, and the one for Outlook, in a comment
    assert html.count("<h1") == 1
    assert html.count("<h2") == len(digest.posts) + 2  # contents and closing soon
    assert not re.search(r"<(script|link|form|svg|iframe)\b", html)
    assert not re.search(r"<!--(?!\[if )", html)
    for image in re.findall(r"<img[^>]*>", html):
        assert re.search(r' width="\d+"', image), image
        assert " alt=" in image
        assert "max-width:100%" in image
        assert 'height="auto"' not in image
    for table in re.findall(r"<table(?! style='margin:4px)[^>]*>", html):
        assert 'role="presentation"' in table
    assert set(re.findall(r'(?:src|background)="([^"]*)"', html)) == {
        "https://briefings.example/posts/images/lantern-street.png",
        "https://briefings.example/posts/images/what-was-in-it.png",
    }


def test_every_link_of_a_post_is_in_both_parts(digest: Digest, settings: Settings, look: Look) -> None:
    rendition = render(digest, settings, look)
    links = {unescape(link) for link in re.findall(r'href="([^"#][^"]*)"', rendition.html)}
    for link in links - {f"{settings.publication.url}/", "https://corner-pharmacy.example/"}:
        assert link.removeprefix("mailto:") in rendition.text, link


@pytest.mark.parametrize("language", ["ar", "he-IL", "fa"])
def test_direction_follows_the_language(make_settings: MakeSettings, digest: Digest, language: str) -> None:
    settings = make_settings(language=language)
    html = render(digest, settings, Look([shipped_templates()], settings.publication)).html
    assert f'<html lang="{language}" dir="rtl"' in html


def test_a_post_in_another_language_says_so(settings: Settings, make_post: MakePost, look: Look, now: datetime) -> None:
    html = render(compose_digest([make_post(language="cy")], [], settings, now), settings, look).html
    assert re.search(r'<td class="post" lang="cy"', html)


def test_what_looks_like_a_template_in_a_post_stays_as_it_is(
    settings: Settings, make_post: MakePost, look: Look, now: datetime
) -> None:
    words = "{{ 7*7 }} {% include 'x' %} {# note #}"
    post = make_post(
        title=words,
        standfirst=words,
        authors=(Author(name=words, role=words),),
        topics=(words,),
        body=Body(html=f"<p>{words}</p>", blocks=(Paragraph((Text(words),)),)),
    )
    digest = compose_digest([post], [post], settings, now)
    rendition = render(digest, settings, look)
    assert rendition.text.count(words) >= 5
    assert unescape(rendition.html).count(words) >= 5
    assert "49" not in rendition.text
    assert not [finding for finding in examine(rendition, digest, settings) if finding.stops]


def test_markup_in_a_title_is_only_text(settings: Settings, make_post: MakePost, look: Look, now: datetime) -> None:
    evil = '<script>alert("x")</script>"><img src=x onerror=y> & \x00\x0b\ud800 \u2028'
    post = make_post(title=evil, standfirst=evil, summary=evil, authors=(Author(name=evil, role=evil),), topics=(evil,))
    digest = compose_digest([post, make_post("2026-11-19")], [post], settings, now)
    html = render(digest, settings, look).html
    assert "<script" not in html
    assert "<img" not in html
    assert "&lt;script&gt;" in html


def test_rendering_touches_no_network(
    digest: Digest, settings: Settings, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise AssertionError("the network was touched")

    monkeypatch.setattr(socket, "socket", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)
    render(digest, settings, look)


# The size budget


def test_a_digest_within_the_budget_is_not_shortened(digest: Digest, settings: Settings, look: Look) -> None:
    rendition = render(digest, settings, look)
    assert ">Read more<" not in rendition.html
    assert len(rendition.html.encode()) < 40 * 1024


def test_over_the_budget_the_longest_posts_are_shortened_and_no_more_than_needed(
    make_settings: MakeSettings, make_post: MakePost, look: Look, now: datetime
) -> None:
    settings = make_settings(size_budget_kb=25)
    posts = [
        long_post(make_post, name, size) for name, size in (("a", 20), ("bb", 90), ("c", 10), ("dd", 60), ("e", 1))
    ]
    digest = compose_digest(posts, [], settings, now)
    rendition = render(digest, settings, look)
    assert len(rendition.html.encode()) <= 25 * 1024
    shortened = [name for name in ("a", "bb", "c", "dd", "e") if f"In short: {name}." in rendition.text]
    assert shortened == ["bb", "dd"]
    assert rendition.html.count(">Read more<") == 2
    assert rendition.text.count("Read more:") == 2
    assert rendition.post_ids == tuple(post.id for post in posts)
    warned = [finding.message for finding in examine(rendition, digest, settings)]
    assert [("bb" in message, "dd" in message) for message in warned] == [(True, False), (False, True)]


def test_with_all_posts_shortened_the_summaries_go_if_it_is_still_too_much(
    make_settings: MakeSettings, make_post: MakePost, look: Look, now: datetime
) -> None:
    settings = make_settings(size_budget_kb=24)
    posts = [replace(long_post(make_post, f"post {number}", 9), summary="words " * 500) for number in range(10)]
    digest = compose_digest(posts, [], settings, now)
    rendition = render(digest, settings, look)
    assert len(rendition.html.encode()) <= 24 * 1024
    assert "words" not in rendition.text
    assert rendition.text.count("Read more:") == 10
    assert not [finding for finding in examine(rendition, digest, settings) if finding.stops]


def test_a_summary_that_is_none_is_cut(
    make_settings: MakeSettings, make_post: MakePost, look: Look, now: datetime
) -> None:
    settings = make_settings(size_budget_kb=25)
    post = replace(long_post(make_post, "long", 90), summary="words " * 500)
    text = render(compose_digest([post], [], settings, now), settings, look).text
    assert text.count("words") == 100
    assert "words…" in text


def test_the_list_of_contents_says_which_posts_are_shortened(
    make_settings: MakeSettings, make_post: MakePost, look: Look, now: datetime
) -> None:
    posts = [long_post(make_post, "long", 90), long_post(make_post, "short", 1)]
    settings = make_settings(size_budget_kb=25)
    rendition = render(compose_digest(posts, [], settings, now), settings, look)
    assert "long (Ada Obi, as a summary)" in rendition.text
    assert "short (Ada Obi)" in rendition.text
    assert rendition.html.count("Ada Obi · as a summary") == 1


def test_what_is_over_the_budget_even_so_stops_the_edition(
    make_settings: MakeSettings, make_post: MakePost, look: Look, now: datetime
) -> None:
    settings = make_settings(size_budget_kb=20)
    posts = [long_post(make_post, f"post {number}", 2) for number in range(40)]
    digest = compose_digest(posts, [], settings, now)
    rendition = render(digest, settings, look)
    assert rendition.html.count(">Read more<") == 40
    (stopping,) = [finding for finding in examine(rendition, digest, settings) if finding.stops]
    size = len(rendition.html.encode()) // 1024
    assert stopping.message == f"The mail has {size} kB of HTML even with every post shortened; the most is 20 kB."


# A publication's own templates


def own_look(settings: Settings, folder: Path, name: str, content: str) -> Look:
    (folder / "email").mkdir()
    (folder / "email" / name).write_text(content, encoding="utf-8")
    return Look([folder, shipped_templates()], settings.publication)


def test_own_footer_without_unsubscribe_link_stops_the_edition(
    settings: Settings, digest: Digest, tmp_path: Path
) -> None:
    look = own_look(settings, tmp_path, "_footer.html", "<p>Bye. {% raw %}{{ forgotten }}{% endraw %}</p>")
    rendition = render(digest, settings, look)
    assert [finding.message for finding in examine(rendition, digest, settings) if finding.stops] == [
        "The HTML part of the mail has no unsubscribe link.",
        "The HTML part of the mail does not show the postal address.",
        "“{{ forgotten }}” was left in the mail: a place that was to be filled in.",
    ]


@pytest.mark.parametrize(
    ("rules", "named"),
    [
        (".text { color: red !important; }", "!important"),
        (".page { background-image: none; } </style><style>.title { color: red !important }", "!important"),
    ],
)
def test_rules_that_would_break_dark_mode_are_refused(
    settings: Settings, digest: Digest, tmp_path: Path, rules: str, named: str
) -> None:
    look = own_look(settings, tmp_path, "_inlined.css", rules)
    with pytest.raises(TemplateError, match=named):
        render(digest, settings, look)


@pytest.mark.parametrize(
    ("footer", "named"),
    [
        ('<img src="/logo.png" alt="" width="10">', "/logo.png"),
        ('<img src="https://x.example/a.png" alt="" height="auto">', "auto"),
        ('<a href="javascript:x">x</a>', "javascript:x"),
    ],
)
def test_addresses_and_sizes_that_mail_cannot_hold_are_refused(
    settings: Settings, digest: Digest, tmp_path: Path, footer: str, named: str
) -> None:
    look = own_look(settings, tmp_path, "_footer.html", footer)
    with pytest.raises(TemplateError, match=re.escape(named)):
        render(digest, settings, look)


def test_a_stylesheet_somewhere_else_is_never_fetched(settings: Settings, digest: Digest, tmp_path: Path) -> None:
    footer = (shipped_templates() / "email" / "_footer.html").read_text(encoding="utf-8")
    sheet = (
        '<link rel="stylesheet" href="http://127.0.0.1:1/x.css"><style>@import url(http://127.0.0.1:1/y.css);</style>'
    )
    rendition = render(digest, settings, own_look(settings, tmp_path, "_footer.html", sheet + footer))
    assert "127.0.0.1" not in rendition.html


def test_premailer_is_imported_only_to_render() -> None:
    """It takes 100 ms and more: what only sends a frozen edition does without."""
    code = "import sys, briefingfeed.newsletter.render; print('premailer' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout == "False\n"

"""What stops an edition, and what is only said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from briefingfeed.look import Look
from briefingfeed.models.blocks import Body, Image, Paragraph
from briefingfeed.models.edition import Rendition, SlotName
from briefingfeed.models.post import Closing, LeadImage, Post
from briefingfeed.models.settings import Settings
from briefingfeed.newsletter.digest import Digest, compose_digest
from briefingfeed.newsletter.placeholders import placeholders_of
from briefingfeed.newsletter.preflight import Finding, examine
from briefingfeed.newsletter.render import render
from unit.newsletter.example import example_posts

MakePost = Callable[..., Post]
MakeSettings = Callable[..., Settings]
Examine = Callable[..., tuple[Finding, ...]]


@pytest.fixture
def digest(settings: Settings, make_post: MakePost, now: datetime) -> Digest:
    return compose_digest(example_posts(make_post), [], settings, now)


@pytest.fixture
def rendition(digest: Digest, settings: Settings, look: Look) -> Rendition:
    return render(digest, settings, look)


def stops(findings: tuple[Finding, ...]) -> list[str]:
    return [finding.message for finding in findings if finding.stops]


def test_the_shipped_digest_has_no_finding(rendition: Rendition, digest: Digest, settings: Settings) -> None:
    assert examine(rendition, digest, settings) == ()


@pytest.mark.parametrize(("part", "name"), [("html", "HTML"), ("text", "text")])
def test_missing_unsubscribe_link(
    rendition: Rendition, digest: Digest, settings: Settings, part: str, name: str
) -> None:
    url = placeholders_of(rendition)[SlotName.UNSUBSCRIBE_URL]
    broken = replace(rendition, **{part: getattr(rendition, part).replace(url, "https://x.example/")})
    assert stops(examine(broken, digest, settings)) == [f"The {name} part of the mail has no unsubscribe link."]


def test_a_link_that_only_stands_in_a_comment_does_not_count(
    rendition: Rendition, digest: Digest, settings: Settings
) -> None:
    url = placeholders_of(rendition)[SlotName.UNSUBSCRIBE_URL]
    html = rendition.html.replace(url, "https://x.example/") + f'<!--[if mso]><a href="{url}">x</a><![endif]-->'
    assert stops(examine(replace(rendition, html=html), digest, settings)) == [
        "The HTML part of the mail has no unsubscribe link."
    ]


@pytest.mark.parametrize(("part", "name"), [("html", "HTML"), ("text", "text")])
def test_missing_postal_address(rendition: Rendition, digest: Digest, settings: Settings, part: str, name: str) -> None:
    broken = replace(rendition, **{part: getattr(rendition, part).replace("12 Example Row", "somewhere")})
    assert stops(examine(broken, digest, settings)) == [
        f"The {name} part of the mail does not show the postal address."
    ]


def test_postal_address_may_have_lines_and_markup_characters(settings: Settings, digest: Digest, look: Look) -> None:
    publication = replace(settings.publication, postal_address="Lamp & Key <Trust>\n12 “Row”\n  Kelverton")
    settings = replace(settings, publication=publication)
    assert examine(render(digest, settings, look), digest, settings) == ()


def test_no_postal_address_at_all(settings: Settings, digest: Digest, look: Look) -> None:
    settings = replace(settings, publication=replace(settings.publication, postal_address=" "))
    assert stops(examine(render(digest, settings, look), digest, settings)) == ["There is no postal address."]


def test_empty_parts(rendition: Rendition, digest: Digest, settings: Settings) -> None:
    url = placeholders_of(rendition)[SlotName.UNSUBSCRIBE_URL]
    html = f'<!DOCTYPE html><head><title>x</title></head><body><a href="{url}"> </a></body>'
    messages = stops(examine(replace(rendition, html=html, text=url), digest, settings))
    assert "The HTML part of the mail is empty." in messages
    assert "The text part of the mail is empty." in messages


@pytest.mark.parametrize("leftover", ["{{ name }}", "{% if x %}", "{{first_name}}"])
def test_leftovers_in_settings_stop_the_edition(settings: Settings, digest: Digest, look: Look, leftover: str) -> None:
    digest = replace(digest, reason=f"Dear {leftover}, you asked for it.")
    assert stops(examine(render(digest, settings, look), digest, settings)) == [
        f"“{leftover}” was left in the mail: a place that was to be filled in."
    ]


def test_a_subject_written_for_another_template_language_stops_the_edition(
    make_settings: MakeSettings, make_post: MakePost, look: Look, now: datetime
) -> None:
    settings = make_settings(subject="News {{{{ title }}}}")
    digest = compose_digest([make_post()], [], settings, now)
    assert digest.subject == "News {{ title }}"
    assert stops(examine(render(digest, settings, look), digest, settings)) == [
        "“{{ title }}” was left in the mail: a place that was to be filled in."
    ]


def test_what_somebody_should_know_but_stops_nothing(
    settings: Settings, make_post: MakePost, look: Look, now: datetime
) -> None:
    closed = Closing(at=datetime(2026, 11, 22, tzinfo=ZoneInfo("Europe/London")), day=date(2026, 11, 21))
    post = make_post(
        title="A very long title " * 5,
        closes=closed,
        image=LeadImage(url="https://briefings.example/a.png"),
        body=Body(
            html='<p><img src="https://briefings.example/b.png"></p>',
            blocks=(Paragraph((Image("https://briefings.example/b.png", ""),)),),
        ),
    )
    digest = compose_digest([post], [], settings, now)
    findings = examine(render(digest, settings, look), digest, settings)
    assert not any(finding.stops for finding in findings)
    assert [(finding.post_path, finding.field) for finding in findings] == [
        (post.path, "title"),
        (post.path, None),
        (post.path, "closes"),
    ]
    subject, images, closing = (finding.message for finding in findings)
    assert "The subject has" in subject
    assert "2 images without alternative text" in images
    assert "after its closing date" in closing

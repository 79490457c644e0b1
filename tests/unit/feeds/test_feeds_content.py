from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from briefingfeed.feeds.content import compose_content
from briefingfeed.models.blocks import Body, Paragraph, Text
from briefingfeed.models.post import Author, CallToAction, Closing, Contact, Correction, Post

LONDON = ZoneInfo("Europe/London")


def test_content_has_every_piece_once_in_its_order(post: Callable[..., Post]) -> None:
    guest = Author(name="Ines Sørby", role="Pilot", organisation="Port of Hals", guest=True, email="ines@hals.example")
    content = compose_content(
        post(
            html="<p>The text.</p>",
            standfirst="A pilot writes.",
            authors=(guest, Author(name="Only A. Name")),
            contact=Contact(name="Ann", email="ann@harbour.example"),
            closes=Closing(at=datetime(2026, 11, 25, tzinfo=LONDON), day=date(2026, 11, 24)),
            call_to_action=CallToAction(label="Answer the survey", url="https://survey.example/?a=1&b=2"),
            corrections=(Correction(date=date(2026, 11, 21), note="It was five, not six."),),
        ),
        LONDON,
    )

    assert content == (
        "<p><em>A pilot writes.</em></p>\n"
        "<p>The text.</p>\n"
        "<p><strong>Ines Sørby</strong><br>Pilot<br>Port of Hals</p>\n"
        '<p>Contact: Ann, <a href="mailto:ann@harbour.example">ann@harbour.example</a></p>\n'
        "<p><strong>Closing date:</strong> 24 November 2026</p>\n"
        '<p><a href="https://survey.example/?a=1&amp;b=2"><strong>Answer the survey</strong></a></p>\n'
        "<p><strong>Corrections</strong></p>\n"
        "<ul><li>21 November 2026: It was five, not six.</li></ul>\n"
    )


def test_closing_time_is_told_in_the_publications_zone(post: Callable[..., Post]) -> None:
    at = datetime.fromisoformat("2026-07-01T16:00:00+00:00")
    closes = Closing(at=at, day=date(2026, 7, 1), time_given=True)

    assert "1 July 2026, 17:00" in compose_content(post(closes=closes), LONDON)


def test_standfirst_that_the_text_repeats_is_shown_once(post: Callable[..., Post]) -> None:
    body = Body("<p>A pilot\nwrites.</p>\n<p>More.</p>", (Paragraph((Text("A pilot writes."),)),))

    assert compose_content(post(standfirst="A pilot writes.", body=body), LONDON).count("writes.") == 1


def test_marks_in_plain_texts_are_escaped_once(post: Callable[..., Post]) -> None:
    content = compose_content(
        post(
            standfirst="Tides & <rights>",
            authors=(Author(name="A <b>", role="R & D"),),
            corrections=(Correction(date=date(2026, 1, 2), note="x < y"),),
        ),
        LONDON,
    )

    assert "<em>Tides &amp; &lt;rights&gt;</em>" in content
    assert "<strong>A &lt;b&gt;</strong><br>R &amp; D" in content
    assert "x &lt; y" in content


def test_template_marks_in_a_post_are_text(post: Callable[..., Post]) -> None:
    assert "{{ 7*7 }} {0} {name}" in compose_content(post(standfirst="{{ 7*7 }} {0} {name}"), LONDON)


def test_address_of_an_author_is_never_published(post: Callable[..., Post]) -> None:
    author = Author(name="Ann", role="Editor", email="ann@private.example")

    assert "private.example" not in compose_content(post(authors=(author,)), LONDON)

"""What a digest says before it is rendered: subject, preheader, what closes soon."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefingfeed.models.post import Closing, Post
from briefingfeed.models.settings import Settings
from briefingfeed.newsletter.digest import PREHEADER_LENGTH, compose_digest, one_line

MakePost = Callable[..., Post]
MakeSettings = Callable[..., Settings]


def closing(day: str, hour: int | None = None) -> Closing:
    zone = ZoneInfo("Europe/London")
    last = date.fromisoformat(day)
    if hour is not None:
        return Closing(at=datetime(last.year, last.month, last.day, hour, tzinfo=zone), day=last, time_given=True)
    return Closing(at=datetime(last.year, last.month, last.day + 1, tzinfo=zone), day=last)


def test_subject_is_made_as_the_settings_say(make_settings: MakeSettings, make_post: MakePost, now: datetime) -> None:
    settings = make_settings(subject="{count} new, {date}: {headline} | {title} {{x}}")
    digest = compose_digest([make_post("2026-11-20", "Naloxone"), make_post("2026-11-19")], [], settings, now)
    assert digest.subject == "2 new, 23 November 2026: Naloxone | Lantern Street Briefings {x}"


def test_a_post_title_is_never_read_as_a_pattern(settings: Settings, make_post: MakePost, now: datetime) -> None:
    digest = compose_digest([make_post("2026-11-20", "{title} {{ 7*7 }} {0}")], [], settings, now)
    assert digest.subject == "Lantern Street Briefings: {title} {{ 7*7 }} {0}"


def test_a_subject_without_words_falls_back_to_the_title(
    make_settings: MakeSettings, make_post: MakePost, now: datetime
) -> None:
    settings = make_settings(subject="{headline}")
    assert compose_digest([make_post(title="\u2028")], [], settings, now).subject == "Lantern Street Briefings"


@given(st.text())
def test_one_line_is_one_line(text: str) -> None:
    line = one_line(text)
    assert line.isprintable()
    assert len(line.splitlines()) <= 1
    assert line == " ".join(line.split(" ")).strip()


@pytest.mark.parametrize(
    "separator", ["\r\n", "\n", "\r", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029", "\0", "\ud800"]
)
def test_line_separators_in_a_title_become_spaces(separator: str) -> None:
    assert one_line(f"Hello{separator}Bcc: eve@example.org") == "Hello Bcc: eve@example.org"


def test_preheader_says_what_the_subject_does_not(settings: Settings, make_post: MakePost, now: datetime) -> None:
    posts = [make_post("2026-11-20", "One"), make_post("2026-11-19", "Two"), make_post("2026-11-18", "Three")]
    assert compose_digest(posts, [], settings, now).preheader == "Two · Three"
    assert compose_digest(posts[:1], [], settings, now).preheader == "The text of One."


def test_a_long_preheader_ends_at_a_word(settings: Settings, make_post: MakePost, now: datetime) -> None:
    preheader = compose_digest([make_post(summary="wörter, " * 60)], [], settings, now).preheader
    assert preheader.endswith("wörter…")
    assert len(preheader) <= PREHEADER_LENGTH


def test_what_closes_soon_is_found_in_older_posts_too_and_sorted(
    settings: Settings, make_post: MakePost, now: datetime
) -> None:
    posts = [
        make_post("2026-11-20", "fortnight", closes=closing("2026-12-07")),
        make_post("2026-01-20", "tonight", closes=closing("2026-11-23")),
        make_post("2026-06-20", "noon", closes=closing("2026-11-23", 12)),
    ]
    left_out = [
        make_post("2026-11-19", "later", closes=closing("2026-12-08")),
        make_post("2026-11-18", "over", closes=closing("2026-11-22")),
        make_post("2026-11-17", "this morning", closes=closing("2026-11-23", 8)),
        make_post("2026-11-16", "draft", closes=closing("2026-11-25"), draft=True),
        make_post("2026-11-24", "tomorrow", closes=closing("2026-11-25")),
        make_post("2026-11-15", "not by mail", closes=closing("2026-11-25"), email=False),
        make_post("2026-11-14", "no date"),
    ]
    digest = compose_digest(posts[:1], [*posts, *left_out], settings, now)
    assert [post.title for post in digest.closing_soon] == ["noon", "tonight", "fortnight"]


def test_the_date_is_that_of_the_publication(make_settings: MakeSettings, make_post: MakePost) -> None:
    digest = compose_digest([make_post()], [], make_settings(zone="Asia/Tokyo"), datetime(2026, 11, 22, 23, tzinfo=UTC))
    assert digest.date == date(2026, 11, 23)

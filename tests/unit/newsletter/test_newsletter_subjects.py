"""The subject line, from a title that somebody typed to what a mail program reads."""

from __future__ import annotations

from datetime import date, datetime
from email import message_from_bytes, policy

import pytest

from briefingfeed.look import Look
from briefingfeed.models.edition import Cadence, SlotName
from briefingfeed.models.post import Correction, Post
from briefingfeed.models.settings import Settings
from briefingfeed.newsletter.digest import Corrected, Digest, compose_digest
from briefingfeed.newsletter.mime import splice
from briefingfeed.newsletter.render import render

from .conftest import MakePost

TITLES = [
    "Tides \N{WATER WAVE}\N{FISH} and \N{WHITE HEAVY CHECK MARK}",
    "נמל הלילה: מה ששמענו",
    "المد والجزر، ومن يراقبهما",
    "港の夜" * 40,
    "=?utf-8?q?not_encoded?= (a title)",
    "long " * 2048,
    "x" * 10_240,
    "\N{GREEK SMALL LETTER OMEGA}" * 5_120,
]


def decoded(digest: Digest, settings: Settings, look: Look) -> str:
    values = {
        SlotName.ADDRESS: "ann@example.org",
        SlotName.MESSAGE_ID: "<1@example.org>",
        SlotName.UNSUBSCRIBE_URL: "https://example.org/u/x",
        SlotName.UNSUBSCRIBE_TOKEN: "x",
    }
    mail = b"".join(splice(render(digest, settings, look).message, values))
    assert max(map(len, mail.split(b"\r\n"))) <= 998
    return str(message_from_bytes(mail, policy=policy.default)["Subject"])


@pytest.mark.parametrize("title", TITLES, ids=range(len(TITLES)))
def test_any_title_arrives_as_it_was_written(
    title: str, make_post: MakePost, settings: Settings, look: Look, now: datetime
) -> None:
    digest = compose_digest([make_post(title=title)], [], settings, now)
    assert decoded(digest, settings, look) == f"Lantern Street Briefings: {' '.join(title.split())}"


def test_a_post_that_goes_by_itself_may_have_a_subject_of_its_own(
    make_post: MakePost, settings: Settings, look: Look, now: datetime
) -> None:
    post = make_post(email_subject="Please answer\nby Friday")
    alone = compose_digest([post], [], settings, now, Cadence.POSTS)
    assert decoded(alone, settings, look) == "Please answer by Friday"
    assert compose_digest([post], [], settings, now).subject == f"Lantern Street Briefings: {post.title}"


def corrected(post: Post, note: str = "It was six.") -> Corrected:
    return Corrected(post=post, correction=Correction(date=date(2026, 11, 24), note=note))


def test_corrections_by_themselves_say_so(make_post: MakePost, settings: Settings, look: Look, now: datetime) -> None:
    tides, nets, gulls = (corrected(make_post(title=title)) for title in ("Tides", "Nets", "Gulls"))
    one = compose_digest([], [], settings, now, corrections=[tides])
    assert decoded(one, settings, look) == "Correction: Tides"
    assert one.preheader == "It was six."
    twice = compose_digest([], [], settings, now, corrections=[tides, corrected(tides.post, "Or seven.")])
    assert twice.subject == "Corrections: Tides"
    many = compose_digest([], [], settings, now, corrections=[tides, nets, gulls])
    assert many.subject == "Corrections: Tides and 2 more"


def test_corrections_beside_posts_change_no_subject(make_post: MakePost, settings: Settings, now: datetime) -> None:
    digest = compose_digest([make_post(title="Nets")], [], settings, now, corrections=[corrected(make_post())])
    assert digest.subject == "Lantern Street Briefings: Nets"

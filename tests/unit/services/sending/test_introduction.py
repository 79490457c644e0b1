"""introduction.md goes with one real weekly edition, and comes back only with new words."""

from __future__ import annotations

from datetime import timedelta

import pytest

from briefingfeed.errors import ProviderError
from briefingfeed.models.edition import Cadence
from briefingfeed.models.settings import Mailbox
from briefingfeed.services.sending.braking import cancel_edition, hold_edition
from briefingfeed.services.sending.rerendering import release_rerendered
from briefingfeed.services.sending.sample import send_sample
from briefingfeed.services.sending.send_plan import plan_edition

from .conftest import MONDAY

WORDS = "Dear readers: the *tide* turned, see [Tides](posts/2026-11-20-tides.md)."
W48 = "weekly/2026-W48"
WEEK = timedelta(days=7)


@pytest.fixture
def desk(desk):
    desk.write("Tides")
    desk.subscribe("ann")
    desk.begin()
    (desk.folder / "introduction.md").write_text(WORDS)
    return desk


def said(desk, kind: str = "plain") -> str:
    return " ".join(desk.office.mails[-1].get_body((kind,)).get_content().split())


def planned(desk) -> bool:
    return plan_edition(desk.context, Cadence.WEEKLY).editions[0].introduced


def next_week(desk, title: str) -> None:
    desk.now += WEEK
    desk.write(title, day=f"{desk.now:%Y-%m-%d}")


def test_it_stands_above_everything_else_in_both_parts(desk) -> None:
    desk.send()
    assert "Dear readers: the _tide_ turned, see Tides [1]. [1] https://harbour.example/posts/tides/" in said(desk)
    html = said(desk, "html")
    assert html.index("<em>tide</em> turned") < html.index('class="post"')


def test_the_next_edition_goes_without_it(desk) -> None:
    assert planned(desk)
    desk.send()
    next_week(desk, "Ebb")
    assert not planned(desk)
    desk.send()
    assert "Dear readers" not in said(desk)


def test_new_words_go_with_the_next_edition(desk) -> None:
    desk.send()
    next_week(desk, "Ebb")
    (desk.folder / "introduction.md").write_text("A second *greeting*.")
    desk.send()
    assert "A second _greeting_." in said(desk)


def test_a_rehearsal_does_not_use_it_up(desk) -> None:
    desk.provider, office = desk.outbox, desk.office
    desk.send()
    desk.provider = office
    desk.send()
    assert "Dear readers" in said(desk)


def test_an_edition_cancelled_before_anybody_had_it_frees_it(desk) -> None:
    desk.office.down = ProviderError("The post office is closed.")
    desk.send()
    cancel_edition(desk.database, W48, desk.now)
    desk.office.down = None
    next_week(desk, "Ebb")
    assert planned(desk)


def test_an_edition_rendered_anew_keeps_it(desk) -> None:
    desk.office.down = ProviderError("The post office is closed.")
    desk.send()
    desk.office.down = None
    hold_edition(desk.database, W48, desk.now)
    release_rerendered(desk.context, W48)
    desk.send()
    assert "Dear readers" in said(desk)


def test_a_post_that_goes_by_itself_goes_without_it(desk) -> None:
    desk.change(posts=True)
    send_sample(desk.context, Cadence.POSTS, "editor@harbour.example")
    assert "Dear readers" not in said(desk)
    send_sample(desk.context, Cadence.WEEKLY, "editor@harbour.example")
    assert "Dear readers" in said(desk)


def test_the_proof_says_that_it_goes_once(desk) -> None:
    desk.change(proof_to=(Mailbox("editor@harbour.example", "Ed"),))
    desk.now = MONDAY - timedelta(hours=2)
    desk.send()
    assert "It begins with what introduction.md says; no later edition will." in said(desk)
    assert "Dear readers" in said(desk)

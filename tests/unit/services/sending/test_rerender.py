"""`release --rerender`, told as stories: a typo is mended for those who wait, and nobody gets a second copy."""

from __future__ import annotations

from datetime import timedelta

import pytest

from briefingfeed.errors import ProviderError, RefusedError
from briefingfeed.models.delivery import DeliveryState, Result
from briefingfeed.models.edition import EditionState
from briefingfeed.services.sending.braking import hold_edition, release_edition
from briefingfeed.services.sending.deliveries import Resolution, resolve_deliveries
from briefingfeed.services.sending.editions import show_edition
from briefingfeed.services.sending.rerendering import release_rerendered
from briefingfeed.storage import deliveries, editions

from .conftest import MONDAY

W48, W49 = "weekly/2026-W48", "weekly/2026-W49"
WEEK = timedelta(days=7)
READERS = ("ann", "ben", "cy", "dee")


@pytest.fixture
def desk(desk):
    """Two of four readers have the edition, with a typo in it; it is held."""
    desk.write("Tides")
    desk.write("Winds")
    desk.subscribe(*READERS)
    desk.begin()
    desk.change(first_batch=2)
    desk.now = MONDAY
    desk.send()
    hold_edition(desk.database, W48, desk.now)
    return desk


def edit(desk, title: str, old: str, new: str) -> None:
    file = post(desk, title)
    file.write_text(file.read_text("utf-8").replace(old, new), "utf-8")


def post(desk, title: str):
    return desk.folder / "posts" / f"2026-11-20-{title.lower()}.md"


def texts(desk) -> dict[str, str]:
    """By reader, the text part of each copy."""
    return {mail["To"].partition("@")[0]: mail.get_body(("plain",)).get_content() for mail in desk.office.mails}


def test_those_who_wait_get_the_mended_text_and_those_who_have_it_keep_theirs(desk) -> None:
    had = set(texts(desk))
    edit(desk, "Tides", "The text", "The mended text")
    change = release_rerendered(desk.context, W48)
    assert change.words == (
        "weekly/2026-W48 goes on with the next run. 2 readers had it, 2 wait. 2 readers get the new text."
    )
    report = desk.send()
    assert report.editions[0].state is EditionState.DONE
    assert len(desk.office.seen) == 4
    assert {who for who, text in texts(desk).items() if "The mended text of Tides." in text} == set(READERS) - had


def test_without_it_a_release_sends_what_was_frozen(desk) -> None:
    edit(desk, "Tides", "The text", "The mended text")
    release_edition(desk.database, W48, desk.now)
    desk.send()
    assert all("The text of Tides." in text for text in texts(desk).values())


def test_a_post_that_is_gone_is_left_out_and_named(desk) -> None:
    had = set(texts(desk))
    post(desk, "Winds").unlink()
    words = release_rerendered(desk.context, W48).words
    assert words.endswith("Left out, because they are gone or not for mail any more: posts/2026-11-20-winds.md.")
    desk.send()
    assert {who for who, text in texts(desk).items() if "The text of Winds." in text} == had


def test_a_post_left_out_that_nobody_had_goes_with_the_next_edition_if_it_comes_back(desk) -> None:
    desk.now += timedelta(days=1)
    later = desk.now
    release_edition(desk.database, W48, later)
    desk.send()
    desk.write("Rain", "2026-11-27")
    desk.write("Snow", "2026-11-27")
    desk.now = MONDAY + WEEK
    desk.office.down = ProviderError("no connection")
    desk.send()
    hold_edition(desk.database, W49, desk.now)
    snow = desk.folder / "posts" / "2026-11-27-snow.md"
    text = snow.read_text("utf-8")
    snow.unlink()
    release_rerendered(desk.context, W49)
    desk.office.down = None
    desk.send()
    desk.now += timedelta(minutes=30)
    desk.send()
    snow.write_text(text, "utf-8")
    desk.now = MONDAY + 2 * WEEK
    assert desk.send().editions[0].posts == ("Snow",)


def test_a_post_that_is_new_waits_for_the_next_edition(desk) -> None:
    desk.write("Late")
    release_rerendered(desk.context, W48)
    desk.send()
    assert not any("The text of Late." in text for text in texts(desk).values())


def test_it_is_refused_while_a_file_is_broken_and_the_edition_stays_held(desk) -> None:
    edit(desk, "Winds", "title: Winds", "title: [")
    with pytest.raises(RefusedError, match=r"one of its posts is missing(.|\n)*2026-11-20-winds.md"):
        release_rerendered(desk.context, W48)
    assert desk.edition().state is EditionState.HELD


def test_it_is_refused_if_no_post_is_left(desk) -> None:
    for title in ("Tides", "Winds"):
        post(desk, title).unlink()
    with pytest.raises(RefusedError, match="none of its posts"):
        release_rerendered(desk.context, W48)


def test_it_is_refused_by_what_stops_an_edition(desk) -> None:
    desk.office.is_local = False
    desk.page = "it answers 502."
    with pytest.raises(RefusedError, match="502"):
        release_rerendered(desk.context, W48)
    assert desk.edition().state is EditionState.HELD
    desk.page = None
    release_rerendered(desk.context, W48)


def test_it_is_for_held_editions(desk) -> None:
    release_edition(desk.database, W48, desk.now)
    with pytest.raises(RefusedError, match="not held"):
        release_rerendered(desk.context, W48)


def test_a_copy_keeps_its_message_id_and_has_another_date(desk) -> None:
    desk.office.answers = {f"{name}@example.org": Result.DEFERRED for name in READERS}
    release_edition(desk.database, W48, desk.now)
    desk.send()
    refused = {mail["To"]: mail for mail in desk.office.mails[2:]}
    hold_edition(desk.database, W48, desk.now)
    desk.now += timedelta(hours=1)
    desk.office.answers.clear()
    desk.office.seen.clear()
    release_rerendered(desk.context, W48)
    desk.send()
    assert len(desk.office.mails) == 2
    for mail in desk.office.mails:
        assert mail["Message-ID"] == refused[mail["To"]]["Message-ID"]
        assert mail["Date"] != refused[mail["To"]]["Date"]


def test_whoever_may_have_the_old_text_gets_no_other(desk) -> None:
    desk.office.answers = {f"{name}@example.org": Result.UNCERTAIN for name in READERS}
    release_edition(desk.database, W48, desk.now)
    desk.send()
    resolve_deliveries(desk.database, Resolution.RESEND, desk.now, edition_key=W48)
    hold_edition(desk.database, W48, desk.now)
    edit(desk, "Tides", "The text", "The mended text")
    words = release_rerendered(desk.context, W48).words
    assert words.endswith("0 readers get the new text.")
    desk.office.answers.clear()
    desk.send()
    assert all("The text of Tides." in text for text in texts(desk).values())


def test_a_run_that_had_claimed_the_rows_hands_over_nothing_of_the_old_text(desk) -> None:
    release_edition(desk.database, W48, desk.now)
    with desk.database.write() as connection:
        claimed = deliveries.claim(connection, W48, "another run", 10, desk.now)
        assert len(claimed) == 2
    hold_edition(desk.database, W48, desk.now)
    release_rerendered(desk.context, W48)
    with desk.database.write() as connection:
        assert deliveries.arm(connection, "another run", [row.delivery_id for row in claimed], desk.now) == {}
        assert editions.state(connection, W48) is EditionState.SENDING


def test_held_before_it_was_made_there_is_nothing_to_render_again(desk) -> None:
    release_edition(desk.database, W48, desk.now)
    desk.send()
    desk.now = MONDAY + WEEK - timedelta(hours=1)
    with desk.database.write() as connection:
        editions.create(connection, planned(desk))
    hold_edition(desk.database, W49, desk.now)
    words = release_rerendered(desk.context, W49).words
    assert words == "weekly/2026-W49 goes out when its hour comes, with the posts as they are then."


def planned(desk):
    from briefingfeed.services.sending.coming import coming_edition

    found = coming_edition(desk.settings, W49, desk.now, rehearses=False)
    assert found is not None
    return found


class TestHeldForSixDays:
    def test_an_edition_reaches_those_who_wait_for_it_all_the_same(self, desk) -> None:
        for hours in range(0, 6 * 24, 6):
            desk.now = MONDAY + timedelta(hours=hours)
            report = desk.send()
            assert report.exit_code == 1
        assert desk.states() == dict.fromkeys(READERS, DeliveryState.ACCEPTED) | {
            name: DeliveryState.PENDING for name, state in desk.states().items() if state is DeliveryState.PENDING
        }
        release_edition(desk.database, W48, desk.now)
        desk.send()
        assert set(desk.states().values()) == {DeliveryState.ACCEPTED}
        assert show_edition(desk.database, W48).edition.expires_at > desk.now

    def test_it_still_expires_if_nobody_takes_it_for_five_more(self, desk) -> None:
        desk.now = MONDAY + timedelta(days=6)
        release_edition(desk.database, W48, desk.now)
        desk.office.down = ProviderError("no connection")
        desk.send()
        assert desk.edition().state is EditionState.SENDING
        desk.now += timedelta(days=5, minutes=1)
        desk.write("Late", "2026-11-01")
        report = desk.send()
        assert f"expired:{W48}" in [notice.topic for notice in report.news]
        assert list(desk.states().values()).count(DeliveryState.EXPIRED) == 2

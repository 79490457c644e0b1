"""Hold and cancel before the hour has come, told as stories: nothing wrong goes out, and no post is lost."""

from __future__ import annotations

from datetime import time, timedelta

import pytest

from briefingfeed.errors import RefusedError, UsageError
from briefingfeed.models.edition import EditionState
from briefingfeed.models.settings import Mailbox
from briefingfeed.services.sending.braking import cancel_edition, hold_edition, release_edition
from briefingfeed.services.sending.coming import coming_edition
from briefingfeed.services.telling.status import read_status

from .conftest import MONDAY

WEEK = timedelta(days=7)
W48, W49 = "weekly/2026-W48", "weekly/2026-W49"
EDITOR = "editor@harbour.example"


@pytest.fixture
def desk(desk):
    desk.await_monday()
    return desk


def with_proof(desk):
    desk.change(proof_to=(Mailbox(EDITOR),))
    desk.send()
    return desk


def coming(desk):
    return lambda key: coming_edition(desk.settings, key, desk.now, rehearses=desk.context.rehearses)


def edit(desk, old: str, new: str) -> None:
    file = desk.folder / "posts" / "2026-11-20-tides.md"
    file.write_text(file.read_text("utf-8").replace(old, new), "utf-8")


def at(desk, moment):
    desk.now = moment
    return desk.send()


def readers_mails(desk) -> list[str]:
    return [mail.get_body(("plain",)).get_content() for mail in desk.office.mails if mail["To"] != EDITOR]


class TestHeldInTime:
    def test_nothing_goes_at_its_hour_and_the_code_says_that_somebody_is_awaited(self, desk) -> None:
        with_proof(desk)
        change = hold_edition(desk.database, W48, desk.now)
        assert change.words.startswith(
            "weekly/2026-W48 is held. Nobody has it. Once released it goes out with the posts"
        )
        first, second = at(desk, MONDAY), desk.send()
        assert readers_mails(desk) == []
        assert desk.edition().state is EditionState.HELD
        assert [notice.topic for notice in first.news] == [f"held:{W48}"]
        assert second.news == ()
        assert [first.exit_code, second.exit_code] == [1, 1]

    def test_what_goes_out_after_the_release_is_what_the_last_proof_showed(self, desk) -> None:
        with_proof(desk)
        hold_edition(desk.database, W48, desk.now)
        at(desk, MONDAY)
        edit(desk, "The text", "The right text")
        at(desk, MONDAY + timedelta(hours=1))
        assert "It is held." in desk.office.mails[-1].get_body(("plain",)).get_content()
        assert "The right text of Tides." in desk.office.mails[-1].get_body(("plain",)).get_content()
        change = release_edition(desk.database, W48, desk.now)
        assert change.words == "weekly/2026-W48 goes out with the next run, with the posts as they are then."
        report = desk.send()
        assert report.editions[0].state is EditionState.DONE
        assert report.exit_code == 0
        assert len(readers_mails(desk)) == 2
        assert all("The right text of Tides." in text for text in readers_mails(desk))

    def test_a_proof_of_an_edition_held_for_days_comes_only_when_it_changes(self, desk) -> None:
        with_proof(desk)
        hold_edition(desk.database, W48, desk.now)
        for hours in range(0, 72, 6):
            at(desk, MONDAY + timedelta(hours=hours))
        assert desk.office.recipients == [EDITOR]

    def test_released_before_its_hour_it_goes_at_its_hour(self, desk) -> None:
        with_proof(desk)
        hold_edition(desk.database, W48, desk.now)
        change = release_edition(desk.database, W48, desk.now + timedelta(minutes=30))
        assert change.words.startswith("weekly/2026-W48 goes out when its hour comes")
        assert at(desk, MONDAY - timedelta(minutes=15)).editions == ()
        assert at(desk, MONDAY).editions[0].state is EditionState.DONE

    def test_still_held_at_the_next_hour_its_posts_go_with_that_edition(self, desk) -> None:
        hold_edition(desk.database, W48, desk.now, coming(desk))
        at(desk, MONDAY)
        report = at(desk, MONDAY + WEEK)
        assert desk.edition(W48).state is EditionState.MISSED
        assert [notice.topic for notice in report.news] == [f"missed:{W48}"]
        assert report.editions[-1].key == W49
        assert report.editions[-1].posts == ("Tides",)

    def test_the_time_in_which_it_was_held_is_not_held_against_it(self, desk) -> None:
        desk.change(catch_up=timedelta(hours=1))
        hold_edition(desk.database, W48, MONDAY - timedelta(minutes=1), coming(desk))
        at(desk, MONDAY + timedelta(days=2))
        release_edition(desk.database, W48, desk.now)
        assert desk.send().editions[0].state is EditionState.DONE

    def test_it_needs_no_proof(self, desk) -> None:
        hold_edition(desk.database, W48, desk.now, coming(desk))
        at(desk, MONDAY)
        assert desk.edition().state is EditionState.HELD
        assert desk.office.seen == []

    def test_only_the_next_edition_of_a_cadence_can_be(self, desk) -> None:
        for key in (W49, "weekly/2026-W47", "rehearsal/weekly/2026-W48", "daily/2026-11-23", "nonsense"):
            with pytest.raises(UsageError, match="There is no edition"):
                hold_edition(desk.database, key, desk.now, coming(desk))
        assert desk.edition(W49) is None

    def test_status_says_it(self, desk) -> None:
        hold_edition(desk.database, W48, desk.now, coming(desk))
        status = read_status(desk.database, desk.settings, desk.now, provider="post-office", rehearses=False)
        assert [notice.topic for notice in status.todo] == [f"held:{W48}"]
        assert "release weekly/2026-W48" in str(status.todo[0])


class TestCancelledInTime:
    @pytest.mark.parametrize("proof", [True, False])
    def test_its_hour_passes_without_mail_and_its_posts_go_with_the_next(self, desk, proof: bool) -> None:
        if proof:
            with_proof(desk)
        change = cancel_edition(desk.database, W48, desk.now, coming(desk))
        assert change.words == "weekly/2026-W48 is cancelled. Nobody had it; its posts go with the next edition."
        report = at(desk, MONDAY)
        assert readers_mails(desk) == []
        assert (report.exit_code, report.news) == (0, ())
        desk.write("Winds", "2026-11-27")
        report = at(desk, MONDAY + WEEK)
        assert report.editions[0].posts == ("Winds", "Tides")
        assert report.news == ()

    def test_as_the_very_first_it_does_not_let_the_archive_in(self, desk) -> None:
        for number in range(20):
            desk.write(f"Old {number}", "2026-11-02")
        cancel_edition(desk.database, W48, desk.now, coming(desk))
        assert at(desk, MONDAY + WEEK).editions[0].posts == ("Tides",)

    def test_no_proof_of_it_comes_any_more(self, desk) -> None:
        with_proof(desk)
        cancel_edition(desk.database, W48, desk.now)
        edit(desk, "The text", "Another text")
        at(desk, desk.now + timedelta(minutes=15))
        assert desk.office.recipients == [EDITOR]

    def test_can_be_after_it_was_held(self, desk) -> None:
        hold_edition(desk.database, W48, desk.now, coming(desk))
        cancel_edition(desk.database, W48, desk.now)
        with pytest.raises(RefusedError, match="is cancelled, not held"):
            release_edition(desk.database, W48, desk.now)


class TestACadenceThatIsNoMore:
    def test_leaves_no_edition_planned_for_ever_and_that_is_told_once(self, desk) -> None:
        key = "daily/2026-11-23"
        desk.change(daily=time(8))
        hold_edition(desk.database, key, desk.now, coming(desk))
        release_edition(desk.database, key, desk.now)
        desk.change(daily=None)
        at(desk, MONDAY - timedelta(minutes=15))
        assert desk.edition(key).state is EditionState.PLANNED, "it may come back in time"
        first, second = at(desk, MONDAY), desk.send()
        assert desk.edition(key).state is EditionState.CANCELLED
        assert [notice.topic for notice in first.news] == [f"left-over:{key}"]
        assert "“daily”" in first.news[0].text
        assert second.news == ()
        assert [first.exit_code, second.exit_code] == [0, 0]


class TestABrokenPostOnMondayMorning:
    """The proof was out when somebody saved a file by half."""

    def test_leaves_the_others_their_edition_and_goes_with_the_next_once_repaired(self, desk) -> None:
        winds = desk.write("Winds")
        with_proof(desk)
        good = winds.read_text("utf-8")
        winds.write_text("---\ntitle: [\n---\n", "utf-8")
        at(desk, MONDAY - timedelta(minutes=15))
        assert "Removed: Winds" in desk.office.mails[-1].get_body(("plain",)).get_content()
        report = at(desk, MONDAY)
        assert report.editions[0].posts == ("Tides",)
        assert "winds.md" in str(report.news[0])
        winds.write_text(good, "utf-8")
        assert at(desk, MONDAY + WEEK).editions[0].posts == ("Winds",)

    def test_alone_records_nothing_until_it_is_repaired(self, desk) -> None:
        with_proof(desk)
        edit(desk, "title: Tides", "title: [")
        report = at(desk, MONDAY)
        assert desk.edition().state is EditionState.PLANNED
        assert [notice.topic for notice in report.news] == [f"unreadable:{W48}"]
        edit(desk, "title: [", "title: Tides")
        assert at(desk, MONDAY + timedelta(minutes=15)).editions[0].posts == ("Tides",)


class TestAPlannedEditionThatPreflightStops:
    def test_is_blocked_at_its_hour_and_goes_when_it_is_mended(self, desk) -> None:
        with_proof(desk)
        desk.office.is_local = False
        desk.page = "it answers 502."
        report = at(desk, MONDAY)
        assert desk.edition().state is EditionState.BLOCKED
        assert report.exit_code == 1
        desk.page = None
        assert at(desk, MONDAY + timedelta(minutes=15)).editions[0].state is EditionState.DONE
        assert desk.edition().proof_sent_at is not None

    def test_can_be_held_while_it_is_mended(self, desk) -> None:
        desk.office.is_local = False
        desk.page = "it answers 502."
        at(desk, MONDAY)
        hold_edition(desk.database, W48, desk.now)
        desk.page = None
        desk.send()
        assert desk.office.seen == []
        release_edition(desk.database, W48, desk.now)
        assert desk.send().editions[0].state is EditionState.DONE

    @pytest.mark.parametrize("proof", [True, False])
    def test_the_time_in_which_it_was_held_is_not_held_against_it_either(self, desk, proof: bool) -> None:
        desk.change(catch_up=timedelta(hours=1))
        if proof:
            with_proof(desk)
        desk.office.is_local = False
        desk.page = "it answers 502."
        at(desk, MONDAY)
        hold_edition(desk.database, W48, desk.now)
        at(desk, MONDAY + timedelta(days=2))
        assert "with the next run" in release_edition(desk.database, W48, desk.now).words
        at(desk, desk.now)
        assert desk.edition().state is EditionState.BLOCKED
        desk.page = None
        at(desk, desk.now + timedelta(minutes=15))
        assert desk.edition().state is EditionState.DONE

    def test_is_missed_when_its_time_is_over(self, desk) -> None:
        desk.change(catch_up=timedelta(hours=1))
        desk.office.is_local = False
        desk.page = "it answers 502."
        at(desk, MONDAY)
        at(desk, MONDAY + timedelta(minutes=61))
        assert desk.edition().state is EditionState.MISSED

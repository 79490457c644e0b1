"""The first batch, told as stories: some readers first, a pause, and the rest only if nothing was wrong."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from briefingfeed.delivery.batches import draw, is_too_much
from briefingfeed.errors import ProviderError
from briefingfeed.models.delivery import DeliveryEvent, DeliveryState, EventKind, Result
from briefingfeed.models.edition import EditionState
from briefingfeed.models.settings import Mailbox
from briefingfeed.services.sending.batch_words import first_batch
from briefingfeed.services.sending.braking import cancel_edition, hold_edition, release_edition
from briefingfeed.services.sending.editions import show_edition
from briefingfeed.services.telling.status import read_status
from briefingfeed.storage import batches
from briefingfeed.storage.schema import delivery, delivery_event

from .conftest import MONDAY

W48 = "weekly/2026-W48"
READERS = [f"r{number:02}" for number in range(40)]
PAUSE = timedelta(minutes=30)


@pytest.fixture
def desk(desk):
    desk.write("Tides")
    desk.subscribe(*READERS)
    desk.begin()
    desk.change(first_batch=20, first_batch_pause=PAUSE)
    desk.now = MONDAY
    return desk


def later(desk, minutes: float):
    desk.now += timedelta(minutes=minutes)
    return desk.send()


def drawn(desk) -> list[str]:
    """Who is in the first batch, once the edition is frozen."""
    with desk.database.read() as connection:
        query = select(delivery.c.address).where(delivery.c.batch == batches.FIRST).order_by(delivery.c.id)
        return list(connection.scalars(query))


def refuse(desk, *results: Result) -> None:
    """Freeze the edition, and let as many of its first batch be answered so."""
    desk.office.down = ProviderError("no connection")
    desk.send()
    desk.office.down = None
    desk.office.answers = dict(zip(drawn(desk), results, strict=False))


def said(desk) -> str | None:
    view = show_edition(desk.database, W48)
    return first_batch(view.edition, view.batches, desk.now, desk.settings.publication.timezone)


class TestAFirstBatchThatWentWell:
    def test_is_followed_by_the_rest_in_the_first_run_after_the_pause(self, desk) -> None:
        first = desk.send()
        assert len(desk.office.seen) == 20
        assert first.editions[0].state is EditionState.SENDING
        assert (first.exit_code, first.news) == (0, ())
        assert later(desk, 15).exit_code == 0
        assert len(desk.office.seen) == 20
        last = later(desk, 15)
        assert desk.office.recipients == sorted(f"{name}@example.org" for name in READERS)
        assert last.editions[0].state is EditionState.DONE

    def test_says_who_has_it_and_when_the_rest_follows(self, desk) -> None:
        desk.send()
        assert said(desk) == "First batch: 20 of 40 have it; the rest follows at 08:30 unless you hold it."
        desk.now += PAUSE
        assert said(desk) == "First batch: 20 of 40 have it; the rest follows with the next run."
        desk.send()
        assert said(desk) is None

    def test_adds_up_in_the_report(self, desk) -> None:
        report = desk.send().as_dict()["editions"][0]
        assert report["recipients"] == 40
        assert {batch: sum(counts.values()) for batch, counts in report["batches"].items()} == {"1": 20, "2": 20}
        assert report["batches"]["1"]["accepted"] == 20
        assert report["batches"]["2"]["pending"] == 20
        assert report["pause_until"] == (MONDAY + PAUSE).isoformat()
        for state, count in report["deliveries"].items():
            assert count == sum(counts[state] for counts in report["batches"].values())

    def test_is_of_other_people_each_week(self, desk) -> None:
        desk.send()
        first = set(desk.office.recipients)
        later(desk, 30)
        desk.office.seen.clear()
        desk.write("Winds", "2026-11-27")
        later(desk, 7 * 24 * 60)
        assert len(desk.office.seen) == 20
        assert set(desk.office.recipients) != first

    def test_waits_for_nobody_who_was_refused_for_now(self, desk) -> None:
        refuse(desk, Result.DEFERRED, Result.DEFERRED, Result.DEFERRED)
        desk.send()
        assert said(desk) == "First batch: 17 of 40 have it; the rest follows at 08:30 unless you hold it."
        desk.office.answers.clear()
        assert later(desk, 30).editions[0].state is EditionState.DONE
        assert len(desk.office.recipients) == 43

    def test_is_stayed_for_if_its_pause_is_short(self, desk) -> None:
        desk.change(first_batch_pause=timedelta(0))
        assert desk.send().editions[0].state is EditionState.DONE
        assert len(desk.office.seen) == 40

    def test_is_none_if_everybody_would_be_in_it(self, desk) -> None:
        desk.change(first_batch=40)
        assert desk.send().editions[0].state is EditionState.DONE
        assert said(desk) is None


class TestAFirstBatchThatWasRefused:
    def test_holds_the_edition_at_once_and_says_why_and_release_goes_on(self, desk) -> None:
        refuse(desk, Result.REJECTED, Result.REJECTED, Result.REJECTED)
        first, second = desk.send(), later(desk, 15)
        edition = desk.edition()
        assert edition.state is EditionState.HELD
        assert edition.note == "3 of the first 20 readers were refused; 20 wait"
        assert [notice.topic for notice in first.news] == [f"held:{W48}"]
        assert second.news == ()
        assert [first.exit_code, second.exit_code] == [1, 1]
        assert said(desk) == "First batch: 17 of 40 have it; the rest waits, since the edition is held."
        release_edition(desk.database, W48, desk.now)
        report = desk.send()
        assert report.editions[0].state is EditionState.DONE
        assert len(desk.office.seen) == 40

    def test_is_told_again_if_it_is_held_again_after_it_was_released(self, desk) -> None:
        desk.change(report_to=(Mailbox("ola@harbour.example", "Ola"),))
        desk.office.answers = dict.fromkeys((f"{name}@example.org" for name in READERS), Result.POLICY)
        told = [desk.send(), later(desk, 15)]
        note = desk.edition().note
        release_edition(desk.database, W48, desk.now)
        told += [later(desk, 60), later(desk, 15)]
        assert desk.edition().note == note
        assert [[notice.topic for notice in run.news] for run in told] == [[f"held:{W48}"], [], [f"held:{W48}"], []]
        assert [mail["Subject"] for mail in desk.office.mails if "ola@" in mail["To"]] == [f"{W48} is held: {note}"] * 2

    def test_by_one_alone_or_by_no_more_than_one_in_twenty_goes_on(self, desk) -> None:
        refuse(desk, Result.REJECTED)
        desk.send()
        assert later(desk, 30).editions[0].state is EditionState.DONE
        assert [is_too_much(*each) for each in ((1, 1), (2, 2), (2, 40), (3, 40), (5, 100), (6, 100))] == [
            False, True, False, True, False, True,
        ]  # fmt: skip

    def test_for_policy_counts(self, desk) -> None:
        refuse(desk, *[Result.ACCEPTED] * 18, Result.POLICY, Result.POLICY)
        desk.send()
        assert desk.edition().state is EditionState.HELD
        assert desk.edition().note.startswith("2 of the first 20 readers were refused")

    def test_by_mails_that_came_back_during_the_pause_holds_it(self, desk) -> None:
        desk.send()
        bounce(desk, drawn(desk)[:2])
        assert later(desk, 15).editions[0].state is EditionState.HELD
        assert len(desk.office.seen) == 20

    def test_tells_the_most_frequent_words(self, desk) -> None:
        desk.office.words = "550 no such user"
        refuse(desk, Result.REJECTED, Result.REJECTED)
        desk.send()
        assert "were refused, most often with “550 no such user”; 20 wait" in desk.edition().note


class TestThePause:
    def test_gives_time_to_hold(self, desk) -> None:
        desk.send()
        words = hold_edition(desk.database, W48, desk.now).words
        assert words == "weekly/2026-W48 is held. 20 readers had it, 20 wait."
        later(desk, 60)
        assert len(desk.office.seen) == 20
        release_edition(desk.database, W48, desk.now)
        assert desk.send().editions[0].state is EditionState.DONE

    def test_gives_time_to_cancel(self, desk) -> None:
        desk.send()
        words = cancel_edition(desk.database, W48, desk.now).words
        assert words.startswith("weekly/2026-W48 is cancelled. 20 readers had it; 20 readers will never get it: ")
        later(desk, 60)
        assert len(desk.office.seen) == 20
        assert list(desk.states().values()).count(DeliveryState.SKIPPED) == 20

    def test_is_not_cut_short_by_a_hold_before_the_batch_was_tried(self, desk) -> None:
        desk.office.down = ProviderError("no connection")
        desk.send()
        desk.office.down = None
        hold_edition(desk.database, W48, desk.now)
        release_edition(desk.database, W48, desk.now)
        desk.send()
        assert len(desk.office.seen) == 20

    def test_stands_in_the_status(self, desk) -> None:
        desk.send()
        status = read_status(desk.database, desk.settings, desk.now, provider="post-office", rehearses=False)
        assert status.as_dict()["unfinished"][0]["pause_until"] == (MONDAY + PAUSE).isoformat()


def bounce(desk, addresses: list[str]) -> None:
    for number, address in enumerate(addresses):
        event = DeliveryEvent(
            kind=EventKind.BOUNCED,
            at=desk.now,
            received_at=desk.now,
            source="test",
            source_key=str(number),
            delivery_id=desk.row(address.partition("@")[0]),
            permanent=True,
        )
        row = {name: getattr(event, name) for name in delivery_event.columns.keys() if name != "id"}  # noqa: SIM118
        with desk.database.write() as connection:
            connection.execute(delivery_event.insert(), row)


def test_everybody_is_drawn_as_often() -> None:
    hits = [0] * 50
    for week in range(400):
        for each in draw(f"weekly/{week}", range(50), 10):
            hits[each] += 1
    assert all(50 < count < 115 for count in hits)

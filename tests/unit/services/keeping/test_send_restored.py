"""A backup restored, as stories: what an older database takes for undone is not done a second time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from briefingfeed.errors import LockedError, RefusedError, RestoredError
from briefingfeed.models.delivery import DeliveryState, Result
from briefingfeed.models.edition import Cadence, EditionState
from briefingfeed.services.keeping.restored import AdoptContext, Adopted, adopt_restored, look_at_restored
from briefingfeed.services.keeping.restored_words import outcome_in_words, plan_in_words
from briefingfeed.storage import editions
from briefingfeed.storage.database import Database
from briefingfeed.storage.instance import Doubt
from briefingfeed.storage.lock import run_lock
from offices import PostOffice

if TYPE_CHECKING:
    from .conftest import Desk

WEEK = timedelta(days=7)


class Archive:
    """Keeps a desk's database, and brings it back without the state folder."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._copy = desk.folder / "old.db"
        self._open()

    def _open(self) -> None:
        self.desk.database.close()
        self.desk.database = Database.open(self.desk.settings.database.url, state=self.desk.folder / "var")

    @property
    def _file(self) -> Path:
        assert self.desk.database.file
        return self.desk.database.file

    def keep(self) -> None:
        self._copy.unlink(missing_ok=True)
        with closing(sqlite3.connect(self._file)) as ours, closing(sqlite3.connect(self._copy)) as copy:
            ours.backup(copy)

    def restore(self) -> None:
        file = self._file
        self.desk.database.close()
        for log in file.parent.glob(f"{file.name}-*"):
            log.unlink()
        file.write_bytes(self._copy.read_bytes())
        self._open()

    @property
    def context(self) -> AdoptContext:
        desk = self.desk
        return AdoptContext(settings=desk.settings, database=desk.database, load_posts=desk.load, now=lambda: desk.now)

    def adopt(self, *, resend: bool = False) -> Adopted:
        return adopt_restored(self.context, resend=resend)

    def states(self) -> dict[str, EditionState]:
        with self.desk.database.read() as connection:
            return {each.key: each.state for each in editions.list_all(connection)}


@pytest.fixture
def archive(desk: Desk) -> Iterator[Archive]:
    made = Archive(desk)
    desk.subscribe("ann", "ben")
    desk.begin()
    yield made
    made.desk.database.close()


def mailed(desk: Desk) -> list[tuple[str, str]]:
    """Who got which posts: recipient and the titles in the text, in order."""
    found = []
    for message, mail in zip(desk.office.seen, desk.office.mails, strict=True):
        text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        titles = [title for title in ("Tides", "Ebb", "Flood", "Asked") if f"The text of {title}." in text]
        found.append((message.recipient.partition("@")[0], " ".join(titles)))
    return sorted(found)


class TestOneWeekLater:
    def test_neither_the_edition_nor_its_posts_go_again(self, desk: Desk, archive: Archive) -> None:
        desk.write("Tides")
        desk.send()
        archive.keep()
        desk.now += WEEK
        desk.write("Ebb", "2026-11-27")
        desk.send()
        archive.restore()
        with pytest.raises(RestoredError, match="older"):
            desk.send()
        done = archive.adopt()
        assert (done.doubt, done.missed, done.unclear) == (Doubt.OLDER, ("weekly/2026-W49",), 0)
        desk.send()
        desk.now += WEEK
        desk.write("Flood", "2026-12-04")
        desk.send()
        assert mailed(desk) == [
            ("ann", "Ebb"), ("ann", "Flood"), ("ann", "Tides"), ("ben", "Ebb"), ("ben", "Flood"), ("ben", "Tides"),
        ]  # fmt: skip

    def test_a_backup_from_before_the_first_edition(self, desk: Desk) -> None:
        archive = Archive(desk)
        desk.subscribe("ann", "ben")
        archive.keep()
        desk.write("Tides")
        desk.send(at_once=True)
        archive.restore()
        archive.adopt()
        desk.send(at_once=True)
        desk.now += WEEK
        desk.write("Ebb", "2026-11-27")
        desk.send()
        assert mailed(desk) == [("ann", "Ebb"), ("ann", "Tides"), ("ben", "Ebb"), ("ben", "Tides")]

    def test_every_slot_since_is_missed_and_told(self, desk: Desk, archive: Archive) -> None:
        desk.write("Tides")
        desk.send()
        archive.keep()
        for _ in range(3):
            desk.now += WEEK
            desk.send()
        archive.restore()
        plan = look_at_restored(archive.context)
        assert "weekly/2026-W49, weekly/2026-W50, weekly/2026-W51: taken for missed" in plan_in_words(
            plan, resend=False
        )
        assert archive.states().keys() == {"weekly/2026-W48"}, "looking changes nothing"
        assert archive.adopt() == plan
        assert [archive.states()[f"weekly/2026-W{week}"] for week in (49, 50, 51)] == [EditionState.MISSED] * 3

    def test_a_post_that_asked_to_be_mailed_counts_as_carried(self, desk: Desk, archive: Archive) -> None:
        desk.write("Tides")
        desk.send()
        archive.keep()
        desk.now += WEEK
        desk.write("Asked", "2026-09-01", email=True)
        desk.send()
        archive.restore()
        archive.adopt()
        desk.now += WEEK
        desk.write("Flood", "2026-12-04")
        desk.send()
        assert [titles for who, titles in mailed(desk) if who == "ann"] == ["Asked", "Flood", "Tides"]

    def test_a_post_that_is_asked_for_afterwards_goes(self, desk: Desk, archive: Archive) -> None:
        desk.write("Tides")
        archive.keep()
        desk.send()
        archive.restore()
        archive.adopt()
        desk.now += WEEK
        desk.write("Tides", email=True)
        desk.send()
        assert mailed(desk).count(("ann", "Tides")) == 2, "the operator asked for it"

    def test_a_post_of_a_day_to_come_is_not_passed_over(self, desk: Desk, archive: Archive) -> None:
        desk.write("Tides")
        desk.write("Flood", "2026-11-27")
        archive.keep()
        desk.send()
        archive.restore()
        assert archive.adopt().passed_over == 1
        desk.now += WEEK
        desk.send()
        assert mailed(desk) == [("ann", "Flood"), ("ann", "Tides"), ("ben", "Flood"), ("ben", "Tides")]


class TestInTheMiddle:
    def deferred(self, desk: Desk) -> None:
        """One has it, the other was asked to try later."""
        desk.write("Tides")
        desk.office.answers["ben@example.org"] = Result.DEFERRED
        desk.send()

    def set_state(self, desk: Desk, state: EditionState) -> None:
        with desk.database.write() as connection:
            editions.set_state(connection, "weekly/2026-W48", state, desk.now)

    def test_what_waited_is_unclear_and_settled_by_a_person_only(self, desk: Desk, archive: Archive) -> None:
        self.deferred(desk)
        archive.keep()
        desk.office.answers.clear()
        desk.now += timedelta(hours=1)
        desk.send()
        archive.restore()
        done = archive.adopt()
        assert done.unclear == 1
        assert "1 copy that waited is unclear" in outcome_in_words(done)
        assert desk.states() == {"ann": DeliveryState.ACCEPTED, "ben": DeliveryState.UNCERTAIN}
        assert archive.states() == {"weekly/2026-W48": EditionState.DONE}
        assert desk.send().exit_code == 1
        assert mailed(desk).count(("ben", "Tides")) == 2, "refused once, taken once, and never again"

    def test_an_edition_held_then_may_have_been_released_since(self, desk: Desk, archive: Archive) -> None:
        self.deferred(desk)
        self.set_state(desk, EditionState.HELD)
        archive.keep()
        self.set_state(desk, EditionState.SENDING)
        desk.office.answers.clear()
        desk.now += timedelta(hours=1)
        desk.send()
        seen = mailed(desk)
        archive.restore()
        assert archive.adopt().unclear == 1
        assert archive.states() == {"weekly/2026-W48": EditionState.DONE}
        desk.send()
        assert mailed(desk) == seen

    def test_with_resend_what_waited_goes_on_waiting_and_what_is_due_is_made(
        self, desk: Desk, archive: Archive
    ) -> None:
        self.deferred(desk)
        archive.keep()
        self.set_state(desk, EditionState.SENDING)
        archive.restore()
        desk.office.answers.clear()
        desk.now += WEEK - timedelta(days=3)
        done = archive.adopt(resend=True)
        assert (done.unclear, done.missed, done.passed_over) == (0, (), 0)
        desk.send()
        assert desk.states() == {"ann": DeliveryState.ACCEPTED, "ben": DeliveryState.ACCEPTED}

    def test_rehearsals_are_left_alone(self, desk: Desk, archive: Archive) -> None:
        desk.write("Tides")
        desk.send()
        desk.provider = desk.outbox
        desk.send()
        archive.keep()
        desk.provider = PostOffice()
        desk.now += WEEK
        desk.send()
        archive.restore()
        before = archive.states()
        archive.adopt()
        assert {key: archive.states()[key] for key in before} == before


class TestOtherCadences:
    def test_days_are_missed_and_posts_passed_over_for_each_cadence(self, desk: Desk, archive: Archive) -> None:
        desk.change(daily=time(7, 30), posts=True)
        for cadence in (Cadence.DAILY, Cadence.POSTS):
            desk.send(cadence)
        archive.keep()
        desk.now += timedelta(days=2)
        desk.write("Ebb", "2026-11-24")
        desk.write("Asked", "2026-11-24", email=True)
        for cadence in (Cadence.DAILY, Cadence.POSTS):
            desk.send(cadence)
        archive.restore()
        done = archive.adopt()
        assert {"daily/2026-11-24", "daily/2026-11-25"} <= set(done.missed)
        assert [key for key in done.missed if key.startswith("posts/")] == ["posts/2026-11-24-asked"]
        seen = len(desk.office.seen)
        for cadence in (Cadence.DAILY, Cadence.POSTS):
            desk.send(cadence)
        assert len(desk.office.seen) == seen
        assert archive.adopt() == Adopted(doubt=None)


class TestRefused:
    def test_while_a_post_cannot_be_read(self, desk: Desk, archive: Archive) -> None:
        archive.keep()
        desk.write("Tides")
        desk.send()
        archive.restore()
        (desk.folder / "posts" / "2026-11-20-broken.md").write_text("---\ntitle: [\n---\n")
        with pytest.raises(RefusedError, match=r"broken\.md"):
            archive.adopt()
        assert archive.adopt(resend=True).doubt is Doubt.OLDER

    def test_while_a_run_is_at_work(self, desk: Desk, archive: Archive) -> None:
        with run_lock(desk.database.lock_file), pytest.raises(LockedError):
            archive.adopt()


def test_a_new_database_has_nothing_to_adopt(desk: Desk) -> None:
    assert Archive(desk).adopt() == Adopted(doubt=None)

"""Who came after the backup and leaves after the restore: the database doesn't know them, the journal does."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from briefingfeed.errors import RefusedError
from briefingfeed.models.delivery import EventKind
from briefingfeed.models.report import Clues, Report
from briefingfeed.models.subscriber import SubscriberState
from briefingfeed.services.readers.leave import leave
from briefingfeed.services.readers.mail_reports import MAILBOX, Origin
from briefingfeed.services.readers.mail_reports import apply as apply_report
from briefingfeed.services.readers.subscriber_imports import apply, read_file
from briefingfeed.services.readers.subscribers import add, unsubscribe, unsuppress
from briefingfeed.storage import subscribers
from briefingfeed.storage.database import Database
from briefingfeed.storage.replay import catch_up, replay
from briefingfeed.subscribers.importing import Fate
from briefingfeed.tokens import Keyring, fingerprint, unsubscribe_token
from publications import KEY

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
RING = Keyring({fingerprint(KEY): KEY})


class Office:
    """A database with its state folder; `back` is the copy that it can be restored from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "var"
        self.state.mkdir()
        self.database = self._open()

    def _open(self) -> Database:
        return Database.open(f"sqlite:///{self.folder / 'people.db'}", state=self.state)

    def add(self, address: str) -> str:
        return add(self.database, address, consent_note="fair", suppression_key=KEY, now=NOW).subscriber_id

    def backup(self) -> None:
        self.database.close()
        shutil.copy(self.folder / "people.db", self.folder / "back.db")
        self.database = self._open()

    def restore(self) -> None:
        self.database.close()
        shutil.copy(self.folder / "back.db", self.folder / "people.db")
        self.database = self._open()

    def click(self, subscriber_id: str) -> bool:
        token = unsubscribe_token(RING, subscriber_id)
        return leave(self.database, RING, token, source="one-click", now=LATER).already

    def import_(self, *addresses: str) -> list[Fate]:
        file = self.folder / "people.txt"
        file.write_text("\n".join(addresses), "utf-8")
        plan = apply(self.database, read_file(file), consent_note="a list", suppression_key=KEY, now=LATER)
        return [row.fate for row in plan.rows]

    def state_of(self, address: str) -> SubscriberState | None:
        with self.database.read() as connection:
            found = subscribers.by_address(connection, address)
        return found.state if found else None

    @property
    def journal(self) -> str:
        return (self.state / "unsubscribed.jsonl").read_text("utf-8")


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    opened = Office(tmp_path)
    opened.add("ann@readers.example")
    opened.backup()
    yield opened
    opened.database.close()


def test_who_came_after_the_backup_and_leaves_is_not_brought_back_by_an_import(office: Office) -> None:
    ben = office.add("ben@readers.example")
    office.restore()
    office.click(ben)
    office.click(ben)
    assert office.import_("ben@readers.example", "cleo@readers.example") == [Fate.SUPPRESSED, Fate.NEW]
    with pytest.raises(RefusedError, match="asked to leave"):
        office.add("ben@readers.example")
    assert unsuppress(office.database, "ben@readers.example", why="mail of 3 May", suppression_key=KEY, now=LATER)
    office.add("ben@readers.example")
    assert office.state_of("ben@readers.example") is SubscriberState.CONFIRMED


def test_asking_by_mail_counts_like_the_click(office: Office) -> None:
    new = office.add("ben@readers.example")
    office.restore()
    wish = Report(kind=EventKind.UNSUBSCRIBED, about=Clues(tokens=(unsubscribe_token(RING, new),)))
    with office.database.write() as connection:
        done = apply_report(connection, wish, Origin(source=MAILBOX, key="1"), found=None, keyring=RING, now=LATER)
    assert done.unsubscribed
    office.import_("ben@readers.example")
    assert office.state_of("ben@readers.example") is not SubscriberState.CONFIRMED


def test_who_was_imported_again_before_they_click_is_unsubscribed(office: Office) -> None:
    ben = office.add("ben@readers.example")
    office.restore()
    assert office.import_("ben@readers.example") == [Fate.NEW]
    office.click(ben)
    assert office.state_of("ben@readers.example") is SubscriberState.UNSUBSCRIBED
    assert office.state_of("ann@readers.example") is SubscriberState.CONFIRMED


def test_who_came_and_left_after_the_backup_is_not_brought_back_either(office: Office) -> None:
    for name in ("ben", "cleo"):
        office.add(f"{name}@readers.example")
    unsubscribe(office.database, "ben@readers.example", now=LATER)
    office.restore()
    with office.database.write() as connection:
        assert catch_up(connection, LATER).left == 1
    assert office.import_("ben@readers.example", "cleo@readers.example") == [Fate.SUPPRESSED, Fate.NEW]


def test_who_left_is_known_after_a_second_restore_of_the_same_copy(office: Office) -> None:
    ben = office.add("ben@readers.example")
    office.restore()
    office.click(ben)
    office.restore()
    with office.database.write() as connection:
        assert replay(connection, office.database.guard.journal, LATER, from_start=True).suppressed == 1
    assert office.import_("ben@readers.example") == [Fate.SUPPRESSED]


def test_the_journal_holds_neither_address_nor_id(office: Office) -> None:
    ben = office.add("ben@readers.example")
    assert ben not in office.journal
    assert "ben" not in office.journal


def test_the_link_of_somebody_whom_nobody_ever_knew_changes_nothing(office: Office) -> None:
    before = office.journal
    office.click("somebody")
    assert office.journal == before

"""A database that was restored or copied is told by its counter, and changes no edition until it is adopted."""

from __future__ import annotations

import json
import shutil
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from briefingfeed.errors import RefusedError, RestoredError, StorageError
from briefingfeed.models.delivery import DeliveryState
from briefingfeed.models.edition import EditionState
from briefingfeed.models.subscriber import SubscriberState
from briefingfeed.storage import deliveries, departures, editions, guard, meta, runs, subscribers
from briefingfeed.storage.database import Database
from briefingfeed.storage.instance import Doubt, Marks, Witness, find_doubt, machine_mark
from briefingfeed.storage.journal import Kind

from .samples import KEY, NOW, freeze, subscribe

HERE = machine_mark("0123456789abcdef", "")
ELSEWHERE = machine_mark("fedcba9876543210", "")
NAMED = machine_mark("fedcba9876543210", "harbour-1")
OTHER_NAME = machine_mark("0123456789abcdef", "harbour-2")
MARKS = Marks(instance="x", counter=5)


def witness(instance: str = "x", counter: int = 5, machine: str | None = HERE) -> Witness:
    return Witness(instance=instance, counter=counter, machine=machine)


class TestDoubt:
    @pytest.mark.parametrize(
        ("marks", "seen", "machine", "found"),
        [
            (MARKS, witness(), HERE, None),
            (MARKS, witness(counter=4), HERE, None),
            (MARKS, witness(counter=6), HERE, Doubt.OLDER),
            (MARKS, witness(instance="y"), HERE, Doubt.FOREIGN),
            (MARKS, witness(instance="y", counter=1), HERE, Doubt.FOREIGN),
            (Marks(), witness(), HERE, Doubt.OLDER),
            (Marks(), witness(counter=0), HERE, None),
            (Marks(), None, HERE, None),
            (MARKS, None, HERE, Doubt.UNKNOWN),
            (Marks(instance="x", counter=5, copied="2026-11-20"), witness(), HERE, Doubt.COPY),
            (MARKS, witness(), ELSEWHERE, Doubt.MOVED),
            (MARKS, witness(), None, None),
            (MARKS, witness(machine=None), HERE, None),
            (MARKS, witness(), NAMED, None),
            (MARKS, witness(machine=NAMED), NAMED, None),
            (MARKS, witness(machine=NAMED), OTHER_NAME, Doubt.MOVED),
            (MARKS, witness(machine=NAMED), HERE, Doubt.MOVED),
        ],
    )
    def test_what_is_noticed(
        self, marks: Marks, seen: Witness | None, machine: str | None, found: Doubt | None
    ) -> None:
        assert find_doubt(marks, seen, machine, is_shared=False) is found

    def test_a_new_host_may_join_a_shared_database(self) -> None:
        assert find_doubt(MARKS, None, HERE, is_shared=True) is None

    def test_neither_the_id_nor_the_name_can_be_read_from_the_mark(self) -> None:
        assert machine_mark("", "") is None
        assert machine_mark(" \n", " ") is None
        for mark in (HERE, NAMED):
            assert mark is not None
            assert "0123456789" not in mark
            assert "harbour" not in mark


class Desk:
    """A database and its state folder, which can be put back to an earlier day, together or alone."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "var"
        self.old = folder / "old.db"
        self.machine = HERE
        self.open()

    @property
    def file(self) -> Path:
        return self.state / "briefingfeed.db"

    def open(self) -> None:
        self.database = Database.open(f"sqlite:///{self.file}", state=self.state, machine=self.machine)

    def keep(self) -> None:
        self.database.close()
        shutil.copy(self.file, self.old)
        self.open()

    def restore(self) -> None:
        self.database.close()
        shutil.copy(self.old, self.file)
        self.open()

    def restart(self, machine: str | None) -> None:
        self.database.close()
        self.machine = machine
        self.open()

    @property
    def doubt(self) -> Doubt | None:
        assert self.database.guard
        with self.database.read() as c:
            return self.database.guard.doubt(c)

    @property
    def said(self) -> dict[str, object]:
        said: dict[str, object] = json.loads((self.state / "instance.json").read_text())
        return said

    def freeze(self) -> None:
        with self.database.write() as c:
            subscribe(c, "ann", "ben")
            freeze(c)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.database.close()


class TestCounting:
    def test_nothing_is_written_before_there_is_an_edition(self, desk: Desk) -> None:
        with desk.database.write() as c:
            subscribe(c, "ann")
        assert not (desk.state / "instance.json").exists()
        assert desk.doubt is None

    def test_each_change_of_an_edition_counts_and_the_file_follows(self, desk: Desk) -> None:
        desk.freeze()
        first = desk.said
        assert stat.S_IMODE((desk.state / "instance.json").stat().st_mode) == 0o600
        with desk.database.write() as c:
            editions.set_state(c, KEY, EditionState.HELD, NOW)
            editions.set_state(c, KEY, EditionState.SENDING, NOW)
        assert desk.said == first | {"counter": 2}
        assert desk.said["machine"] == HERE

    def test_what_is_rolled_back_does_not_count(self, desk: Desk) -> None:
        desk.freeze()
        with pytest.raises(RefusedError), desk.database.write() as c:
            editions.set_state(c, KEY, EditionState.PLANNED, NOW)
        assert desk.said["counter"] == 1
        with desk.database.write() as c:
            subscribe(c, "cid")
        assert desk.said["counter"] == 1

    def test_decisions_about_deliveries_and_the_end_of_a_run_count(self, desk: Desk) -> None:
        desk.freeze()
        for number, work in enumerate(
            (
                lambda c: runs.renew(c, "run-1"),
                lambda c: deliveries.unclaim(c, "run-1"),
                lambda c: deliveries.acknowledge(c, NOW),
                lambda c: deliveries.cancel(c, KEY, NOW),
            ),
            start=2,
        ):
            with desk.database.write() as c:
                work(c)
            assert desk.said["counter"] == number

    def test_each_lease_of_copies_counts_and_a_look_that_finds_none_does_not(self, desk: Desk) -> None:
        desk.freeze()
        for counter in (2, 3, 3):
            with desk.database.write() as c:
                deliveries.claim(c, KEY, "run-1", 1, NOW)
            assert desk.said["counter"] == counter

    def test_a_copy_made_in_the_middle_of_a_run_is_noticed_though_the_run_was_killed(self, desk: Desk) -> None:
        desk.freeze()
        desk.keep()
        with desk.database.write() as c:
            deliveries.claim(c, KEY, "run-1", 1, NOW)
        desk.restore()
        assert desk.doubt is Doubt.OLDER

    def test_a_death_between_the_commit_and_the_file_is_mended_without_a_word(self, desk: Desk) -> None:
        desk.freeze()
        before = (desk.state / "instance.json").read_text()
        with desk.database.write() as c:
            editions.set_state(c, KEY, EditionState.HELD, NOW)
        (desk.state / "instance.json").write_text(before)
        assert desk.doubt is None
        with desk.database.write() as c:
            editions.set_state(c, KEY, EditionState.SENDING, NOW)
        assert desk.said["counter"] == 3

    def test_a_death_before_the_first_commit_leaves_nothing_to_doubt(self, desk: Desk) -> None:
        (desk.state / "instance.json").write_text('{"instance": "made-too-early", "counter": 0, "machine": null}')
        desk.freeze()
        assert desk.said["instance"] == "made-too-early"
        assert desk.doubt is None

    def test_a_database_opened_without_its_state_folder_counts_nothing(self, desk: Desk) -> None:
        desk.freeze()
        with Database.open(f"sqlite:///{desk.file}") as bare, bare.write() as c:
            editions.set_state(c, KEY, EditionState.HELD, NOW)
        assert desk.said["counter"] == 1
        assert desk.doubt is None


class TestRestored:
    def test_an_older_database_is_noticed_and_changes_no_edition(self, desk: Desk) -> None:
        desk.keep()
        desk.freeze()
        desk.restore()
        assert desk.doubt is Doubt.OLDER
        with pytest.raises(RestoredError, match="same edition twice") as refused:
            desk.freeze()
        assert refused.value.exit_code == 78
        assert "briefingfeed db adopt" in str(refused.value)
        with desk.database.read() as c:
            assert editions.list_all(c) == []

    def test_every_change_of_editions_and_deliveries_is_refused(self, desk: Desk) -> None:
        desk.freeze()
        desk.keep()
        with desk.database.write() as c:
            deliveries.unclaim(c, "run-1")
        desk.restore()
        for change in (
            lambda c: editions.set_state(c, KEY, EditionState.HELD, NOW),
            lambda c: deliveries.cancel(c, KEY, NOW),
            lambda c: deliveries.resolve(c, 1, DeliveryState.ACCEPTED, NOW),
            lambda c: deliveries.acknowledge(c, NOW),
        ):
            with pytest.raises(RestoredError), desk.database.write() as c:
                change(c)

    def test_leaving_is_never_refused_and_does_not_hide_that_the_database_is_old(self, desk: Desk) -> None:
        with desk.database.write() as c:
            subscribe(c, *"abcdefgh")
        desk.keep()
        with desk.database.write() as c:
            freeze(c)
        desk.restore()
        for name in "abcdefgh":
            with desk.database.write() as c:
                assert subscribers.set_state(c, f"id-{name}", SubscriberState.UNSUBSCRIBED, NOW)
            assert desk.doubt is Doubt.OLDER

    def test_the_same_folder_on_another_machine_is_noticed(self, desk: Desk) -> None:
        desk.freeze()
        desk.restart(ELSEWHERE)
        assert desk.doubt is Doubt.MOVED
        desk.restart(NAMED)
        assert desk.doubt is None

    def test_adopting_settles_it_and_outruns_every_other_host(self, desk: Desk) -> None:
        desk.keep()
        desk.freeze()
        desk.restore()
        assert desk.database.guard
        with desk.database.write() as c:
            desk.database.guard.adopt(c)
        assert desk.doubt is None
        assert isinstance(desk.said["counter"], int)
        assert desk.said["counter"] > 1_000_000
        desk.freeze()

    def test_a_file_that_is_damaged_is_no_reason_to_go_on(self, desk: Desk) -> None:
        desk.freeze()
        (desk.state / "instance.json").write_text("{")
        with pytest.raises(RestoredError, match="damaged"), desk.database.write() as c:
            editions.set_state(c, KEY, EditionState.HELD, NOW)

    def test_without_the_file_a_database_with_a_history_is_not_trusted(self, desk: Desk) -> None:
        desk.freeze()
        (desk.state / "instance.json").unlink()
        assert desk.doubt is Doubt.UNKNOWN


class TestFailingDisk:
    def test_nothing_is_leased_while_the_file_cannot_follow(self, desk: Desk) -> None:
        desk.freeze()
        (desk.state / ".instance.json.new").mkdir()
        with desk.database.write() as c:
            editions.set_state(c, KEY, EditionState.SENDING, NOW)
        with pytest.raises(StorageError, match="cannot be written"), desk.database.write() as c:
            deliveries.claim(c, KEY, "run-1", 10, NOW)
        (desk.state / ".instance.json.new").rmdir()
        with desk.database.write() as c:
            editions.set_state(c, KEY, EditionState.SENDING, NOW)
        with desk.database.write() as c:
            assert len(deliveries.claim(c, KEY, "run-1", 10, NOW)) == 2

    def test_a_departure_counts_though_the_journal_cannot_be_written_and_is_written_later(self, desk: Desk) -> None:
        (desk.state / "unsubscribed.jsonl").mkdir()
        with desk.database.write() as c:
            subscribe(c, "ann", "ben")
            subscribers.set_state(c, "id-ann", SubscriberState.UNSUBSCRIBED, NOW)
        with desk.database.read() as c:
            ann = subscribers.by_id(c, "id-ann")
            assert ann is not None
            assert ann.state is SubscriberState.UNSUBSCRIBED
            assert departures.unwritten(c) == 1
        (desk.state / "unsubscribed.jsonl").rmdir()
        with desk.database.write() as c:
            subscribers.set_state(c, "id-ben", SubscriberState.UNSUBSCRIBED, NOW + timedelta(minutes=1))
        assert desk.database.guard
        reading = desk.database.guard.journal.read()
        assert reading is not None
        left = [Kind.UNSUBSCRIBED, Kind.UNSUBSCRIBED]
        assert [each.kind for each in reading.entries] == [Kind.JOINED, Kind.JOINED, *left]
        with desk.database.read() as c:
            assert departures.unwritten(c) == 0
            assert meta.get_mark(c, "unjournalled") == ""


def test_a_transaction_is_refused_by_name(desk: Desk) -> None:
    desk.keep()
    desk.freeze()
    desk.restore()
    with pytest.raises(RestoredError), desk.database.read() as c:
        guard.check(c)

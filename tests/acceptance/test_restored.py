"""Databases that were restored, copied and moved: no edition and no post twice, and whoever left stays away."""

from __future__ import annotations

import json
import os
import signal
import tarfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from acceptance.newsroom import ended
from acceptance.restorable import Room
from acceptance.verdicts import assert_refused
from briefingfeed.models.delivery import DeliveryState
from briefingfeed.models.edition import EditionState
from briefingfeed.models.subscriber import SubscriberState
from briefingfeed.storage.lock import run_lock
from faults.warm_command import WarmCommand
from servers.smtp_sink import SmtpSink

READERS = [f"reader{number}@example.org" for number in range(12)]
EVERYBODY_ONCE = Counter(READERS)


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[SmtpSink]:
    with SmtpSink(tmp_path / "sink") as started:
        yield started


def opened(room: Room) -> Room:
    room.write("Tides")
    room.subscribe(READERS)
    return room


@pytest.fixture
def room(tmp_path: Path, sink: SmtpSink, command: WarmCommand) -> Room:
    return opened(Room(tmp_path / "desk", port=sink.port, command=command))


@pytest.fixture
def cold_room(tmp_path: Path, sink: SmtpSink) -> Room:
    """Each of its commands imports what it needs itself."""
    return opened(Room(tmp_path / "desk", port=sink.port))


def subjects(sink: SmtpSink, recipient: str = READERS[0]) -> list[str]:
    return [
        next(line for line in content.decode().splitlines() if line.startswith("Subject:"))
        for to, content in sink.messages()
        if to == recipient
    ]


class TestTheDatabaseAlone:
    def test_an_edition_that_went_out_after_the_copy_was_made_never_goes_again(
        self, cold_room: Room, sink: SmtpSink
    ) -> None:
        room = cold_room
        room.keep_database()
        room.send()
        assert sink.counts() == EVERYBODY_ONCE
        room.restore_database()
        refused = room.run("send-weekly", "--now")
        assert_refused(refused, 78, "older than the state folder", "same edition twice", "briefingfeed db adopt")
        words = room.adopt()
        assert "missed" in words
        assert "not mailed by themselves" in words
        room.send(expect=None)
        assert sink.counts() == EVERYBODY_ONCE
        room.next_week(expect=0)
        assert sink.counts() == Counter(READERS * 2)
        assert ["Next week" in subject for subject in subjects(sink)] == [False, True]
        assert "Tides" not in sink.messages()[-1][1].decode()

    def test_a_copy_from_the_middle_of_a_run_sends_nothing_twice(self, room: Room, sink: SmtpSink) -> None:
        room.die_at("after-arm:4")
        room.keep_database()
        room.send(expect=None)
        before = sink.counts()
        assert len(before) >= len(READERS) - 2
        room.restore_database()
        assert_refused(room.run("send-weekly", "--now"), 78, "older")
        room.adopt()
        room.send(expect=1)
        assert sink.counts() == before
        (edition,) = room.editions()
        assert edition.state is EditionState.DONE
        assert not any(state.waits for state in room.states().values())
        assert DeliveryState.UNCERTAIN in room.states().values()

    def test_a_post_that_asks_to_be_mailed_is_not_mailed_a_second_time(self, room: Room, sink: SmtpSink) -> None:
        file = room.write("Asked for", days_ago=1)
        file.write_text(file.read_text().replace("---\n\n", "email: true\n---\n\n", 1))
        room.keep_database()
        room.send()
        room.restore_database()
        room.adopt()
        room.send(expect=None)
        room.next_week(expect=0)
        assert len(sink.messages()) == 2 * len(READERS)
        assert "Asked for" not in sink.messages()[-1][1].decode()

    def test_who_left_after_the_copy_was_made_is_not_mailed_though_nothing_was_noticed(
        self, room: Room, sink: SmtpSink
    ) -> None:
        room.keep_database()
        room.run("subscribers", "unsubscribe", READERS[0], expect=0)
        room.run("subscribers", "erase", READERS[1], "--yes", expect=0)
        room.restore_database()
        room.send()
        assert sink.counts() == Counter(READERS[2:])
        assert room.states_of_readers()[READERS[0]] is SubscriberState.UNSUBSCRIBED
        assert READERS[1] not in room.states_of_readers()
        assert "erased" in room.run("subscribers", "add", READERS[1], "--source", "again").stderr

    def test_what_mails_nobody_goes_on(self, room: Room) -> None:
        room.keep_database()
        room.send()
        room.restore_database()
        status = room.run("status")
        assert status.returncode == 1
        assert "older than the state folder" in status.stdout.splitlines()[0]
        assert "briefingfeed db adopt" in status.stdout
        room.run("build", expect=0)
        room.run("subscribers", "list", expect=0)
        room.run("subscribers", "export", expect=0)
        room.run("subscribers", "unsubscribe", READERS[0], expect=0)
        assert_refused(room.run("send-weekly", "--dry-run"), 78, "adopt")
        assert_refused(room.run("deliveries", "acknowledge"), 78, "adopt")
        room.adopt()
        assert room.states_of_readers()[READERS[0]] is SubscriberState.UNSUBSCRIBED


class TestBackup:
    def test_a_backup_made_while_a_run_is_at_work_is_whole_and_nobody_is_mailed_twice_from_it(
        self, cold_room: Room, sink: SmtpSink, tmp_path: Path
    ) -> None:
        room = cold_room
        halt = {"BRIEFINGFEED_FAILPOINT": "after-record:3:stop"}
        with ended(room.start("send-weekly", "--now", environment=halt)) as sending:
            os.waitid(os.P_PID, sending.pid, os.WSTOPPED)
            room.run("db", "backup", str(tmp_path / "kept.tar.gz"), expect=0)
            sending.send_signal(signal.SIGCONT)
            assert sending.wait(60) == 0
        assert sink.counts() == EVERYBODY_ONCE
        room.lose_all_but(tmp_path / "kept.tar.gz")
        assert_refused(room.run("send-weekly"), 78, "copy that `briefingfeed db backup` made")
        assert "unclear" in room.adopt()
        room.send(expect=1)
        room.next_week()
        assert sink.counts() == Counter(READERS * 2)

    def test_it_holds_what_is_needed_and_nobody_else_may_read_it(self, room: Room, tmp_path: Path) -> None:
        room.run("build", expect=0)
        room.run("subscribers", "unsubscribe", READERS[0], expect=0)
        file = tmp_path / "kept.tar.gz"
        report = json.loads(room.run("db", "backup", str(file), "--json", expect=0).stdout)
        assert file.stat().st_mode & 0o777 == 0o600
        with tarfile.open(file) as archive:
            assert all(member.mode == 0o600 and member.isfile() for member in archive.getmembers())
            names = archive.getnames()
            readme = archive.extractfile("RESTORE.txt")
            assert readme is not None
            assert "briefingfeed db adopt" in readme.read().decode()
        assert sorted(names) == sorted(["RESTORE.txt", *report["holds"]])
        assert {"briefingfeed.db", "secret.key", "suppression.key", "ids.jsonl", "last-good.sqlite"} <= set(names)
        assert "unsubscribed.copy.jsonl" in names
        assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []

    def test_no_file_is_replaced_without_a_word(self, room: Room, tmp_path: Path) -> None:
        file = tmp_path / "kept.tar.gz"
        file.write_text("mine")
        assert_refused(room.run("db", "backup", str(file)), 2, "there already", "--yes")
        assert file.read_text() == "mine"
        room.run("db", "backup", str(file), "--yes", expect=0)
        assert tarfile.is_tarfile(file)

    def test_into_a_folder_it_goes_under_the_date(self, room: Room, tmp_path: Path) -> None:
        folder = tmp_path / "backups"
        folder.mkdir()
        before = datetime.now(UTC)
        room.run("db", "backup", str(folder), expect=0)
        (file,) = folder.iterdir()
        assert file.name[:19] in {f"briefingfeed-{moment:%Y%m}" for moment in (before, datetime.now(UTC))}

    def test_it_never_goes_where_readers_could_fetch_it(self, room: Room) -> None:
        room.run("build", expect=0)
        assert_refused(room.run("db", "backup", str(room.folder / "public")), 2, "published")
        assert_refused(room.run("db", "backup", str(room.folder / "nowhere" / "x.tar.gz")), 2, "no such folder")


class TestWhoLeft:
    def test_a_journal_that_survived_is_taken_in(self, room: Room, sink: SmtpSink, tmp_path: Path) -> None:
        room.run("db", "backup", str(tmp_path / "kept.tar.gz"), expect=0)
        room.run("subscribers", "unsubscribe", READERS[0], expect=0)
        journal = (room.state / "unsubscribed.jsonl").read_bytes()
        assert READERS[0].encode() not in journal
        room.lose_all_but(tmp_path / "kept.tar.gz")
        (room.state / "unsubscribed.jsonl").write_bytes(journal)
        assert "1 left" in room.adopt()
        room.next_week(expect=0)
        assert sink.counts() == Counter(READERS[1:])

    def test_if_it_is_lost_adopting_says_since_when(self, room: Room, tmp_path: Path) -> None:
        before = datetime.now(UTC)
        room.run("db", "backup", str(tmp_path / "kept.tar.gz"), expect=0)
        after = datetime.now(UTC)
        room.run("subscribers", "unsubscribe", READERS[0], expect=0)
        room.lose_all_but(tmp_path / "kept.tar.gz")
        words = room.adopt()
        assert any(f"whoever left after {moment:%d %B %Y}" in words for moment in (before, after))

    def test_who_came_back_is_named_and_stays_away_until_the_wish_is_told_again(self, cold_room: Room) -> None:
        room = cold_room
        room.run("subscribers", "unsubscribe", READERS[0], expect=0)
        room.keep_database()
        room.run("subscribers", "resubscribe", READERS[0], "--wish", "mail of 3 May", expect=0)
        room.send()
        room.restore_database()
        report = json.loads(room.run("db", "adopt", "--yes", "--json", expect=0).stdout)
        (came_back,) = report["came_back"]
        assert room.states_of_readers()[READERS[0]] is SubscriberState.UNSUBSCRIBED
        room.run("subscribers", "resubscribe", came_back, "--wish", "mail of 3 May", expect=0)

    def test_a_journal_that_cannot_be_written_keeps_nobody_from_leaving_and_is_told(self, room: Room) -> None:
        (room.state / "unsubscribed.jsonl").unlink()
        (room.state / "unsubscribed.jsonl").mkdir()
        done = room.run("subscribers", "unsubscribe", READERS[0], expect=0)
        assert "cannot be written down" in done.stderr
        assert READERS[0] not in done.stderr
        status = room.run("status")
        assert "1 departure stands in the database only" in status.stdout
        (room.state / "unsubscribed.jsonl").rmdir()
        room.run("send-weekly", expect=0)
        assert "unsubscribed" in (room.state / "unsubscribed.jsonl").read_text()
        assert "departure" not in room.run("status").stdout


class TestMoved:
    def test_a_state_folder_from_another_machine_mails_nobody_until_somebody_says_so(
        self, room: Room, sink: SmtpSink
    ) -> None:
        room.run("send-weekly", "--now", environment={"BRIEFINGFEED_INSTANCE": "old host"}, expect=0)
        new = {"BRIEFINGFEED_INSTANCE": "new host"}
        assert_refused(room.run("send-weekly", environment=new), 78, "another machine", "stop one of the two")
        room.run("db", "adopt", "--yes", environment=new, expect=0)
        room.run("send-weekly", environment=new, expect=0)
        assert sink.counts() == EVERYBODY_ONCE

    def test_the_machine_s_own_id_counts_where_no_name_is_given(self, room: Room) -> None:
        room.send()
        file = room.state / "instance.json"
        said = json.loads(file.read_text())
        file.write_text(json.dumps(said | {"machine": "id:0123456789abcdef0123456789abcdef"}))
        has_id = Path("/etc/machine-id").is_file() and Path("/etc/machine-id").read_text().strip()
        assert room.run("send-weekly").returncode == (78 if has_id else 0)
        room.run("send-weekly", environment={"BRIEFINGFEED_INSTANCE": "a name"}, expect=0)


class TestAdopting:
    def test_without_a_reason_it_does_nothing(self, room: Room) -> None:
        room.send()
        done = room.run("db", "adopt", expect=0)
        assert "nothing to adopt" in done.stdout

    def test_it_wants_a_word_where_nobody_can_be_asked(self, room: Room) -> None:
        room.keep_database()
        room.send()
        room.restore_database()
        done = room.run("db", "adopt")
        assert_refused(done, 2, "Adopt this database?", "--yes", "older than the state folder")
        assert room.run("send-weekly").returncode == 78

    def test_with_resend_what_waited_is_sent_and_what_was_being_handed_over_is_not(
        self, room: Room, sink: SmtpSink, tmp_path: Path
    ) -> None:
        room.die_at("after-arm:1")
        room.run("db", "backup", str(tmp_path / "kept.tar.gz"), expect=0)
        before = sink.counts()
        room.lose_all_but(tmp_path / "kept.tar.gz")
        assert "second time" in room.adopt("--resend")
        room.send(expect=1)
        unclear = {address for address, state in room.states().items() if state is DeliveryState.UNCERTAIN}
        assert unclear
        assert sink.counts() == before + Counter(set(READERS) - unclear - set(before))

    @pytest.mark.parametrize("times", [2, 3])
    def test_doing_it_again_changes_nothing_more(self, room: Room, sink: SmtpSink, times: int) -> None:
        room.die_at("after-arm:2")
        room.keep_database()
        room.send(expect=None)
        before = sink.counts()
        room.restore_database()
        for _ in range(times):
            room.adopt()
        room.send(expect=1)
        assert sink.counts() == before

    def test_while_a_post_cannot_be_read_it_waits(self, room: Room) -> None:
        room.keep_database()
        room.send()
        room.restore_database()
        broken = room.folder / "posts" / "2026-11-20-broken.md"
        broken.write_text("---\ntitle: [\n---\n")
        assert_refused(room.run("db", "adopt", "--yes"), 1, "broken.md", "Repair it")
        broken.unlink()
        room.adopt()

    def test_with_other_keys_it_is_refused(self, room: Room) -> None:
        room.keep_database()
        room.send()
        room.restore_database()
        (room.state / "secret.key").write_text("ab" * 32 + "\n")
        assert_refused(room.run("db", "adopt", "--yes"), 78, "key", "backup")

    def test_while_a_run_is_at_work_it_is_refused(self, room: Room) -> None:
        room.keep_database()
        room.send()
        room.restore_database()
        with run_lock(room.database.with_name("briefingfeed.db.lock")):
            room.run("db", "adopt", "--yes", expect=75)

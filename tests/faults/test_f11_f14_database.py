"""F11 to F14: a disk that is full, a database that is busy or gone, at the worst moments."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from briefingfeed.storage.database import Database
from faults.trial import Trial, addresses
from faults.warm_command import Run, WarmCommand
from faults.ways import IN_BOTH_WAYS_ON_ONE, Way
from servers.postgres import PostgresServer
from servers.smtp_sink import SmtpSink

READERS = addresses(12)
IS_ROOT = os.geteuid() == 0


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[SmtpSink]:
    with SmtpSink(tmp_path / "sink") as started:
        yield started


def trial_in(folder: Path, command: WarmCommand, sink: SmtpSink, url: str, way: Way) -> Trial:
    how = {"connections": way.connections, "is_signed": way.is_signed}
    return Trial(folder / "publication", command, sink, url, READERS, **how)


@IN_BOTH_WAYS_ON_ONE
class TestF11:
    """On a disk of 8 MB that something else fills up: what SQLite says is its own SQLITE_FULL.

    Only root may mount one; for others the kernel lets the file grow no more, which SQLite takes for a broken disk.
    """

    @pytest.fixture
    def disk(self, tmp_path: Path) -> Iterator[Path]:
        folder = tmp_path / "disk"
        folder.mkdir()
        if IS_ROOT:
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "none", folder], check=True)
        try:
            yield folder
        finally:
            if IS_ROOT:
                subprocess.run(["umount", "-l", folder], check=True)

    @pytest.fixture
    def trial(self, tmp_path: Path, disk: Path, command: WarmCommand, sink: SmtpSink, way: Way) -> Trial:
        return trial_in(tmp_path, command, sink, f"sqlite:///{disk / 'ledger.db'}", way)

    @pytest.mark.parametrize(("place", "out"), [("after-claim:1", 0), ("after-reply:4", 4)])
    def test_full_before_it_arms_or_records(self, trial: Trial, disk: Path, place: str, out: int) -> None:
        unclear = trial.most_unclear if out else 0
        with trial.stopped_at(place) as run:
            fill_up(disk, run)
        assert run.wait() == 75, run.err
        assert ("the disk is full" if IS_ROOT else "the disk failed") in run.err
        assert out <= trial.sink.counts().total() < out + trial.most_unclear, "more than was armed"
        (disk / "fill").unlink(missing_ok=True)
        trial.assert_invariants(finished=False, uncertain=unclear)
        trial.send_on()
        trial.assert_invariants(uncertain=unclear)
        assert trial.tally["accepted"] >= len(READERS) - unclear
        trial.assert_silent()


def fill_up(disk: Path, run: Run) -> None:
    if not IS_ROOT:
        size = (disk / "ledger.db-wal").stat().st_size
        resource.prlimit(run.pid, resource.RLIMIT_FSIZE, (size, size))
        return
    with suppress(OSError), (disk / "fill").open("wb", buffering=0) as out:
        while True:
            out.write(bytes(4096))


@IN_BOTH_WAYS_ON_ONE
class TestF13:
    """PostgreSQL is gone for a moment while a copy is between its dot and the record."""

    @pytest.fixture
    def trial(self, tmp_path: Path, command: WarmCommand, sink: SmtpSink, postgres: PostgresServer, way: Way) -> Trial:
        return trial_in(tmp_path, command, sink, postgres.fresh_url(), way)

    @pytest.mark.parametrize(
        "place", ["after-claim:1", "after-arm:2", "after-dot:4", "after-reply:4", "before-record:2"]
    )
    def test_ended_sessions_are_made_anew_and_nothing_is_forgotten(
        self, trial: Trial, postgres: PostgresServer, place: str
    ) -> None:
        with trial.stopped_at(place) as run:
            assert postgres.kill_backends(trial.books.url)
        assert run.wait() in (0, 1, 75), run.err
        trial.send_on()
        trial.assert_invariants(uncertain=trial.most_unclear)
        trial.assert_silent()

    def test_a_restart_is_waited_for(self, trial: Trial, postgres: PostgresServer) -> None:
        with trial.stopped_at("after-dot:4") as run:
            postgres.restart()
        assert run.wait() == 0, run.err
        trial.assert_invariants()
        assert set(trial.tally) == {"accepted"}


class TestF14:
    def test_a_commit_on_postgresql_waits_for_the_disk(self, postgres: PostgresServer, tmp_path: Path) -> None:
        """Of SQLite, tests/unit/storage/test_storage_database.py asserts it for every connection."""
        with Database.open(postgres.fresh_url(), state=tmp_path) as database, database.write() as connection:
            assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"

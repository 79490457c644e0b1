"""PostgreSQL databases that were restored: what pg_dump brings back mails nobody a second time."""

from __future__ import annotations

import json
import subprocess
import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from acceptance.newsroom import Newsroom
from acceptance.verdicts import assert_refused
from faults.warm_command import WarmCommand
from servers.postgres import PostgresServer
from servers.smtp_sink import SmtpSink

READERS = [f"reader{number}@example.org" for number in range(6)]


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[SmtpSink]:
    with SmtpSink(tmp_path / "sink") as started:
        yield started


@pytest.fixture
def room(tmp_path: Path, sink: SmtpSink, postgres: PostgresServer, command: WarmCommand) -> Newsroom:
    made = Newsroom(tmp_path / "desk", port=sink.port, url=postgres.fresh_url(), command=command)
    made.write("Tides")
    made.subscribe(READERS)
    return made


def restore(room: Newsroom, dump: Path, url: str, port: int) -> None:
    """Put a dump into an empty database, as its owner, and work with that from now on."""
    command = ["psql", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", f"--file={dump}", url]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    room.url = url
    room.configure(port=port)


def test_a_dump_that_is_older_than_the_state_folder_is_noticed(
    room: Newsroom, sink: SmtpSink, postgres: PostgresServer, tmp_path: Path
) -> None:
    dump = tmp_path / "dump.sql"
    subprocess.run(["pg_dump", "--no-owner", f"--file={dump}", room.url], check=True)
    room.run("subscribers", "unsubscribe", READERS[0], expect=0)
    room.send()
    assert sink.counts() == Counter(READERS[1:])
    restore(room, dump, postgres.fresh_url(), sink.port)
    assert_refused(room.run("send-weekly", "--now"), 78, "older than the state folder", "briefingfeed db adopt")
    assert "1 left" in room.run("db", "adopt", "--yes", expect=0).stderr
    room.send(expect=None)
    assert sink.counts() == Counter(READERS[1:])


def test_db_backup_makes_a_dump_that_mails_nobody_before_it_is_adopted(
    room: Newsroom, sink: SmtpSink, postgres: PostgresServer, tmp_path: Path
) -> None:
    file = tmp_path / "kept.tar.gz"
    room.die_at("after-arm:2")
    report = json.loads(room.run("db", "backup", str(file), "--json", expect=0).stdout)
    assert "database.sql" in report["holds"]
    room.send(expect=None)
    before = sink.counts()
    with tarfile.open(file) as archive:
        archive.extract("database.sql", tmp_path, filter="data")
    restore(room, tmp_path / "database.sql", postgres.fresh_url(), sink.port)
    assert_refused(room.run("send-weekly"), 78, "copy that `briefingfeed db backup` made")
    assert "unclear" in room.run("db", "adopt", "--yes", expect=0).stderr
    room.send(expect=1)
    assert sink.counts() == before


def test_without_pg_dump_the_commands_are_named(room: Newsroom, tmp_path: Path) -> None:
    done = room.run("db", "backup", str(tmp_path / "kept.tar.gz"), environment={"PATH": "/nonexistent"})
    assert_refused(done, 78, "pg_dump", "INSERT INTO meta")
    assert list(tmp_path.glob("*.tar.gz")) == []

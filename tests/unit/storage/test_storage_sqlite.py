"""A SQLite file: who may read it, and what people are told when the disk or another program is in the way."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from time import sleep

import pytest
from sqlalchemy import select, text

from briefingfeed.errors import ConfigurationError, StorageError
from briefingfeed.storage import meta, schema, subscribers
from briefingfeed.storage.database import Database

from .samples import person


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/var/briefingfeed.db"


HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute(sys.argv[2])
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def held_by_another_process(file: Path, how: str = "BEGIN IMMEDIATE") -> Iterator[None]:
    command = [sys.executable, "-c", HOLDER, str(file), how]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield
        holder.communicate("")


@pytest.mark.parametrize("how", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
def test_a_database_that_stays_locked_is_a_storage_error(database: Database, how: str) -> None:
    with (
        held_by_another_process(database.file, how),
        pytest.raises(StorageError, match="another program has been writing") as error,
        database.write(),
    ):
        pass
    assert error.value.exit_code == 75
    assert error.value.remedy
    with database.write() as c:
        meta.set_mark(c, "it", "works again")


def test_reading_goes_on_while_another_process_writes(database: Database) -> None:
    with held_by_another_process(database.file), database.read() as c:
        assert meta.get_mark(c, "none") is None


def test_reading_goes_on_however_many_wait_to_write(url: str) -> None:
    ended: list[int] = []

    def wait_to_write(number: int) -> None:
        try:
            with suppress(StorageError), database.write():
                pass
        finally:
            ended.append(number)

    with Database.open(url, busy_timeout=20) as database:
        waiting = [Thread(target=wait_to_write, args=(number,)) for number in range(15)]
        with database.write():
            for each in waiting:
                each.start()
            sleep(0.1)  # till they wait
            with database.read() as c:
                assert meta.get_mark(c, "none") is None
            assert ended == []
        for each in waiting:
            each.join()


def test_every_connection_keeps_the_settings_of_the_promise(database: Database) -> None:
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1, "busy_timeout": 200}
    with database.read() as one, database.read() as two, database.read() as three:
        for c in (one, two, three):
            assert {name: c.scalar(text(f"PRAGMA {name}")) for name in wanted} == wanted


def test_a_new_database_is_for_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with Database.open(f"sqlite:///{tmp_path}/var/state.db") as database:
            with database.write() as c:
                meta.set_mark(c, "mark", "x")
            modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in (tmp_path / "var").iterdir()}
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "var").stat().st_mode) == 0o700
    assert modes == {"state.db": 0o600, "state.db-wal": 0o600, "state.db-shm": 0o600}


def test_a_full_disk_is_a_storage_error_and_nothing_is_half_written(database: Database) -> None:
    people = [person(f"reader-{number}") for number in range(2000)]
    with database.write() as c:
        c.execute(text("PRAGMA max_page_count = 60"))
    with pytest.raises(StorageError, match="disk is full") as error, database.write() as c:
        subscribers.add_many(c, people)
    assert "free some space" in str(error.value)
    with database.write() as c:
        c.execute(text("PRAGMA max_page_count = 1000000"))
        assert sum(subscribers.count_by_state(c).values()) == 0
        subscribers.add_many(c, people)


def test_a_file_that_is_no_database_is_told_apart(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("These are my notes. " * 400)
    with pytest.raises(StorageError, match="not a database"):
        Database.open(f"sqlite:///{file}")


def test_a_damaged_database_is_told_apart(url: str) -> None:
    with Database.open(url) as database:
        with database.write() as c:
            subscribers.add_many(c, [person(f"reader-{number}") for number in range(500)])
        file = database.file
    content = bytearray(file.read_bytes())
    middle = len(content) // 4096 // 2 * 4096
    content[middle : middle + 8192] = b"\xff" * 8192
    file.write_bytes(content)
    with pytest.raises(StorageError, match="damaged"):
        read_all(url)


def read_all(url: str) -> None:
    with Database.open(url) as database, database.read() as c:
        for table in schema.metadata.sorted_tables:
            for column in table.columns:
                c.execute(select(table).order_by(column)).all()


def test_a_folder_that_cannot_be_made_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("in the way")
    with pytest.raises(StorageError, match="cannot be made"):
        Database.open(f"sqlite:///{tmp_path}/var/state.db")


@pytest.mark.parametrize(
    "url", ["", "sqlite://", "sqlite:///:memory:", "mysql://localhost/x", "nonsense", "sqlite:///file:x?uri=true"]
)
def test_an_address_that_is_no_file_is_a_configuration_error(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"\[database\] url"):
        Database.open(url)


def test_a_symbolic_link_to_the_database_is_followed_to_the_real_file(url: str, tmp_path: Path) -> None:
    Database.open(url).close()
    (tmp_path / "link.db").symlink_to(tmp_path / "var" / "briefingfeed.db")
    with Database.open(f"sqlite:///{tmp_path}/link.db") as database:
        assert database.file == tmp_path / "var" / "briefingfeed.db"
        assert database.lock_file == tmp_path / "var" / "briefingfeed.db.lock"


def test_a_symbolic_link_that_leads_nowhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(tmp_path / "elsewhere.db")
    with pytest.raises(ConfigurationError, match="leads nowhere"):
        Database.open(f"sqlite:///{tmp_path}/link.db")
    assert not (tmp_path / "elsewhere.db").exists()


def test_closing_leaves_no_write_ahead_log(url: str, tmp_path: Path) -> None:
    with Database.open(url) as database, database.write() as c:
        meta.set_mark(c, "mark", "x")
    assert [each.name for each in (tmp_path / "var").iterdir()] == ["briefingfeed.db"]
    with sqlite3.connect(database.file) as plain:
        assert plain.execute("SELECT value FROM meta").fetchall() == [("x",)]
    plain.close()

"""Opening and transactions, alike on both databases."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest
from sqlalchemy import inspect, text

from briefingfeed.errors import StorageError
from briefingfeed.storage import meta
from briefingfeed.storage.database import Database

from .samples import subscribe


def test_a_writer_waits_for_another(url: str) -> None:
    """With the usual timeout a short write of the web app is never an error."""
    with Database.open(url, busy_timeout=10) as database:
        first = database.write()
        c = first.__enter__()
        done = threading.Event()

        def second() -> None:
            with database.write() as other:
                meta.set_mark(other, "second", "2")
            done.set()

        thread = threading.Thread(target=second)
        thread.start()
        assert not done.wait(0.3)
        meta.set_mark(c, "first", "1")
        first.__exit__(None, None, None)
        thread.join(10)
        assert done.is_set()


def test_a_writer_whose_turn_never_comes_is_told_so(database: Database) -> None:
    failures: list[BaseException] = []

    def write() -> None:
        try:
            with database.write():
                pass
        except StorageError as error:
            failures.append(error)

    with database.write():
        thread = threading.Thread(target=write)
        thread.start()
        thread.join(10)
    assert ["another program" in str(error) for error in failures] == [True]


def test_a_burst_of_writers_is_served_without_an_error(url: str) -> None:
    """As when everybody leaves at once, while a run in another process goes on writing."""
    code = f"""
import sys
from briefingfeed.storage import meta
from briefingfeed.storage.database import Database
database = Database.open({url!r})
print("writing", flush=True)
for number in range(200):
    with database.write() as c:
        meta.set_mark(c, "run", str(number))
"""
    failures: list[BaseException] = []
    with Database.open(url) as database:

        def leave(name: str) -> None:
            try:
                for number in range(10):
                    with database.write() as c:
                        meta.set_mark(c, f"{name}/{number}", "gone")
            except StorageError as error:
                failures.append(error)

        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as run:
            assert run.stdout is not None
            assert run.stdout.readline() == b"writing\n"
            threads = [threading.Thread(target=leave, args=(str(number),)) for number in range(30)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
        assert run.returncode == 0
        assert failures == []
        with database.read() as c:
            assert c.scalar(text("SELECT count(*) FROM meta")) == 301


def test_a_write_transaction_is_there_from_its_first_moment(database: Database, url: str) -> None:
    """A writer that reads first must not fail later because somebody else wrote meanwhile."""
    with (
        Database.open(url, busy_timeout=0.05) as other,
        database.write(),
        pytest.raises(StorageError),
        other.write(),
    ):
        pass


def test_a_read_sees_one_state_throughout(database: Database) -> None:
    with database.read() as c:
        assert meta.get_mark(c, "mark") is None
        with database.write() as writer:
            meta.set_mark(writer, "mark", "new")
        assert meta.get_mark(c, "mark") is None
    with database.read() as c:
        assert meta.get_mark(c, "mark") == "new"


def test_writing_in_a_read_transaction_is_refused(database: Database) -> None:
    with pytest.raises(StorageError), database.read() as c:
        meta.set_mark(c, "mark", "sneaked in")
    with database.write() as c:
        assert meta.get_mark(c, "mark") is None
        meta.set_mark(c, "mark", "allowed")


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
def test_an_exception_rolls_everything_back(database: Database, failure: type[BaseException]) -> None:
    def fail_half_way() -> None:
        with database.write() as c:
            meta.set_mark(c, "mark", "half done")
            raise failure

    with pytest.raises(failure):
        fail_half_way()
    with database.read() as c:
        assert meta.get_mark(c, "mark") is None


def test_creating_tables_is_part_of_the_transaction(database: Database) -> None:
    """Python's sqlite3 would commit before DDL if it were in charge of transactions."""

    def fail_after_ddl() -> None:
        with database.write() as c:
            meta.set_mark(c, "mark", "before")
            c.execute(text("CREATE TABLE extra (id INTEGER)"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_after_ddl()
    with database.read() as c:
        assert meta.get_mark(c, "mark") is None
        assert not inspect(c).has_table("extra")


def test_what_was_committed_survives_a_kill(url: str) -> None:
    code = f"""
import os, signal
from briefingfeed.storage import meta
from briefingfeed.storage.database import Database
database = Database.open({url!r})
with database.write() as c:
    meta.set_mark(c, "committed", "yes")
with database.write() as c:
    meta.set_mark(c, "open", "yes")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    with Database.open(url) as database, database.read() as c:
        assert meta.get_mark(c, "committed") == "yes"
        assert meta.get_mark(c, "open") is None


def test_two_processes_that_make_the_database_at_once_both_get_it(url: str) -> None:
    code = f"from briefingfeed.storage.database import Database; Database.open({url!r}).close()"
    makers = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(3)]
    assert [maker.wait(60) for maker in makers] == [0, 0, 0]


def test_no_error_repeats_an_address(database: Database) -> None:
    with database.write() as c:
        subscribe(c, "secret")
    with pytest.raises(StorageError) as error, database.write() as c:
        subscribe(c, "secret")
    chain: BaseException | None = error.value
    while chain is not None:
        assert "secret" not in f"{chain}{chain!r}{vars(chain)}"
        chain = chain.__cause__

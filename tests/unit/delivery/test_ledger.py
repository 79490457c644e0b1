from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest
from sqlalchemy import Connection, text

from briefingfeed.delivery.ledger import Ledger
from briefingfeed.errors import StorageError
from briefingfeed.storage.database import Database


class Notebook:
    """Writes lines into the real database, and remembers which came together."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.threads: set[int] = set()

    def record(self, connection: Connection, entries: Sequence[str]) -> None:
        self.threads.add(threading.get_ident())
        self.groups.append(list(entries))
        for entry in entries:
            connection.execute(text("INSERT INTO meta VALUES (:entry, '')"), {"entry": entry})

    def arm(self, connection: Connection, asks: Sequence[str], *, again: bool) -> Sequence[str]:
        self.groups[-1:] = [[*(self.groups[-1] if self.groups else []), *(f"arm {ask}" for ask in asks)]]
        return [ask.upper() for ask in asks]


@pytest.fixture
def database(mailing):
    """In which a lock is waited for a moment only."""
    with Database.open(mailing.url, busy_timeout=0.05) as opened:
        yield opened


def lines(database: Database) -> set[str]:
    with database.read() as connection:
        return set(connection.scalars(text("SELECT name FROM meta")))


def test_an_outcome_and_the_next_arming_share_a_commit(database: Database) -> None:
    book = Notebook()

    async def work() -> None:
        async with Ledger(database, book) as ledger:
            ledger.put("one")
            assert await asyncio.gather(ledger.arm("two"), ledger.arm("three")) == ["TWO", "THREE"]

    asyncio.run(work())
    assert book.groups == [["one", "arm two", "arm three"]]


def test_an_entry_alone_does_not_wait_long(database: Database) -> None:
    async def work() -> None:
        async with Ledger(database, Notebook()) as ledger:
            ledger.put("alone")
            for _ in range(200):
                await asyncio.sleep(0.01)
                if "alone" in lines(database):
                    return
            raise AssertionError("it was never written")

    asyncio.run(work())


def test_leaving_writes_what_is_queued(database: Database) -> None:
    async def work() -> None:
        async with Ledger(database, Notebook()) as ledger:
            for number in range(50):
                ledger.put(f"entry {number}")

    asyncio.run(work())
    assert lines(database) >= {f"entry {number}" for number in range(50)}


def test_all_of_it_runs_in_one_thread_that_is_not_the_loop(database: Database) -> None:
    book = Notebook()

    async def work() -> None:
        async with Ledger(database, book) as ledger:
            for number in range(5):
                ledger.put(f"entry {number}")
                await ledger.commit("step", lambda _connection: None)

    asyncio.run(work())
    assert len(book.threads) == 1
    assert threading.get_ident() not in book.threads


def test_what_goes_wrong_for_a_moment_is_tried_again_and_written_once(database: Database, mailing) -> None:
    async def work() -> str:
        async with Ledger(database, Notebook(), pauses=(0.1,) * 20) as ledger:
            asyncio.get_running_loop().call_later(0.3, mailing.locked().close)
            ledger.put("one")
            return await ledger.arm("two")

    assert asyncio.run(work()) == "TWO"
    assert "one" in lines(database)


def test_what_stays_wrong_ends_everything(database: Database, mailing) -> None:
    async def work() -> Exception | None:
        async with Ledger(database, Notebook(), pauses=(0.01,)) as ledger:
            ledger.put("lost")
            for ask in ("two", "three"):
                with pytest.raises(StorageError):
                    await ledger.arm(ask)
            ledger.put("dropped")
            with pytest.raises(StorageError):
                await ledger.commit("step", lambda _connection: None)
            return ledger.failure

    with mailing.locked():
        assert isinstance(asyncio.run(work()), StorageError)
    assert lines(database).isdisjoint({"lost", "dropped"})


def test_a_mistake_in_the_book_reaches_whoever_asked(database: Database) -> None:
    class Broken(Notebook):
        def arm(self, connection: Connection, asks: Sequence[str], *, again: bool) -> Sequence[str]:
            raise ZeroDivisionError

    async def work() -> Exception | None:
        async with Ledger(database, Broken()) as ledger:
            with pytest.raises(ZeroDivisionError):
                await ledger.arm("two")
            return ledger.failure

    assert isinstance(asyncio.run(work()), ZeroDivisionError)


def test_what_cannot_be_done_takes_no_outcome_along(database: Database) -> None:
    def refuse(_connection: Connection) -> None:
        raise StorageError("the state folder cannot be written")

    async def work() -> None:
        async with Ledger(database, Notebook(), pauses=(0.01,)) as ledger:
            ledger.put("accepted")
            with pytest.raises(StorageError):
                await ledger.commit("claim", refuse)
            assert ledger.failure is not None

    asyncio.run(work())
    assert "accepted" in lines(database)

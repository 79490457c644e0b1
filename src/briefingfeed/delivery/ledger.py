"""The database work of a run: in order, in groups, and in one thread of its own.

A commit that survives a power cut costs as much as handing over many messages. So what comes up while one commit is
on its way goes together into the next: outcomes of the messages before, the arming of those to come. The event loop
never waits for the disk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

from sqlalchemy import Connection

from briefingfeed.delivery.failpoints import Failpoint, ignore
from briefingfeed.errors import StorageError
from briefingfeed.storage.database import Database

PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds between the attempts at a commit that fails, on top of what the database itself waits for a lock."""
LINGER = 0.02
"""Seconds that an entry waits for company: the arming of the next message is usually on its way."""

T = TypeVar("T")
Entry = TypeVar("Entry", contravariant=True)
Ask = TypeVar("Ask", contravariant=True)
Answer = TypeVar("Answer", covariant=True)


class Book(Protocol[Entry, Ask, Answer]):
    """What is done with a group within its transaction. If that fails it is done again, so it must bear that."""

    def record(self, connection: Connection, entries: Sequence[Entry]) -> None:
        """Write the entries down, in order."""

    def arm(self, connection: Connection, asks: Sequence[Ask], *, again: bool) -> Sequence[Answer]:
        """Return one answer for each of `asks`, in order. `again`: it was tried before, and may have been committed."""


@dataclass(slots=True)
class _Group:
    """What goes into one transaction: entries first, so that a row's outcome stands before it is looked at again."""

    entries: list[Any] = field(default_factory=list)
    asks: list[Any] = field(default_factory=list)
    answers: list[asyncio.Future[Any]] = field(default_factory=list)
    """One for each of `asks`."""
    steps: list[tuple[str, Callable[[Connection], Any]]] = field(default_factory=list)
    results: list[asyncio.Future[Any]] = field(default_factory=list)
    """One for each of `steps`."""

    def __bool__(self) -> bool:
        return bool(self.entries or self.asks or self.steps)

    @property
    def waiting(self) -> Sequence[asyncio.Future[Any]]:
        return (*self.answers, *self.results)

    @property
    def names(self) -> list[str]:
        """Of the failpoints around it."""
        return ["record"] * bool(self.entries) + ["arm"] * bool(self.asks) + [name for name, _ in self.steps]


class Ledger(Generic[Entry, Ask, Answer]):
    """Use it as an asynchronous context manager; leaving it commits what is still queued.

    A group is committed whole or not at all; if it fails it is tried again. When the last try fails, its entries are
    tried once more by themselves, since something else may be at fault. Then `failure` says why and nothing is
    written any more: `put` drops its entry, `arm` and `commit` raise.
    """

    def __init__(
        self,
        database: Database,
        book: Book[Entry, Ask, Answer],
        *,
        pauses: Sequence[float] = PAUSES,
        failpoint: Failpoint = ignore,
    ) -> None:
        self._connection = database.writer()
        self._book = book
        self._pauses = pauses
        self._failpoint = failpoint
        self._next = _Group()
        self._queued = asyncio.Event()
        self._lingering: asyncio.TimerHandle | None = None
        self._closing = False
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger")
        self.failure: Exception | None = None

    async def __aenter__(self) -> Self:
        self._writer = asyncio.create_task(self._write_groups(), name="ledger")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing = True
        self._queued.set()
        try:
            await self._writer
        finally:
            if self._lingering:
                self._lingering.cancel()
            await asyncio.get_running_loop().run_in_executor(self._thread, self._connection.close)
            self._thread.shutdown()

    def put(self, entry: Entry) -> None:
        """Queue one entry. Returns at once; it is written with the next group, very soon."""
        if self.failure is None:
            self._next.entries.append(entry)
            if self._lingering is None:
                self._lingering = asyncio.get_running_loop().call_later(LINGER, self._queued.set)

    async def arm(self, ask: Ask) -> Answer:
        """Return the book's answer, once it is committed; all entries put before are committed with it."""
        self._check()
        self._next.asks.append(ask)
        answer: Answer = await self._added_to(self._next.answers)
        return answer

    async def commit(self, name: str, work: Callable[[Connection], T]) -> T:
        """Run `work` after all that was queued before it; return its result once that is committed."""
        self._check()
        self._next.steps.append((name, work))
        result: T = await self._added_to(self._next.results)
        return result

    def _check(self) -> None:
        if self.failure is not None:
            raise self.failure

    async def _added_to(self, waiting: list[asyncio.Future[Any]]) -> Any:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        waiting.append(future)
        self._queued.set()
        return await future

    async def _write_groups(self) -> None:
        while self._next or not self._closing:
            await self._queued.wait()
            self._queued.clear()
            if self._lingering:
                self._lingering.cancel()
                self._lingering = None
            if self._next:
                group, self._next = self._next, _Group()
                await self._write_group(group)

    async def _write_group(self, group: _Group) -> None:
        try:
            results = await self._persist(group)
        except Exception as error:
            self.failure = error
            if group.entries and (group.asks or group.steps):
                await self._save(group.entries)
            for answer in (*group.waiting, *self._next.waiting):
                if not answer.done():
                    answer.set_exception(error)
            self._next = _Group()
        else:
            for answer, result in zip(group.waiting, results, strict=True):
                if not answer.done():
                    answer.set_result(result)

    async def _save(self, entries: list[Any]) -> None:
        with suppress(Exception):
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._thread, self._transact, _Group(entries=entries), True)

    async def _persist(self, group: _Group) -> list[Any]:
        loop = asyncio.get_running_loop()
        for count, pause in enumerate(self._pauses):
            try:
                return await loop.run_in_executor(self._thread, self._transact, group, count > 0)
            except StorageError:
                await asyncio.sleep(pause)
        return await loop.run_in_executor(self._thread, self._transact, group, bool(self._pauses))

    def _transact(self, group: _Group, again: bool) -> list[Any]:
        with self._connection.write() as connection:
            if group.entries:
                self._book.record(connection, group.entries)
            results = list(self._book.arm(connection, group.asks, again=again)) if group.asks else []
            results += [work(connection) for _, work in group.steps]
            for name in group.names:
                self._failpoint(f"before-{name}")
        for name in group.names:
            self._failpoint(f"after-{name}")
        return results

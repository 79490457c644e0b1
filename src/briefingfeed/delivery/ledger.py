"""The database work of a run: in order, in groups, and in one thread of its own.

A commit that survives a power cut costs as much as handing over many messages. So what comes up while one commit is
on its way goes together into the next: outcomes of the messages before, arming of those to come. The event loop
never waits for the disk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Generic, Self, TypeVar

from sqlalchemy import Connection

from briefingfeed.delivery.failpoints import Failpoint, ignore
from briefingfeed.errors import StorageError
from briefingfeed.storage.database import Database

T = TypeVar("T")
Entry = TypeVar("Entry")

PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds between the attempts at a commit that fails, on top of what the database itself waits for a lock."""


@dataclass(frozen=True, slots=True)
class _Step(Generic[T]):
    name: str
    work: Callable[[Connection], T]
    answer: asyncio.Future[T]

    def settle(self, result: T) -> None:
        if not self.answer.done():
            self.answer.set_result(result)

    def fail(self, error: BaseException) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


class Ledger(Generic[Entry]):
    """Use it as an asynchronous context manager; leaving it commits what is still queued.

    `write` puts a group of entries down. A group is committed whole or not at all; if it fails it is tried again, so
    whatever is passed in must bear being run twice. When the last try fails, `failure` says why and nothing is
    written any more: `put` drops its entry, `commit` raises.
    """

    def __init__(
        self,
        database: Database,
        write: Callable[[Connection, Sequence[Entry]], None],
        *,
        pauses: Sequence[float] = PAUSES,
        failpoint: Failpoint = ignore,
    ) -> None:
        self._database = database
        self._write = write
        self._pauses = pauses
        self._failpoint = failpoint
        self._entries: list[Entry] = []
        self._steps: list[_Step[object]] = []
        self._queued = asyncio.Event()
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
            self._thread.shutdown()

    def put(self, entry: Entry) -> None:
        """Queue one entry. Returns at once; the order of entries is kept."""
        if self.failure is None:
            self._entries.append(entry)
            self._queued.set()

    async def commit(self, name: str, work: Callable[[Connection], T]) -> T:
        """Run `work` after all entries put before it; return its result once that is committed.

        Raises the ledger's failure once there is one.
        """
        if self.failure is not None:
            raise self.failure
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._steps.append(_Step(name, work, answer))  # type: ignore[arg-type]  # a list of steps of many types
        self._queued.set()
        return await answer

    async def _write_groups(self) -> None:
        while not (self._closing and not self._entries and not self._steps):
            await self._queued.wait()
            self._queued.clear()
            if self._entries or self._steps:
                entries, self._entries = self._entries, []
                steps, self._steps = self._steps, []
                await self._write_group(entries, steps)

    async def _write_group(self, entries: Sequence[Entry], steps: Sequence[_Step[object]]) -> None:
        try:
            results = await self._persist(entries, steps)
        except Exception as error:
            self._give_up(error, steps)
        else:
            for step, result in zip(steps, results, strict=True):
                step.settle(result)

    async def _persist(self, entries: Sequence[Entry], steps: Sequence[_Step[object]]) -> list[object]:
        loop = asyncio.get_running_loop()
        for pause in self._pauses:
            try:
                return await loop.run_in_executor(self._thread, self._transact, entries, steps)
            except StorageError:
                await asyncio.sleep(pause)
        return await loop.run_in_executor(self._thread, self._transact, entries, steps)

    def _transact(self, entries: Sequence[Entry], steps: Sequence[_Step[object]]) -> list[object]:
        names = (["record"] if entries else []) + [step.name for step in steps]
        for name in names:
            self._failpoint(f"before-{name}")
        with self._database.write() as connection:
            if entries:
                self._write(connection, entries)
            results = [step.work(connection) for step in steps]
        for name in names:
            self._failpoint(f"after-{name}")
        return results

    def _give_up(self, error: Exception, steps: Sequence[_Step[object]]) -> None:
        self.failure = error
        for step in (*steps, *self._steps):
            step.fail(error)
        self._entries.clear()
        self._steps.clear()

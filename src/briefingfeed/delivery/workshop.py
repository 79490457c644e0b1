"""Where copies are made ready, many at a time: signed ones ahead of their turn, in threads of their own.

A signature takes thirty times as long as all the rest of a copy. Its arithmetic runs without Python's lock, so as many
threads as there are processors make as many at once, and the event loop never waits for one.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from types import TracebackType
from typing import Self

from briefingfeed.delivery.copies import Copies
from briefingfeed.models.delivery import Claimed, Message
from briefingfeed.newsletter.placeholders import SlotValueError

BATCH = 32
"""Copies that are made one after another: few, so that the first of them need not wait long; enough that handing them
over between threads costs nothing, and that the processor has at hand what it needs. A copy that is made by itself,
with all the rest of a run in between, takes it twice as long."""

Made = Message | SlotValueError
"""A copy, or why none can be made for this recipient."""


class _Batch:
    """Copies that are made together: at once in a thread, or else when the first of them is asked for."""

    def __init__(self, make: Callable[[], Mapping[int, Made]], threads: Executor | None) -> None:
        self._make = make
        self._making = threads.submit(make) if threads else None
        self._made: Mapping[int, Made] | None = None

    async def made(self) -> Mapping[int, Made]:
        """By the ids of their deliveries."""
        if self._made is None:
            self._made = await asyncio.wrap_future(self._making) if self._making else self._make()
        return self._made


class Workshop:
    """Use it as a context manager; leaving it drops what nobody fetched."""

    def __init__(self, copies: Copies, threads: int | None = None) -> None:
        """`threads`: as many as there are processors."""
        self._copies = copies
        self._batches: dict[int, _Batch] = {}
        """By the id of the delivery."""
        self._threads = ThreadPoolExecutor(threads or os.cpu_count(), "signing") if copies.are_signed else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)

    def begin(self, rows: Sequence[Claimed]) -> None:
        """Begin with the copies for `rows`: they will be asked for soon, and in this order."""
        for start in range(0, len(rows), BATCH):
            together = rows[start : start + BATCH]
            batch = _Batch(partial(self._make, together), self._threads)
            self._batches |= {row.delivery_id: batch for row in together}

    async def fetch(self, rows: Sequence[Claimed]) -> list[Made]:
        """Return the copies for `rows`, in order; those that were not begun are made now."""
        self.begin([row for row in rows if row.delivery_id not in self._batches])
        batches = [self._batches.pop(row.delivery_id) for row in rows]
        return [(await batch.made())[row.delivery_id] for row, batch in zip(rows, batches, strict=True)]

    def _make(self, rows: Sequence[Claimed]) -> dict[int, Made]:
        return {row.delivery_id: self._made(row) for row in rows}

    def _made(self, row: Claimed) -> Made:
        try:
            return self._copies.message(row)
        except SlotValueError as error:
            return error

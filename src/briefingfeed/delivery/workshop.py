"""Where copies are made ready: signed ones ahead of their turn, in threads of their own.

A signature takes ten times as long as all the rest of a copy. Its arithmetic runs without Python's lock, so as many
threads as there are processors make as many at once, and the event loop never waits for one.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from briefingfeed.delivery.copies import Copies
from briefingfeed.models.delivery import Claimed, Message
from briefingfeed.newsletter.placeholders import SlotValueError

BATCH = 32
"""Copies that a thread makes at a time: few, so that the first of them need not wait long; enough that handing them
over between threads costs nothing."""

Made = Message | SlotValueError
"""A copy, or why none can be made for this recipient."""


class Workshop:
    """Use it as a context manager; leaving it drops what nobody fetched."""

    def __init__(self, copies: Copies, threads: int | None = None) -> None:
        """`threads`: as many as there are processors."""
        self._copies = copies
        self._batches: dict[int, Future[dict[int, Made]]] = {}
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
        """Begin with the copies for `rows`, if that pays: they will be asked for soon."""
        if self._threads is not None:
            for start in range(0, len(rows), BATCH):
                batch = rows[start : start + BATCH]
                made = self._threads.submit(self._make, batch)
                self._batches |= {row.delivery_id: made for row in batch}

    async def fetch(self, rows: Sequence[Claimed]) -> list[Made]:
        """Return the copies for `rows`, in order; those that were not begun are made now."""
        if self._threads is None:
            return list(self._make(rows).values())
        self.begin([row for row in rows if row.delivery_id not in self._batches])
        batches = [self._batches.pop(row.delivery_id) for row in rows]
        done = {batch: await asyncio.wrap_future(batch) for batch in dict.fromkeys(batches)}
        return [done[batch][row.delivery_id] for row, batch in zip(rows, batches, strict=True)]

    def _make(self, rows: Sequence[Claimed]) -> dict[int, Made]:
        return {row.delivery_id: self._made(row) for row in rows}

    def _made(self, row: Claimed) -> Made:
        try:
            return self._copies.message(row)
        except SlotValueError as error:
            return error

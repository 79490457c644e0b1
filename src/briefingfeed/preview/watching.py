"""Live reload: files are watched while a page is open, and each open page is told when there is something new."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

from anyio.to_thread import run_sync
from watchfiles import Change, awatch

from briefingfeed.models.settings import Settings
from briefingfeed.services.previewing.desk import Desk

log = logging.getLogger("briefingfeed.preview")

_QUIET, _STEP = 60, 10
"""Milliseconds: the longest that changes are gathered, and how long none may come before they are told."""
_POLLING = 300
_TICK = 30.0
"""Seconds between two signs of life; a slot may have passed meanwhile, so each is a new look."""


class Watch:
    """Tells every listener the number of each new view. Lives in one event loop."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._listeners: set[asyncio.Queue[int | None]] = set()
        self._watching: asyncio.Task[None] | None = None
        self._is_over = False

    def stop(self) -> None:
        """End every stream: the server is about to."""
        self._is_over = True
        self._tell(None)

    async def events(self) -> AsyncIterator[bytes]:
        """Yield server-sent events: one at once, one for each new view.

        They end when the watching breaks off, so that the page asks for them again and it begins anew.
        """
        listener: asyncio.Queue[int | None] = asyncio.Queue(maxsize=1)
        self._listeners.add(listener)
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch())
        try:
            yield b"retry: 1000\n" + _event(self._desk.view.number)
            while not self._is_over and (number := await listener.get()) is not None:
                yield _event(number)
        finally:
            self._listeners.discard(listener)
            if not self._listeners:
                await self._end()

    @property
    def is_watching(self) -> bool:
        return self._watching is not None

    async def _end(self) -> None:
        task, self._watching = self._watching, None
        if task:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _watch(self) -> None:
        try:
            await self._follow_all()
        except* Exception as group:
            if self._watching is asyncio.current_task():
                self._watching = None
            names = {type(error).__name__ for error in group.exceptions}
            log.error("%s while files were watched; that begins anew", ", ".join(sorted(names)))
            self._tell(None)

    async def _follow_all(self) -> None:
        settings = self._desk.view.context.settings
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow(*_folders(settings), recursive=True))
            group.create_task(self._follow(settings.paths.root, recursive=False))
            # Last: its first look finds what changed while nobody watched, and by then the others do.
            group.create_task(self._tick())

    async def _follow(self, *folders: Path, recursive: bool) -> None:
        if not folders:
            return
        for polling in (None, True):  # the second time if the system has no more watches to give
            with suppress(OSError):
                async for _ in awatch(
                    *folders,
                    watch_filter=_is_ours,
                    debounce=_QUIET,
                    step=_STEP,
                    recursive=recursive,
                    force_polling=polling,
                    poll_delay_ms=_POLLING,
                ):
                    await self._look()
                return

    async def _tick(self) -> None:
        while True:
            await self._look()
            await asyncio.sleep(_TICK)

    async def _look(self) -> None:
        view = await run_sync(self._desk.look)
        self._tell(view.number)

    def _tell(self, number: int | None) -> None:
        for listener in self._listeners:
            _put(listener, number)


def _folders(settings: Settings) -> list[Path]:
    return [folder for folder in (settings.paths.posts, settings.paths.templates) if folder.is_dir()]


def _is_ours(_change: Change, path: str) -> bool:
    """Whether it may matter: programs keep their own files under names that begin with a dot."""
    return not Path(path).name.startswith(".")


def _put(listener: asyncio.Queue[int | None], number: int | None) -> None:
    """Only the newest counts."""
    with suppress(asyncio.QueueEmpty):
        listener.get_nowait()
    listener.put_nowait(number)


def _event(number: int) -> bytes:
    return f"data: {number}\n\n".encode()

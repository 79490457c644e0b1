"""Nothing that is saved goes unseen, whenever it happens."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from briefingfeed.preview.watching import Watch
from publications import harbour_in


class Stumbler:
    """A desk whose first look goes wrong in a way that nobody thought of."""

    def __init__(self, folder: Path) -> None:
        (folder / "posts").mkdir()
        self._settings = harbour_in(folder)
        self._looks = 0

    @property
    def view(self) -> Any:
        return SimpleNamespace(number=self._looks, context=SimpleNamespace(settings=self._settings))

    def look(self) -> Any:
        self._looks += 1
        if self._looks == 1:
            raise ValueError("a secret")
        return self.view


class Reader:
    """A desk that reads one file, which is saved again in the moment after it was read first."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "posts" / "2026-11-20-tides.md"
        self._file.parent.mkdir()
        self._file.write_text("one")
        self._settings = harbour_in(folder)
        self.read: list[str] = []

    @property
    def view(self) -> Any:
        return SimpleNamespace(number=len(self.read), context=SimpleNamespace(settings=self._settings))

    def look(self) -> Any:
        self.read.append(self._file.read_text())
        if len(self.read) == 1:
            self._file.write_text("two")
        return self.view


async def follow(desk: Any, until: int) -> None:
    async for event in Watch(desk).events():
        if event.startswith(b"data:") and int(event.removeprefix(b"data:")) >= until:
            return


def test_what_is_saved_while_the_page_is_being_opened_is_seen(tmp_path: Path) -> None:
    desk = Reader(tmp_path)
    asyncio.run(asyncio.wait_for(follow(desk, until=2), timeout=60))
    assert desk.read == ["one", "two"]


def test_watching_that_broke_off_begins_anew_when_a_page_asks_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def ask_twice() -> None:
        watch = Watch(Stumbler(tmp_path))
        first = watch.events()
        assert [event async for event in first] == [b"retry: 1000\ndata: 0\n\n"]
        assert not watch.is_watching
        second = watch.events()
        await anext(second)
        assert watch.is_watching
        assert await anext(second) == b"data: 2\n\n"
        await second.aclose()

    asyncio.run(asyncio.wait_for(ask_twice(), timeout=60))
    (line,) = caplog.messages
    assert "ValueError" in line
    assert "secret" not in line

"""What feed readers have in common here: each is subscribed to one feed, and shows its entries in one form."""

from __future__ import annotations

import os
import re
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import lxml.html

SECONDS = 30
"""The most that one call of a reader may take."""


@dataclass(frozen=True, kw_only=True)
class Item:
    """An entry as a reader shows it; None where the reader does not look."""

    id: str
    title: str
    url: str
    author: str
    content: str
    published: datetime
    updated: datetime | None = None
    enclosures: tuple[str, ...] | None = None


class Program(ABC):
    """A reader with one subscription, kept in a folder of its own."""

    formats: tuple[str, ...] = ("atom.xml", "rss.xml")
    asks_at: int | None = None
    """At which fetch of an unchanged feed it asks in a way that 304 answers. None: never."""
    keeps_up = True
    """Whether it shows an entry that has changed as it is now, or for ever as it was."""

    def __init__(self, folder: Path, address: str) -> None:
        folder.mkdir()
        self.folder = folder
        self.address = address

    @abstractmethod
    def fetch(self) -> list[str]:
        """Fetch the feed as the reader does; return the ids of what it shows as new."""

    @abstractmethod
    def items(self) -> list[Item]:
        """Return all that it has shown since it subscribed."""


class Stateless(Program):
    """A parser without a memory. Whoever builds on it knows entries by their ids."""

    def __init__(self, folder: Path, address: str) -> None:
        super().__init__(folder, address)
        self._known: dict[str, Item] = {}

    def fetch(self) -> list[str]:
        found = {item.id: item for item in self.parse()}
        new = [id_ for id_ in found if id_ not in self._known]
        self._known |= found
        return new

    def items(self) -> list[Item]:
        return list(self._known.values())

    @abstractmethod
    def parse(self) -> Iterable[Item]: ...


def run(*command: str | Path, **environment: str) -> str:
    """Run a reader to its end and return what it says. One that is not installed is a failure, as is one that fails."""
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        stdin=subprocess.DEVNULL,
        env=os.environ | environment,
    )
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


def shown(html: str) -> tuple[str, list[str]]:
    """Return what people see and can follow: the words, and the addresses in order."""
    tree = lxml.html.fromstring(f"<div>{html}</div>")
    words = " ".join(re.sub(r"\s+", " ", text) for text in tree.itertext())
    return " ".join(words.split()), tree.xpath("//@href | //@src")

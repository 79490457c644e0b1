"""Notes: what was found in each file when it was last read, so that only files that changed are read again.

A matter of speed only. A note counts for a file that is known to be the same (by its marks on the disk, or by its
digest), under the same code, settings and authors; everything else that it was made from is compared when it is used.
The file may be deleted at any time. It holds nothing that a text says, and is never run.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import stat
import time
import zlib
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from briefingfeed.models.post import Asset, Author, CallToAction, Closing, Contact, Correction, LeadImage
from briefingfeed.models.problem import Problem, Severity
from briefingfeed.posts.dates import Moment
from briefingfeed.posts.head import PostHead
from briefingfeed.posts.packing import Packing

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from briefingfeed.models.settings import Settings

NAME = "posts.sqlite"
_FORM = "1"
_TABLES = (
    "CREATE TABLE about (form TEXT NOT NULL, surroundings TEXT NOT NULL)",
    "CREATE TABLE note (path TEXT PRIMARY KEY, mark TEXT, sum INTEGER NOT NULL, text TEXT NOT NULL) WITHOUT ROWID",
)
_SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """What became of a text, but for its body, and what that depended on beside the file itself."""

    summary: str
    summary_is_excerpt: bool
    standfirst: str | None
    image: LeadImage | None
    call_to_action: CallToAction | None
    assets: tuple[Asset, ...]
    problems: tuple[Problem, ...]
    pages: tuple[tuple[str, str | None], ...]
    """Posts that were looked up, itself among them, with the place at which each is read."""
    files: tuple[tuple[str, Path | None], ...]
    """Names of files beside it that were looked for, and what was found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    digest: str
    """Of the whole file."""
    body_digest: str
    first_line: int
    head: PostHead
    problems: tuple[Problem, ...]
    making: Making | None = None


_CLASSES = (
    Asset, Author, CallToAction, Closing, Contact, Correction, LeadImage, Making, Moment, Note, PostHead, Problem,
    Severity,
)  # fmt: skip


class Notes:
    """The notes of all files. Read at once, written by `keep`, and only what differs."""

    def __init__(self, state: Path, surroundings: str, zone: ZoneInfo) -> None:
        """`state` is the state folder; `surroundings` tells code, settings and everything else that all notes share."""
        self._began = time.monotonic_ns()
        self._file = state / "cache" / NAME
        self.surroundings = surroundings
        self._packing = Packing(zone, _CLASSES)
        self._rows = self._read()
        self._new: dict[str, tuple[str, Note]] = {}
        self._seen: set[str] = set()

    def find(self, path: str) -> tuple[str | None, Note | None]:
        """Return the marks that the file had, if they can be relied on, and its note; None for what is not known."""
        self._seen.add(path)
        row = self._rows.get(path)
        if row is None or row[1] != _sum(path, row[2]):
            return None, None
        try:
            note = self._packing.unpack(row[2])
        except (ValueError, TypeError, LookupError, RecursionError):
            return None, None
        return (row[0], note) if isinstance(note, Note) else (None, None)

    def put(self, path: str, mark: str, note: Note) -> None:
        self._new[path] = (mark, note)

    def keep(self) -> None:
        """Write what is new, and forget files that were not asked for. If that fails, the next run is slower."""
        with suppress(OSError, sqlite3.Error):
            if not self._rows:
                self._file.unlink(missing_ok=True)
            gone = [(path,) for path in self._rows.keys() - self._seen]
            if not self._new and not gone:
                return
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file.touch(mode=0o600)  # which also tells the time on that disk
            # What changed while it was being read, or shortly before, may have changed again without leaving a mark.
            quiet = self._file.stat().st_mtime_ns - (time.monotonic_ns() - self._began) - _SECOND
            rows = [
                (path, mark if changed_at(mark) < quiet else None, _sum(path, text), text)
                for path, (mark, note) in self._new.items()
                if (text := self._text(note)) is not None
            ]
            with closing(sqlite3.connect(self._file)) as connection, connection:
                connection.execute("PRAGMA synchronous = OFF")
                if not self._rows:
                    for table in _TABLES:
                        connection.execute(table)
                    connection.execute("INSERT INTO about VALUES (?, ?)", (_FORM, self.surroundings))
                connection.executemany("INSERT OR REPLACE INTO note VALUES (?, ?, ?, ?)", rows)
                connection.executemany("DELETE FROM note WHERE path = ?", gone)

    def _text(self, note: Note) -> str | None:
        with suppress(TypeError, UnicodeError):
            return self._packing.pack(note)
        return None

    def _read(self) -> Mapping[str, tuple[str | None, int, str]]:
        """Return marks, sum and text by path; nothing if others could have written it, or in other surroundings."""
        try:
            about = self._file.lstat()
            if not stat.S_ISREG(about.st_mode) or about.st_uid != os.geteuid() or about.st_mode & 0o022:
                return {}
            with closing(sqlite3.connect(f"file:{self._file}?mode=ro", uri=True)) as connection:
                if connection.execute("SELECT form, surroundings FROM about").fetchall() != [
                    (_FORM, self.surroundings)
                ]:
                    return {}
                rows = connection.execute("SELECT path, mark, sum, text FROM note")
                return {path: (mark, total, text) for path, mark, total, text in rows}
        except (OSError, sqlite3.Error, UnicodeError):
            return {}


def open_notes(settings: Settings, authors: Mapping[str, Author], code: str) -> Notes:
    """Return the notes that were taken by the same code under the same settings and authors; empty ones otherwise."""
    zone = settings.publication.timezone
    return Notes(settings.paths.state, surroundings_of(settings, authors, code), zone)


def surroundings_of(settings: Settings, authors: Mapping[str, Author], code: str) -> str:
    """Return a digest of everything that all notes depend on."""
    publication = settings.publication
    people = Packing(publication.timezone, (Author,)).pack(authors)
    paths = (settings.paths.root, settings.paths.posts.resolve())
    about = "\n".join((code, repr(publication), repr(settings.site), repr(paths), people))
    return hashlib.sha256(about.encode("utf-8", "surrogatepass")).hexdigest()


def read_mark(file: Path) -> str | None:
    """Return what changes whenever a file does, but for two changes within a tick of the file system's clock."""
    try:
        found = os.stat(file)  # noqa: PTH116 - ten thousand times
    except OSError:
        return None
    return f"{found.st_ctime_ns} {found.st_mtime_ns} {found.st_size} {found.st_ino} {found.st_dev}"


def changed_at(mark: str) -> int:
    return int(mark.partition(" ")[0])


def _sum(path: str, text: str) -> int:
    return zlib.crc32(text.encode("utf-8", "surrogatepass"), zlib.crc32(path.encode("utf-8", "surrogatepass")))

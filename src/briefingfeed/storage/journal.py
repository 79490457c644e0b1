"""unsubscribed.jsonl: who left and who came back, kept apart from the database so that a restored one can be told.

One line each, `{"at": …, "kind": "unsubscribed", "hash": …}`, only ever appended. No address stands in it: the hash is
keyed, the one under which suppressions know an address. Whoever comes is in it with a hash of their id, too: the links
to leave carry the id, and a restored database may not know it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

NAME: Final = "unsubscribed.jsonl"
COPY_NAME: Final = "unsubscribed.copy.jsonl"
"""The journal as a backup holds it: under another name, so that it never takes the place of a newer one."""

_FIRST: Final = 4096
"""Bytes in which the first line, by which a journal is known, has its end."""


class Kind(StrEnum):
    JOINED = "joined"
    UNSUBSCRIBED = "unsubscribed"
    RESUBSCRIBED = "resubscribed"
    SUPPRESSED = "suppressed"
    """Bounced or complained."""
    UNSUPPRESSED = "unsuppressed"
    ERASED = "erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    at: datetime
    kind: Kind
    hash: str
    """`tokens.address_hash` of the address."""
    reason: str = ""
    """Why it was suppressed."""
    who: str = ""
    """Of somebody who came: see `id_mark`."""


@dataclass(frozen=True, slots=True)
class Span:
    """Where in the journal something stands, in bytes. `journal` tells it from another one of the same name."""

    journal: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    entries: tuple[Entry, ...]
    span: Span
    unreadable: int
    """Lines that make no sense: torn by a crash, mostly."""


class Journal:
    """One file; several processes may append to it at once."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def append(self, lines: bytes) -> Span:
        """Write whole lines so that they outlast a power cut. Raises OSError; then nothing is left of them."""
        handle = os.open(self.file, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            start = os.fstat(handle).st_size
            if start and os.pread(handle, 1, start - 1) != b"\n":  # a crash has torn the last line
                lines = b"\n" + lines
            try:
                _write(handle, lines)
                os.fsync(handle)
                if not start:
                    _sync_folder(self.file.parent)
            except OSError:
                os.ftruncate(handle, start)
                raise
            first = os.pread(handle, _FIRST, 0)
            return Span(_identity(first), start, start + len(lines))
        finally:
            os.close(handle)

    def read(self, start: int = 0) -> Reading | None:
        """Return what stands in it from byte `start` on; None if there is no journal. Raises OSError.

        It may have a line for each of a million readers: what stands before `start` is not looked at.
        """
        try:
            with self.file.open("rb") as stream:
                first = stream.read(_FIRST)
                stream.seek(start)
                content = stream.read()
        except FileNotFoundError:
            return None
        # A line without its end is being written, or was torn: it will be looked at again.
        length = content.rfind(b"\n") + 1
        lines = content[:length].splitlines()
        entries = [entry for line in lines if (entry := _entry(line))]
        blank = sum(not line.strip() for line in lines)
        return Reading(
            entries=tuple(entries),
            span=Span(_identity(first), start, start + length),
            unreadable=len(lines) - len(entries) - blank,
        )

    def hash_of(self, subscriber_id: str) -> str | None:
        """Return the hash of the address of somebody who came; None if the journal doesn't know them. Raises OSError.

        A journal may have a line for each of many readers: only those that hold the mark are looked at.
        """
        mark, found = id_mark(subscriber_id), None
        try:
            with self.file.open("rb") as stream:
                for line in stream:
                    if mark.encode() in line and (entry := _entry(line)) and entry.who == mark:
                        found = entry.hash
        except FileNotFoundError:
            return None
        return found

    def identity(self) -> str | None:
        """Return what tells this journal from another; None if there is none. Raises OSError."""
        try:
            with self.file.open("rb") as stream:
                return _identity(stream.read(_FIRST))
        except FileNotFoundError:
            return None


def id_mark(subscriber_id: str) -> str:
    """Return what stands in the journal for a subscriber's id."""
    return hashlib.sha256(subscriber_id.encode()).hexdigest()[:32]


def lines_of(entries: Sequence[Entry]) -> bytes:
    """Return entries as they stand in the file."""
    return b"".join(_line(entry) for entry in entries)


def _line(entry: Entry) -> bytes:
    values = {"at": entry.at.isoformat(), "kind": entry.kind.value, "hash": entry.hash}
    if entry.reason:
        values["reason"] = entry.reason
    if entry.who:
        values["who"] = entry.who
    return json.dumps(values).encode() + b"\n"


def _entry(line: bytes) -> Entry | None:
    try:
        values = json.loads(line)
        at = datetime.fromisoformat(values["at"])
        more = {name: values.get(name, "") for name in ("reason", "who")}
        entry = Entry(at=at, kind=Kind(values["kind"]), hash=values["hash"], **more)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return entry if at.tzinfo is not None else None


def _identity(content: bytes) -> str:
    return hashlib.sha256(content.partition(b"\n")[0]).hexdigest()[:16]


def _write(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

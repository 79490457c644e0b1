"""What is remembered of each post so that its id, and the instants of its entry, never change."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path

from briefingfeed.errors import StorageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    post_id: str
    path: str
    """Where it was found last; empty if another post has its place now."""
    date: date
    """The day it was first dated; part of its id, never changed."""
    body_digest: str
    """Of its text when last read."""
    published: datetime
    """Of its entry in feeds: aware UTC, whole seconds; its day in the publication's zone is the last known date."""
    updated: datetime


class IdMemory:
    """The rows by id, sorted; a value that is never changed."""

    def __init__(self, rows: Iterable[Remembered] = ()) -> None:
        self._rows = {row.post_id: row for row in sorted(rows, key=lambda row: row.post_id)}

    def __iter__(self) -> Iterator[Remembered]:
        return iter(self._rows.values())

    def __len__(self) -> int:
        return len(self._rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IdMemory) and self._rows == other._rows

    def __hash__(self) -> int:
        return hash(tuple(self._rows.values()))

    def get(self, post_id: str) -> Remembered | None:
        return self._rows.get(post_id)

    @cached_property
    def by_path(self) -> dict[str, Remembered]:
        return {row.path: row for row in self._rows.values() if row.path}

    @cached_property
    def by_digest(self) -> dict[str, list[Remembered]]:
        found: dict[str, list[Remembered]] = {}
        for row in self._rows.values():
            found.setdefault(row.body_digest, []).append(row)
        return found

    def updated(self, rows: Iterable[Remembered]) -> IdMemory:
        """Return the memory with these rows put in; a row whose path now belongs to another gives the path up."""
        new = {row.post_id: row for row in rows}
        places = {row.path: row.post_id for row in new.values() if row.path}
        kept = (row for row in self if row.post_id not in new)
        return IdMemory([*(_without_path(row) if row.path in places else row for row in kept), *new.values()])


def merge(a: IdMemory, b: IdMemory) -> IdMemory:
    """Return what either remembers; where both know an id, the row of `a` counts."""
    return b.updated(a)


def read_ids(file: Path) -> IdMemory:
    """Read state/ids.jsonl; a missing file is an empty memory.

    Raises:
        StorageError: unreadable, or damaged: guessing would make old posts new again.
    """
    try:
        lines = file.read_text("utf-8").splitlines()
    except FileNotFoundError:
        return IdMemory()
    except (OSError, UnicodeDecodeError) as error:
        raise StorageError(
            "The ids of the posts cannot be read.",
            where=str(file),
            remedy="Check its permissions. If it is damaged, restore or delete it: the database remembers the ids too.",
        ) from error
    rows = []
    for number, line in enumerate(lines, 1):
        try:
            rows.append(_row(json.loads(line)))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StorageError(
                "This line of the remembered ids is damaged.",
                where=f"{file}:{number}",
                remedy="Restore the file from a backup, or delete it: the database remembers the ids too.",
            ) from error
    return IdMemory(rows)


def write_ids(file: Path, memory: IdMemory) -> bool:
    """Write one line per post, whole or not at all; return whether anything changed.

    Raises:
        StorageError: it cannot be written; the old file is then as it was.
    """
    content = "".join(_line(row) for row in memory).encode()
    try:
        if file.exists() and file.read_bytes() == content:
            return False
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _replace(file, content)
    except OSError as error:
        raise StorageError(
            f"The ids of the posts cannot be written ({error.strerror}).",
            where=str(file),
            remedy="Make room on the disk, or correct the folder's permissions, and run the command again.",
        ) from error
    return True


def _replace(file: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _without_path(row: Remembered) -> Remembered:
    return Remembered(
        post_id=row.post_id,
        path="",
        date=row.date,
        body_digest=row.body_digest,
        published=row.published,
        updated=row.updated,
    )


def _line(row: Remembered) -> str:
    values = {
        "id": row.post_id,
        "path": row.path,
        "date": row.date.isoformat(),
        "body": row.body_digest,
        "published": row.published.astimezone(UTC).isoformat(),
        "updated": row.updated.astimezone(UTC).isoformat(),
    }
    return json.dumps(values, ensure_ascii=False) + "\n"


def _row(values: dict[str, str]) -> Remembered:
    published, updated = (datetime.fromisoformat(values[key]) for key in ("published", "updated"))
    if published.tzinfo is None or updated.tzinfo is None:
        raise ValueError("naive time")
    return Remembered(
        post_id=values["id"],
        path=values["path"],
        date=date.fromisoformat(values["date"]),
        body_digest=values["body"],
        published=published.astimezone(UTC),
        updated=updated.astimezone(UTC),
    )

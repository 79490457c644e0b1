"""Notes in memory, for a process that reads the posts again and again, such as the preview."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from briefingfeed.models.post import Post
    from briefingfeed.posts.notes import Note

_QUIET = 2.0
"""Seconds after which a second change of a file would have left another mark, on any file system."""


@dataclass(frozen=True, slots=True)
class _Row:
    mark: str
    note: Note
    since: float
    """When the file was first seen with this mark."""
    is_settled: bool
    """Whether it was read once more after it had been quiet."""


class RecentNotes:
    """Like `notes.Notes`, but nothing is written. Used by one thread at a time."""

    def __init__(self) -> None:
        self.surroundings = ""
        self.posts: dict[str, Post] = {}
        """By path, as they were made last: with the words of those that were looked at."""
        self._rows: dict[str, _Row] = {}

    def under(self, surroundings: str) -> Self:
        """Forget everything if settings, authors or code are no longer the same."""
        if surroundings != self.surroundings:
            self._rows.clear()
            self.posts.clear()
            self.surroundings = surroundings
        return self

    def find(self, path: str) -> tuple[str | None, Note | None]:
        """Return the marks that the file had, if they can be relied on, and its note; None for what is not known."""
        row = self._rows.get(path)
        if row is None:
            return None, None
        return (row.mark if row.is_settled else None), row.note

    def put(self, path: str, mark: str, note: Note) -> None:
        now = time.monotonic()
        known = self._rows.get(path)
        since = known.since if known and known.mark == mark else now
        self._rows[path] = _Row(mark, note, since, is_settled=now - since > _QUIET)

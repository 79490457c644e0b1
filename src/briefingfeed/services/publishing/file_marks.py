"""What tells that a file is not what it was, though nobody opens it: its name, mode, size and times."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def mark_of(file: Path | str) -> bytes:
    """Return the mark of a file, or one that says that it isn't there."""
    try:
        return _mark(str(file), os.stat(file, follow_symlinks=False))  # noqa: PTH116 - ten thousand times
    except OSError:
        return os.fsencode(f"{file} is not there\n")


def marks_below(folder: Path) -> list[bytes]:
    """Return the marks of all files below a folder in order, without hidden ones and what Python compiles."""
    return sorted(_marks_below(folder))


def _marks_below(folder: Path) -> Iterator[bytes]:
    waiting = [str(folder)]
    while waiting:
        with suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.name == "__pycache__" or entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    yield _mark(entry.path, entry.stat(follow_symlinks=False))


def _mark(path: str, stat: os.stat_result) -> bytes:
    # The time of the last change of any kind tells what a kept modification time hides: a new mode, a restored file.
    return os.fsencode(f"{path}\0{stat.st_mode}\0{stat.st_size}\0{stat.st_mtime_ns}\0{stat.st_ctime_ns}\n")

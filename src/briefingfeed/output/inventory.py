"""What stands in a folder: taken by walking through it, or from memory where the folders prove that it still holds."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

PRIVATE_PREFIX = ".briefingfeed-"
"""Names in the output folder that begin so are ours for the time of a publish."""

Mark = tuple[int, int]
"""Inode and time of a folder. Nothing can come, go or change its name in the folder without changing its mark."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """What stands in a folder, links not followed. Paths are relative, with forward slashes."""

    entries: Mapping[str, int]
    """The inode of everything that is no folder."""
    folders: Mapping[str, Mark]
    """The folder itself is the path "". Empty if there is no such folder."""
    remembered: bool = False


NOTHING = Inventory({}, {})


def take_inventory(folder: Path, remembered: Inventory | None, *, private: bool = False) -> Inventory:
    """List a folder that may be missing, without its private folders unless told to.

    What is `remembered` is returned as it is if every mark still holds.
    """
    if remembered and remembered.folders and _holds(str(folder), remembered.folders):
        return remembered
    return _walk(str(folder), private=private)


def read_marks(folder: Path, paths: Iterable[str]) -> dict[str, Mark]:
    base = str(folder)
    return {path: _mark(path, os.lstat(_join(base, path))) for path in paths}


def parent(path: str) -> str:
    """The folder a path stands in; "" for the outermost."""
    return path.rpartition("/")[0]


def folders_above(paths: Iterable[str]) -> set[str]:
    """All folders that the paths need, the outermost ("") not among them."""
    found: set[str] = set()
    for path in paths:
        folder = parent(path)
        while folder and folder not in found:
            found.add(folder)
            folder = parent(folder)
    return found


def _holds(base: str, marks: Mapping[str, Mark]) -> bool:
    lstat = os.lstat
    try:
        for path, (inode, time) in marks.items():
            there = lstat(f"{base}/{path}" if path else base)
            if there.st_ino != inode or (there.st_ctime_ns if path else there.st_mtime_ns) != time:
                return False
    except OSError:
        return False
    return True


def _walk(base: str, *, private: bool) -> Inventory:
    try:
        outermost = os.lstat(base)
    except FileNotFoundError:
        return NOTHING
    if not stat.S_ISDIR(outermost.st_mode):
        return NOTHING
    entries: dict[str, int] = {}
    folders: dict[str, Mark] = {"": _mark("", outermost)}  # marked before it is read: what comes later is noticed
    waiting = [""]
    while waiting:
        inside = waiting.pop()
        with os.scandir(_join(base, inside)) as found:
            for entry in found:
                path = f"{inside}/{entry.name}" if inside else entry.name
                if not entry.is_dir(follow_symlinks=False):
                    entries[path] = entry.inode()
                elif private or inside or not entry.name.startswith(PRIVATE_PREFIX):
                    folders[path] = _mark(path, entry.stat(follow_symlinks=False))
                    waiting.append(path)
    return Inventory(entries, folders)


def _mark(path: str, found: os.stat_result) -> Mark:
    # Changing places is itself a change to the two outermost folders, but not to their times of modification.
    return found.st_ino, found.st_ctime_ns if path else found.st_mtime_ns


def _join(base: str, path: str) -> str:
    return f"{base}/{path}" if path else base

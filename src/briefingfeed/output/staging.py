"""Writing files where nobody looks yet, so that they are on the disk before they are shown."""

from __future__ import annotations

import ctypes
import os
import shutil
from collections.abc import Collection
from pathlib import Path

from briefingfeed.models.output import OutputCopy, OutputFile, digest

FILE_MODE = 0o644
FOLDER_MODE = 0o755

Seal = tuple[int, int, int, str]
"""Inode, time of modification (ns) and size of a file, and the mark of what it holds (none for a copy)."""

_SINGLE_SYNCS = 32
"""Up to so many files and folders are flushed one by one; beyond, one flush of the whole file system is cheaper."""


def write_all(
    files: Collection[OutputFile | OutputCopy], tree: Path, *, also: Collection[Path] = ()
) -> dict[str, Seal]:
    """Write below `tree`, making folders as needed, and return once everything is on the disk.

    `also` are changed folders that must be on the disk as well. A web server must be able to read what we publish:
    modes do not depend on the umask.
    """
    one_by_one = len(files) + len(also) <= _SINGLE_SYNCS
    made = {tree}
    seals: dict[str, Seal] = {}
    for file in files:
        target = tree / file.path
        make_folders(target.parent, made)
        seals[file.path] = _write(file, target, flush=one_by_one)
    if one_by_one:
        for folder in made.union(also):
            flush_folder(folder)
    else:
        _flush_file_system(tree)
    return seals


def make_folders(folder: Path, made: set[Path]) -> None:
    """Make `folder` and those above it that are neither in `made` nor there."""
    if folder in made:
        return
    make_folders(folder.parent, made)
    if not folder.is_dir():
        make_folder(folder)
    made.add(folder)


def make_folder(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(FOLDER_MODE)


def flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def seal_of(found: os.stat_result, mark: str) -> Seal:
    return found.st_ino, found.st_mtime_ns, found.st_size, mark


def _write(file: OutputFile | OutputCopy, target: Path, *, flush: bool) -> Seal:
    content = file.content if isinstance(file, OutputFile) else b""
    with target.open("xb") as stream:
        if isinstance(file, OutputFile):
            stream.write(content)
        else:
            with file.source.open("rb") as source:
                shutil.copyfileobj(source, stream)
        stream.flush()
        os.fchmod(stream.fileno(), FILE_MODE)
        if flush:
            os.fsync(stream.fileno())
        written = os.fstat(stream.fileno())
    if isinstance(file, OutputFile):
        return seal_of(written, file.key or digest(content))
    stamp = file.source.stat().st_mtime_ns
    os.utime(target, ns=(stamp, stamp))
    return seal_of(written, "")


def _flush_file_system(folder: Path) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "syncfs"):
        os.sync()
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if libc.syncfs(descriptor):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(folder))
    finally:
        os.close(descriptor)

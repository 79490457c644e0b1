"""Writing files where nobody looks yet, so that they are on the disk before they are shown."""

from __future__ import annotations

import ctypes
import os
import shutil
from collections.abc import Collection
from pathlib import Path

from briefingfeed.models.output import OutputCopy, OutputFile

FILE_MODE = 0o644
FOLDER_MODE = 0o755

_SINGLE_SYNCS = 32
"""Up to so many files are flushed one by one; beyond, one flush of the whole file system is cheaper."""


def write_all(files: Collection[OutputFile | OutputCopy], tree: Path) -> None:
    """Write below `tree`, making folders as needed, and return once everything is on the disk.

    A web server must be able to read what we publish: modes do not depend on the umask.
    """
    one_by_one = len(files) <= _SINGLE_SYNCS
    made = {tree}
    for file in files:
        target = tree / file.path
        make_folders(target.parent, made)
        _write(file, target, flush=one_by_one)
    if one_by_one:
        for folder in made:
            flush_folder(folder)
    else:
        _flush_file_system(tree)


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


def _write(file: OutputFile | OutputCopy, target: Path, *, flush: bool) -> None:
    with target.open("xb") as stream:
        if isinstance(file, OutputFile):
            stream.write(file.content)
        else:
            with file.source.open("rb") as source:
                shutil.copyfileobj(source, stream)
        stream.flush()
        os.fchmod(stream.fileno(), FILE_MODE)
        if flush:
            os.fsync(stream.fileno())
    if isinstance(file, OutputCopy):
        stamp = file.source.stat().st_mtime_ns
        os.utime(target, ns=(stamp, stamp))


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

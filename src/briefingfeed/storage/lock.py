"""One run at a time: a lock that the kernel gives back, however the run ends."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from briefingfeed.errors import ConfigurationError, LockedError, StorageError
from briefingfeed.storage.folders import make_folder

_LONGEST_NAP: Final = 0.25


@contextmanager
def run_lock(file: Path, wait: float = 0.0) -> Iterator[None]:
    """Hold the lock on `Database.lock_file`; the web app needs none.

    Waits up to `wait` seconds for the run that holds it, then raises LockedError. The file stays when the lock is
    given back: removing it would let two runs lock two files of one name. Raises ConfigurationError if something else
    lies in its place.
    """
    make_folder(file.parent)
    handle = _open(file)
    try:
        _lock(handle, file, wait)
        yield
    finally:
        os.close(handle)


def _open(file: Path) -> int:
    try:
        # Python hands no descriptor on to programs that it starts, so none of them can keep the lock.
        return os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        if file.is_symlink():
            raise ConfigurationError(
                "the lock file is a symbolic link", where=str(file), remedy="find out who made it, then remove it"
            ) from error
        raise StorageError(
            f"the lock file cannot be made: {error.strerror}",
            where=str(file),
            remedy="see that the folder can be written by the user who runs briefingfeed",
        ) from error


def _lock(handle: int, file: Path, wait: float) -> None:
    deadline = time.monotonic() + wait
    nap = 0.01
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            left = deadline - time.monotonic()
            if left <= 0:
                raise LockedError(
                    "another run is at work", where=str(file), remedy="nothing to do: it looks after what is due"
                ) from None
            time.sleep(min(nap, left))
            nap = min(nap * 2, _LONGEST_NAP)
        except OSError as error:
            raise StorageError(
                f"the lock cannot be had: {error.strerror}",
                where=str(file),
                remedy="keep the database and the state folder on a local disk, not in a network folder",
            ) from error
        else:
            return

"""What the files of the site hold, read once: bytes, their gzip form, and the hash that both entity tags come from."""

from __future__ import annotations

import errno
import gzip
import hashlib
import os
import stat
from collections import OrderedDict
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from threading import Lock

from briefingfeed.web.media import is_text, media_type

MOST_KEPT = 64 * 1024 * 1024
"""Bytes on the shelf. What was not asked for longest goes first."""
MOST_OF_ONE = 4 * 1024 * 1024
"""Bytes of a file that is kept. Larger ones (recordings, films) are read from the disk each time; the hash is kept."""

_OVERHEAD = 1024
_LEVEL = 9  # once per content: 3 ms per 100 kB

Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A file as it was at one moment. `content` is None if it is too large, `gzipped` if that would save nothing."""

    name: str
    stamp: Stamp
    size: int
    modified: int
    """Seconds since 1970."""
    digest: str
    """SHA-256 of the content, in hexadecimal."""
    content: bytes | None
    gzipped: bytes | None

    @property
    def weight(self) -> int:
        return _OVERHEAD + len(self.content or b"") + len(self.gzipped or b"")


class Shelf:
    """Copies of files, the same as long as time, size and inode of a file are. For use from several threads.

    A build puts a new folder in the place of the old one: a changed file is another inode then. A file is looked at and
    read through one handle, so that no copy mixes two of them.
    """

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self._weight = 0
        self._copies: OrderedDict[Path, Copy] = OrderedDict()
        self._lock = Lock()

    def take(self, file: Path) -> tuple[Copy, BufferedReader | None]:
        """Return what `file` holds now; with an open handle, which the caller closes, if its content is not kept.

        Raises OSError, also for what is no file.
        """
        handle = file.open("rb")
        try:
            stamp = _stamp(handle)
            with self._lock:
                copy = self._copies.get(file)
                if copy is not None:
                    self._copies.move_to_end(file)
            if copy is None or copy.stamp != stamp:
                copy = _read(handle, file.name, stamp)
                self._keep(file, copy)
        except BaseException:
            handle.close()
            raise
        if copy.content is None:
            return copy, handle
        handle.close()
        return copy, None

    def _keep(self, file: Path, copy: Copy) -> None:
        with self._lock:
            before = self._copies.pop(file, None)
            self._weight += copy.weight - (before.weight if before else 0)
            self._copies[file] = copy
            while self._weight > self._most and len(self._copies) > 1:
                self._weight -= self._copies.popitem(last=False)[1].weight


def _stamp(handle: BufferedReader) -> Stamp:
    status = os.fstat(handle.fileno())
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
    return status.st_mtime_ns, status.st_size, status.st_ino


def _read(handle: BufferedReader, name: str, stamp: Stamp) -> Copy:
    size = stamp[1]
    content = handle.read() if size <= MOST_OF_ONE else None
    if content is None:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
    else:
        digest, size = hashlib.sha256(content).hexdigest(), len(content)
    return Copy(
        name=name,
        stamp=stamp,
        size=size,
        modified=stamp[0] // 1_000_000_000,
        digest=digest,
        content=content,
        gzipped=_compress(content, name) if content else None,
    )


def _compress(content: bytes, name: str) -> bytes | None:
    if not is_text(media_type(name)):
        return None
    packed = gzip.compress(content, _LEVEL, mtime=0)
    return packed if len(packed) < len(content) else None

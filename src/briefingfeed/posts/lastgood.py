"""The last good source of each published post, so that a broken file never takes a post away from readers.

One small database beside, and apart from, any cache. It is written only by builds that succeeded, in one transaction.
"""

from __future__ import annotations

import sqlite3
import zlib
from contextlib import closing
from typing import TYPE_CHECKING

from briefingfeed.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

NAME = "last-good.sqlite"
_TABLE = "CREATE TABLE IF NOT EXISTS good (path TEXT PRIMARY KEY, digest TEXT NOT NULL, source BLOB NOT NULL)"


class LastGood:
    """`folder` is the state folder."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / NAME

    def digests(self) -> dict[str, str]:
        """Return the digest of each kept source by path.

        Raises:
            StorageError: the database cannot be read.
        """
        if not self._file.exists():
            return {}
        with self._told(), closing(self._open()) as connection:
            return dict(connection.execute("SELECT path, digest FROM good"))

    def source(self, path: str) -> bytes | None:
        """Return the bytes of a file as it was when it was last published.

        Raises:
            StorageError: the database cannot be read.
        """
        if not self._file.exists():
            return None
        with self._told(), closing(self._open()) as connection:
            row = connection.execute("SELECT source FROM good WHERE path = ?", (path,)).fetchone()
            return zlib.decompress(row[0]) if row else None

    def keep(self, sources: Mapping[str, tuple[str, bytes]], gone: Iterable[str]) -> None:
        """Keep digest and bytes by path, and forget the posts that are gone.

        Raises:
            StorageError: nothing was written.
        """
        forgotten = [(path,) for path in gone]
        if not sources and not forgotten:
            return
        with self._told():
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # Heads may hold addresses that are never published; SQLite gives its journal the same mode.
            self._file.touch(mode=0o600)
            with closing(self._open()) as connection, connection:
                connection.execute(_TABLE)
                rows = ((path, digest, zlib.compress(data, 1)) for path, (digest, data) in sorted(sources.items()))
                connection.executemany("INSERT OR REPLACE INTO good VALUES (?, ?, ?)", rows)
                connection.executemany("DELETE FROM good WHERE path = ?", forgotten)

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._file, timeout=30)
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    def _told(self) -> _Told:
        return _Told(self._file)


class _Told:
    """Turns what the database says into words of ours."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, sqlite3.Error | zlib.error | OSError):
            raise StorageError(
                f"The last good versions of the posts cannot be used ({error}).",
                where=str(self._file),
                remedy="Check disk space and permissions. If the file is damaged, restore it from a backup; or delete "
                "it once no post is broken: the next build makes it anew.",
            ) from error

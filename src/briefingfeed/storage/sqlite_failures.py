"""SQLite's codes in words."""

from __future__ import annotations

import sqlite3
from typing import Final

from briefingfeed.errors import DamageError, StorageError

_WORDS: Final = {
    sqlite3.SQLITE_BUSY: (
        "the database is busy: another program has been writing to it for too long",
        "try again; if it stays busy, look for a backup, a file synchroniser or a database browser that holds it open",
    ),
    sqlite3.SQLITE_FULL: (
        "the database cannot grow: the disk is full",
        "free some space, then run the same command again; nothing was lost",
    ),
    sqlite3.SQLITE_READONLY: (
        "the database cannot be written",
        "let the user who runs briefingfeed own the file and its folder, and see that the disk is not read-only",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "the database cannot be opened",
        "see that its folder exists and belongs to the user who runs briefingfeed",
    ),
    sqlite3.SQLITE_PERM: (
        "the database may not be opened",
        "let the user who runs briefingfeed own the file and its folder",
    ),
    sqlite3.SQLITE_NOTADB: (
        "this file is not a database",
        "see that [database] url names the right file, or restore it from the backup",
    ),
    sqlite3.SQLITE_CORRUPT: (
        "the database is damaged",
        "stop sending, keep a copy of the file, and restore it from the backup",
    ),
    sqlite3.SQLITE_IOERR: (
        "the disk failed while the database was read or written",
        "see that the disk has room, is healthy, and is no network folder; then try again",
    ),
    sqlite3.SQLITE_CONSTRAINT: (
        "the database refused a change that would break one of its rules; nothing was written",
        "try again; if it happens again, please report it",
    ),
}
_NEEDS_THE_BACKUP: Final = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)
_PRIMARY_CODE: Final = 0xFF
"""An extended code of SQLite holds its primary code in the lowest byte."""


def busy_error(where: str) -> StorageError:
    """Return the StorageError for a writer whose turn didn't come in time."""
    message, remedy = _WORDS[sqlite3.SQLITE_BUSY]
    return StorageError(message, where=where, remedy=remedy)


def storage_error(error: BaseException | None, where: str) -> StorageError:
    """Return the StorageError for what the driver raised, with it as its cause."""
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE
    if code == sqlite3.SQLITE_LOCKED:
        code = sqlite3.SQLITE_BUSY
    message, remedy = _WORDS.get(code) or (
        f"the database did not do what was asked ({getattr(error, 'sqlite_errorname', type(error).__name__)})",
        "try again; if it happens again, please report it",
    )
    kind = DamageError if code in _NEEDS_THE_BACKUP else StorageError
    told = kind(message, where=where, remedy=remedy)
    told.__cause__ = error
    return told

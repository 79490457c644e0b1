"""A copy of a database at one moment, made while others work on it, and marked as a copy."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final

from briefingfeed.storage.instance import NEEDS_ADOPT
from briefingfeed.storage.sqlite_failures import storage_error

_MARK: Final = "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"


def copy_sqlite(file: Path, target: Path) -> None:
    """Copy a SQLite file to `target`, a new file (0600), as it is at one moment. Raises StorageError."""
    try:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=30)) as connection:
            # Without what was deleted, and without a log beside it.
            connection.execute("VACUUM INTO ?", (str(target),))
    except sqlite3.Error as error:
        raise storage_error(error, str(file)) from error


def mark_sqlite(copy: Path, now: datetime) -> None:
    """Mark a copy of the database as one: until `db adopt` nobody is mailed from it. Raises StorageError."""
    try:
        with closing(sqlite3.connect(copy)) as connection, connection:
            connection.execute(_MARK, (NEEDS_ADOPT, now.isoformat()))
    except sqlite3.Error as error:
        raise storage_error(error, str(copy)) from error


def mark_in_sql(now: datetime) -> str:
    """Return the statement that marks a PostgreSQL copy, to stand at the end of a dump."""
    values = f"'{NEEDS_ADOPT}', '{now.isoformat()}'"
    return f"\n{_MARK.replace('?, ?', values)};\n"

"""A copy of a database at one moment, made while others work on it, and marked as a copy."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import make_url

from briefingfeed.errors import ConfigurationError, StorageError
from briefingfeed.storage.instance import NEEDS_ADOPT
from briefingfeed.storage.sqlite_failures import storage_error

BACKED_UP_AT: Final = "backed_up_at"
"""The mark of the last backup, an instant: in the database that was copied, and in the copy itself."""
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
            connection.executemany(_MARK, [(name, now.isoformat()) for name in (NEEDS_ADOPT, BACKED_UP_AT)])
    except sqlite3.Error as error:
        raise storage_error(error, str(copy)) from error


def dump_postgres(url: str, target: Path, now: datetime, environment: Mapping[str, str]) -> None:
    """Write a PostgreSQL database, as it is at one moment, and the statement that marks the copy, as SQL for psql.

    `environment` is that of pg_dump; a password stands in its PGPASSWORD, where other users don't see it. Raises
    ConfigurationError if pg_dump isn't there, StorageError if it fails.
    """
    address = make_url(url).set(drivername="postgresql").render_as_string()
    command = ["pg_dump", "--no-owner", "--no-privileges", f"--file={target}", f"--dbname={address}"]
    mark, backed_up = (_MARK.replace("?, ?", f"'{name}', '{now.isoformat()}'") for name in (NEEDS_ADOPT, BACKED_UP_AT))
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise ConfigurationError(
            "pg_dump, with which PostgreSQL is copied, isn't on this machine",
            remedy="install it (apt-get install postgresql-client), or on a machine that has it: "
            f"(pg_dump --no-owner '{address}'; echo \"{mark}\") > briefings.sql, and keep the state folder with it",
        ) from None
    if done.returncode:
        said = done.stderr.strip().rpartition("\n")[2]
        raise StorageError(
            f"pg_dump did not copy the database: {said}",
            where=address,
            remedy="see that it is as new as the server, and that the user may read every table",
        )
    with target.open("a", encoding="utf-8") as stream:
        # The dump has set the search path to nothing.
        stream.write(
            f"\nRESET search_path;\n-- Until `briefingfeed db adopt` nobody is mailed from this copy.\n{mark};\n"
            f"{backed_up};\n"
        )

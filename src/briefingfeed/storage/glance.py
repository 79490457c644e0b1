"""A look at the archive without SQLAlchemy, whose import alone takes longer than a build with nothing to do."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Final

# The first rendition that somebody has: they are numbered by how many get them, and after `release --rerender` nobody
# may have the first.
SENT: Final = """
    SELECT edition_key, rendition_id, newest FROM (
        SELECT edition.key AS edition_key, (
            SELECT rendition.id FROM rendition WHERE rendition.edition_key = edition.key AND EXISTS (
                SELECT 1 FROM delivery
                WHERE delivery.edition_key = edition.key AND delivery.state IN ('accepted', 'uncertain')
                AND delivery.rendition_id = rendition.id
            ) ORDER BY rendition.number LIMIT 1
        ) AS rendition_id, (
            SELECT max(rendition.id) FROM rendition WHERE rendition.edition_key = edition.key
        ) AS newest
        FROM edition WHERE NOT edition.rehearsal AND edition.frozen_at IS NOT NULL
    ) AS sent WHERE rendition_id IS NOT NULL ORDER BY edition_key"""
"""Key, what most of its readers got, and the rendition made last, of each edition that somebody has or may have."""


def archive_mark(url: str) -> str | None:
    """Return what tells the archive in a database from any other; empty for an empty one, or if there is no database.

    None if it has to be opened after all: see `archive.mark`.
    """
    if not url.startswith("sqlite:///"):
        return None
    file = Path(url.removeprefix("sqlite:///"))
    if not file.exists():
        return ""
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            return mark_of(connection.execute(SENT))
    except sqlite3.Error:
        return None


def mark_of(rows: Iterable[tuple[str, int, int]]) -> str:
    """Return the same for what `SENT` gives."""
    lines = "".join(f"{key}\t{rendition_id}\t{newest}\n" for key, rendition_id, newest in rows)
    return hashlib.sha256(lines.encode()).hexdigest() if lines else ""

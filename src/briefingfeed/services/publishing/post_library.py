"""The posts, read with everything that is remembered about them, and what is remembered afterwards.

The state folder and the database both hold the ids of posts; either restores the other.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from briefingfeed.errors import ContentError
from briefingfeed.models.settings import Settings
from briefingfeed.posts import kept_ids
from briefingfeed.posts.introduction import load_introduction
from briefingfeed.posts.kept_ids import load_kept_ids
from briefingfeed.posts.memory import IdMemory, Remembered, merge, read_ids, write_ids
from briefingfeed.posts.people import load_authors
from briefingfeed.posts.recent import RecentNotes
from briefingfeed.posts.store import Library, PostStore, remember_good
from briefingfeed.services.publishing.surroundings import fingerprint_code
from briefingfeed.storage import posts as storage
from briefingfeed.storage.database import Database

IDS = "ids.jsonl"
AUTHORS = "authors.toml"


def load_library(
    settings: Settings, database: Database, now: datetime, *, recent: RecentNotes | None = None
) -> Library:
    """Read the posts. Where file and database remember a post differently, the file counts.

    With `recent`, what was read before in this process is not read again; such a library is only to be looked at.

    Raises ContentError if authors.toml or ids.toml is wrong: posts would be published under the keys of people instead
    of their names, or under other ids. Raises StorageError if what is remembered cannot be read.
    """
    authors, problems = load_authors(settings.paths.root / AUTHORS)
    kept, mistakes = load_kept_ids(settings.paths.root / kept_ids.FILE)
    problems = [*problems, *mistakes]
    memory = merge(read_ids(settings.paths.state / IDS), _remembered(database))
    library = PostStore(settings, authors, memory, kept, fingerprint_code(), recent).load(now)
    together = (*problems, *library.problems)
    if any(problem.is_error for problem in problems):
        raise ContentError(together)
    introduction, about_it = load_introduction(settings, library.posts)
    return replace(library, problems=(*together, *about_it), introduction=introduction)


def remember_library(settings: Settings, database: Database, library: Library, now: datetime) -> None:
    """Keep ids in file and database, and the sources of visible posts. What is kept already is not written again."""
    write_ids(settings.paths.state / IDS, library.memory)
    known = {row.post_id: row for row in _remembered(database)}
    news = [row for row in library.memory if known.get(row.post_id) != row]
    if news:
        with database.write() as connection:
            storage.remember(connection, (_row(row) for row in news))
    remember_good(settings, library, now)


def _remembered(database: Database) -> IdMemory:
    with database.read() as connection:
        rows = storage.remembered(connection)
    return IdMemory(Remembered(**row._asdict()) for row in rows)


def _row(row: Remembered) -> storage.RememberedRow:
    return storage.RememberedRow(row.post_id, row.path, row.date, row.body_digest, row.published, row.updated)

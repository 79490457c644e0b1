"""A newsroom whose database and state folder can be put back to an earlier moment."""

from __future__ import annotations

import shutil
import sqlite3
import tarfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from acceptance.newsroom import Newsroom
from briefingfeed.models.subscriber import SubscriberState
from briefingfeed.storage import subscribers


class Room(Newsroom):
    """A newsroom whose database and state folder can be put back to an earlier moment."""

    @property
    def state(self) -> Path:
        return self.folder / "var"

    @property
    def database(self) -> Path:
        return self.state / "briefingfeed.db"

    def keep_database(self) -> None:
        """Copy it with a tool of others, that leaves no mark in the copy."""
        with closing(sqlite3.connect(self.database)) as ours, closing(sqlite3.connect(self.folder / "old.db")) as copy:
            ours.backup(copy)

    def restore_database(self) -> None:
        for log in self.state.glob("briefingfeed.db-*"):
            log.unlink()
        shutil.copy(self.folder / "old.db", self.database)

    def lose_all_but(self, backup: Path) -> None:
        """Lose the whole state folder, and make it anew from a backup as RESTORE.txt says."""
        shutil.rmtree(self.state)
        self.state.mkdir(mode=0o700)
        with tarfile.open(backup) as archive:
            archive.extractall(self.state, filter="data")

    def next_week(self, **how: object) -> str:
        """Send what is due a week from now, when a new post is out."""
        later = datetime.now(UTC) + timedelta(days=7)
        day = (later - timedelta(days=1)).date()
        text = f"---\ntitle: Next week\ndate: {day}\n---\n\nNews.\n"
        (self.folder / "posts" / f"{day}-next-week.md").write_text(text, "utf-8")
        done = self.run("send-weekly", "--as-of", later.isoformat(), expect=how.get("expect"))  # type: ignore[arg-type]
        return done.stderr

    def adopt(self, *arguments: str) -> str:
        return self.run("db", "adopt", "--yes", *arguments, expect=0).stderr

    def states_of_readers(self) -> dict[str, SubscriberState]:
        with self.reading() as connection:
            return {each.address: each.state for each in subscribers.list_all(connection)}

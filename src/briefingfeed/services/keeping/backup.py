"""`db backup`: the database and what belongs to it in one file, consistent even while a run is at work.

The copy of the database is marked as one. A file system's snapshot or a plain copy is not; such a database is told by
its counter instead, if it was restored without the state folder.
"""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Final

from briefingfeed.errors import RefusedError, StorageError, UsageError
from briefingfeed.models.settings import Settings
from briefingfeed.posts import lastgood
from briefingfeed.services.keeping.keys import SECRET_FILE, SUPPRESSION_FILE
from briefingfeed.services.publishing.feed_history import HISTORY
from briefingfeed.services.publishing.post_library import IDS
from briefingfeed.storage import journal, snapshot
from briefingfeed.storage.database import Database

README: Final = "RESTORE.txt"
_PLAIN: Final = {
    SECRET_FILE: SECRET_FILE,
    SUPPRESSION_FILE: SUPPRESSION_FILE,
    IDS: IDS,
    HISTORY: HISTORY,
    journal.NAME: journal.COPY_NAME,
}
"""Files of the state folder, and how they are called in a backup."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    file: Path
    holds: tuple[str, ...]
    """Names of the files in it."""
    size: int
    keys_elsewhere: bool
    """The keys come from the environment, so they are not in it."""

    def as_dict(self) -> dict[str, object]:
        return {
            "file": str(self.file),
            "holds": list(self.holds),
            "size": self.size,
            "keys_elsewhere": self.keys_elsewhere,
        }


def backup_file(settings: Settings, target: Path, now: datetime) -> Path:
    """Return the file to write: `target`, or one with the date in its name if that is a folder.

    Raises UsageError for a place that doesn't exist, or that readers could fetch it from.
    """
    target = target.expanduser().absolute()
    file = target / f"briefingfeed-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}.tar.gz" if target.is_dir() else target
    if not file.parent.is_dir():
        raise UsageError("there is no such folder", where=str(file.parent), remedy="make it, or name another")
    if file.resolve().is_relative_to(settings.paths.output.resolve()):
        raise UsageError(
            "this folder is published; anybody could fetch the addresses of your readers there",
            where=str(file.parent),
            remedy="name another",
        )
    return file


def back_up(
    settings: Settings, database: Database, file: Path, now: datetime, *, dump: Callable[[Path], None] | None = None
) -> Backup:
    """Write the backup to `file`, whole or not at all, readable by its owner only; what stood there is replaced.

    `dump` writes a PostgreSQL database, marked as a copy, into the file that it is given. Raises StorageError.
    """
    with _told(file), _workshop(file.parent) as folder:
        members = _collect(settings, database, folder, now, dump)
        draft = folder / "backup"
        _pack(draft, members, _instructions(settings, database, now), now)
        size = draft.stat().st_size
        draft.replace(file)
        _sync(file.parent)
    names = tuple(sorted(member.name for member in members))
    return Backup(file=file, holds=names, size=size, keys_elsewhere=SECRET_FILE not in names)


def _collect(
    settings: Settings, database: Database, folder: Path, now: datetime, dump: Callable[[Path], None] | None
) -> Sequence[Path]:
    """Bring together what goes into the backup, each file under the name it has there."""
    state = settings.paths.state
    inside = folder / "inside"
    inside.mkdir(mode=0o700)
    if database.file is not None:
        copy = inside / database.file.name
        snapshot.copy_sqlite(database.file, copy)
        snapshot.mark_sqlite(copy, now)
        # Unpacked over a broken database, it takes the place of a log that would be mixed into the copy.
        (inside / f"{copy.name}-wal").touch(mode=0o600)
    elif dump is not None:
        dump(inside / "database.sql")
    else:
        raise RefusedError("there is no database that could be copied")
    good = state / lastgood.NAME
    if good.exists():
        snapshot.copy_sqlite(good, inside / lastgood.NAME)
    for name, called in _PLAIN.items():
        if (state / name).exists():
            shutil.copyfile(state / name, inside / called)
    return sorted(inside.iterdir())


def _pack(draft: Path, members: Sequence[Path], instructions: str, now: datetime) -> None:
    handle = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as stream:
        with tarfile.open(fileobj=stream, mode="w:gz", compresslevel=6) as archive:
            text = instructions.encode()
            archive.addfile(_entry(README, len(text), now), BytesIO(text))
            for member in members:
                with member.open("rb") as content:
                    archive.addfile(_entry(member.name, member.stat().st_size, now), content)
        stream.flush()
        os.fsync(handle)


def _entry(name: str, size: int, now: datetime) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = size, 0o600, int(now.timestamp())
    return entry


def _instructions(settings: Settings, database: Database, now: datetime) -> str:
    state = settings.paths.state
    if database.file is None:
        steps = [
            f"2. Unpack this file into the state folder, {state}.",
            "3. Into an empty database: psql --single-transaction --set ON_ERROR_STOP=1 --file database.sql DATABASE",
        ]
    else:
        name, beside = database.file.name, database.file.parent
        steps = [
            f"2. If only the database is lost, unpack {name} and {name}-wal into {beside}, and nothing else.",
            f"3. If all is lost, unpack this file into the state folder, {state}"
            + (f", and move the two into {beside}." if beside != state.resolve() else "."),
        ]
    return "\n".join(
        [
            f"{settings.publication.title}: backup of {now.astimezone(UTC):%d %B %Y, %H:%M} UTC, made by briefingfeed.",
            "It holds the addresses of your readers and secret keys: keep it like these.",
            "",
            "To restore it:",
            "1. Stop cron and `briefingfeed serve`.",
            *steps,
            "4. Run `briefingfeed db adopt`. It says what it will do and asks. Until then nobody is mailed.",
            "5. Start both again. If an unsubscribed.jsonl is left from before, keep it: it knows who left meanwhile.",
            "",
        ]
    )


@contextmanager
def _workshop(folder: Path) -> Iterator[Path]:
    """Make a folder beside the backup that only we may read, so that the finished file can be moved into place."""
    made = Path(tempfile.mkdtemp(prefix=".briefingfeed-backup-", dir=folder))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextmanager
def _told(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"the backup cannot be written: {(error.strerror or str(error)).lower()}",
            where=str(file),
            remedy="see that the disk has room, and that the user who runs briefingfeed may write there",
        ) from error


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""Is this the database that was worked with here last, on this machine? A counter and a file beside it tell.

Whatever is done with editions and deliveries raises a counter in the database; once that is committed,
`<state>/instance.json` follows. A database that is behind the file is an older copy: what it takes for undone may be
done. A database that is ahead of it is none: the process died in between, or another host works on it too.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

from briefingfeed.errors import RestoredError, StorageError

NAME: Final = "instance.json"
INSTANCE: Final = "instance"
COUNTER: Final = "counter"
NEEDS_ADOPT: Final = "needs_adopt"
"""The mark that `db backup` writes into a copy: when it was made."""
STRIDE: Final = 1_000_000
"""By so much an adoption raises the counter: past the file of any other host that works on this database."""

_ID: Final = "id:"
_NAMED: Final = "name:"


class Doubt(StrEnum):
    """Why this may not be the database that was worked with here last."""

    COPY = "copy"
    """It was made by `db backup`."""
    OLDER = "older"
    FOREIGN = "foreign"
    """The state folder belongs to another database."""
    MOVED = "moved"
    """The state folder was used on another machine before."""
    UNKNOWN = "unknown"
    """The database has a history, but no file tells how much of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What the database says of itself."""

    instance: str | None = None
    """None: nothing was ever done with it."""
    counter: int = 0
    copied: str | None = None
    """When `db backup` made it, if it is such a copy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """What the file says of the database."""

    instance: str
    counter: int
    machine: str | None = None
    """See `machine_mark`."""


def machine_mark(machine_id: str, name: str) -> str | None:
    """Return what tells this machine from another, for the file; None if nothing does.

    `machine_id` is that of the system (machine-id(5), to be kept to ourselves, so it is hashed); `name` is what the
    operator calls this installation (BRIEFINGFEED_INSTANCE), and counts before it. Either may be empty.
    """
    for kind, value in ((_NAMED, name.strip()), (_ID, machine_id.strip())):
        if value:
            return kind + hashlib.sha256(b"briefingfeed/machine\0" + value.encode()).hexdigest()[:32]
    return None


def find_doubt(marks: Marks, witness: Witness | None, machine: str | None, *, is_shared: bool) -> Doubt | None:
    """Compare; None if all is well. Pure.

    `is_shared`: other hosts may work on the database, so that a state folder without the file is a new host's. Else it
    is half of a copy: a database that was brought here without what belongs to it.
    """
    if marks.copied is not None:
        return Doubt.COPY
    if witness is None:
        return Doubt.UNKNOWN if marks.counter and not is_shared else None
    if marks.instance not in (None, witness.instance):
        return Doubt.FOREIGN
    if witness.counter > marks.counter:
        return Doubt.OLDER
    return Doubt.MOVED if _moved(witness.machine, machine) else None


def _moved(before: str | None, now: str | None) -> bool:
    if before is None or now is None or before == now:
        return False
    # Whoever gives the installation a name vouches for it.
    return not (now.startswith(_NAMED) and before.startswith(_ID))


_NOTICED: Final = {
    Doubt.COPY: "this database is a copy that `briefingfeed db backup` made",
    Doubt.OLDER: "this database is older than the state folder: it was restored, or it is a copy",
    Doubt.FOREIGN: "this database and this state folder don't belong together: one of them was restored or copied",
    Doubt.MOVED: "this state folder was used on another machine before: it was moved or copied",
    Doubt.UNKNOWN: "this database was used before, but instance.json, which tells how far it came, is not here",
}


def refusal(doubt: Doubt, file: Path) -> RestoredError:
    """Return the error for whoever would mail people, or change what is known of them."""
    where = str(file)
    moved = "" if doubt is not Doubt.MOVED else " If the other one still sends, stop one of the two first."
    return RestoredError(
        f"{_NOTICED[doubt]}. What it takes for undone may be done, and people could get the same edition twice.{moved}",
        where=where,
        remedy="Nobody is mailed until you have run: briefingfeed db adopt (it says first what it will do)",
    )


def read_witness(file: Path) -> Witness | None:
    """Return what the file says; None if there is none. Raises StorageError if it can't be read."""
    try:
        values = json.loads(file.read_text("utf-8"))
        return Witness(instance=str(values["instance"]), counter=int(values["counter"]), machine=values.get("machine"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _trouble(file, "read", error) from error
    except (ValueError, KeyError, TypeError, AttributeError):
        raise RestoredError(
            "this file is damaged, so nobody can tell whether the database is the right one",
            where=str(file),
            remedy="Remove it, then run: briefingfeed db adopt (it says first what it will do)",
        ) from None


def write_witness(file: Path, new: Witness) -> None:
    """Let the file follow the database, whole or not at all; it never goes back. Raises StorageError."""
    try:
        folder = os.open(file.parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)  # another process may have come further meanwhile
            _replace(file, new, folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise _trouble(file, "written", error) from error


def _replace(file: Path, new: Witness, folder: int) -> None:
    try:
        old = read_witness(file)
    except RestoredError:
        old = None
    if old is not None and old.instance == new.instance:
        new = replace(new, counter=max(old.counter, new.counter), machine=new.machine or old.machine)
    if new == old:
        return
    draft = file.with_name(f".{file.name}.new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(json.dumps(asdict(new)) + "\n")
        stream.flush()
        os.fsync(handle)
    draft.replace(file)
    os.fsync(folder)


def _trouble(file: Path, what: str, error: OSError) -> StorageError:
    return StorageError(
        f"this cannot be {what}: {(error.strerror or str(error)).lower()}",
        where=str(file),
        remedy="see that the disk has room, and that the user who runs briefingfeed may read and write there",
    )

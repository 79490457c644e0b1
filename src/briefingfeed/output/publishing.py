"""publish(): the one way into the output folder."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from briefingfeed.errors import LockedError, StorageError
from briefingfeed.models.output import OutputCopy, OutputFile
from briefingfeed.output.exchange import CannotExchangeError, Exchange
from briefingfeed.output.inventory import take_inventory
from briefingfeed.output.journal import Journal
from briefingfeed.output.manifest import read_manifest, write_manifest
from briefingfeed.output.memory import Memory, read_memory, write_memory
from briefingfeed.output.plan import Plan, check_foreign, make_plan

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    written: tuple[str, ...]
    unchanged: int
    removed: tuple[str, ...]


def publish(
    files: Iterable[OutputFile | OutputCopy], folder: Path, *, manifest: Path, built_before: bool = False
) -> Published:
    """Make `folder` hold exactly these files of ours, in one step.

    Whenever the process dies, the folder shows the old files or the new ones, never a mixture; where that cannot be had
    at once (see `journal`), the next publish completes it. Unchanged files keep inode and modification time, and if
    nothing changed nothing is touched. `manifest` lists what we wrote: files that are not in it (an operator's CNAME)
    stay, and files in it that are no longer wanted go. If it is lost, or tells of another folder, the files here are
    taken for others' unless `built_before` says that they are ours.

    Raises RefusedError for paths outside the folder or with something of others' in the way, LockedError while
    another publish runs, StorageError for anything the disk refuses; the old files then stay as they were.
    """
    folder = Path(os.path.realpath(folder))
    try:
        with alone(manifest):
            if folder.is_dir():
                Journal(folder).recover()
            listed = read_manifest(manifest, of=folder)
            found_again = built_before and not listed
            owned = read_manifest(manifest) if found_again else listed
            memory = read_memory(manifest)
            live = take_inventory(folder, memory.live)
            plan = make_plan(files, folder, owned=owned, live=live, known=memory.files)
            if not found_again:
                check_foreign(plan, folder, owned=owned)
            if not plan.is_empty or not live.folders:
                _apply(plan, folder, manifest, listed, memory)
                listed |= plan.wanted
            elif plan.unchanged != memory.files:  # read again, or the same under another key: known from now on
                spare = memory.spare if live is memory.live else None
                write_memory(manifest, Memory(files=plan.unchanged, live=live, spare=spare))
            if listed != plan.wanted or not manifest.is_file():
                write_manifest(manifest, plan.wanted, of=folder)
    except OSError as error:
        raise _storage_error(error, folder) from error
    return Published(
        written=tuple(sorted(file.path for file in plan.write)),
        unchanged=len(plan.unchanged),
        removed=tuple(sorted(plan.remove)),
    )


def _apply(plan: Plan, folder: Path, manifest: Path, owned: frozenset[str], memory: Memory) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    exchange = Exchange(folder, plan)
    try:
        exchange.stage(memory.spare)
        _own_both(manifest, folder, owned, plan)
        exchange.swap()
        memory = exchange.follow()
    except CannotExchangeError:
        exchange.clean()
        memory = _write_in_place(plan, folder, manifest, owned)
    except Exception:
        exchange.clean()  # what takes room, too
        raise
    write_memory(manifest, memory)


def _write_in_place(plan: Plan, folder: Path, manifest: Path, owned: frozenset[str]) -> Memory:
    folder.mkdir(exist_ok=True)
    journal = Journal(folder)
    try:
        seals = journal.stage(plan)
        _own_both(manifest, folder, owned, plan)
        journal.decide()
    except Exception:  # a full disk, or a page that cannot be made
        journal.recover()
        raise
    journal.carry_out()
    return Memory(files={**plan.unchanged, **seals})


def _own_both(manifest: Path, folder: Path, owned: frozenset[str], plan: Plan) -> None:
    """Should we die between the decision and the final list, the files of the old and the new are known as ours."""
    if not plan.wanted <= owned:
        write_manifest(manifest, owned | plan.wanted, of=folder)


@contextmanager
def alone(file: Path) -> Iterator[None]:
    """Hold the lock beside `file`. Raises LockedError while another build does, StorageError if it cannot be had."""
    with ExitStack() as held:
        try:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(file.with_name(file.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            held.callback(os.close, lock)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LockedError(
                "another build is under way", remedy="wait until it has ended, then build again"
            ) from error
        except OSError as error:
            raise _storage_error(error, file) from error
        yield


def _storage_error(error: OSError, folder: Path) -> StorageError:
    if error.errno in _FULL:
        remedy = "make room on the disk, then build again; what was published before is untouched"
    elif error.errno in _FORBIDDEN:
        remedy = "let the user who runs the build write there, then build again; what was published before is untouched"
    else:
        remedy = "what was published before is untouched; look at the disk, then build again"
    reason = (error.strerror or str(error)).lower()
    return StorageError(
        f"the output could not be written: {reason}", where=str(error.filename or folder), remedy=remedy
    )

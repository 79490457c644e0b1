"""What a publish has to do: the folder as it is, compared with the files it should hold."""

from __future__ import annotations

import filecmp
import os
import stat
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from briefingfeed.errors import RefusedError
from briefingfeed.models.output import OutputCopy, OutputFile, OutputMade
from briefingfeed.output.inventory import PRIVATE_PREFIX, Inventory, folders_above
from briefingfeed.output.staging import Seal, seal_of

_NO_NAMES = frozenset({"", ".", ".."})


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    live: Inventory
    write: tuple[OutputFile | OutputCopy, ...]
    unchanged: Mapping[str, Seal]
    remove: frozenset[str]
    wanted: frozenset[str]
    """Every path that the folder should hold of ours."""
    staying: Mapping[str, int]
    """What the folder holds and will hold, ours and others', with the inodes."""
    folders: frozenset[str]
    """All folders that there will be, with "" for the outermost."""

    @property
    def is_empty(self) -> bool:
        return not self.write and not self.remove


def make_plan(
    files: Iterable[OutputFile | OutputCopy],
    folder: Path,
    *,
    owned: frozenset[str],
    live: Inventory,
    known: Mapping[str, Seal],
) -> Plan:
    """Compare what the folder holds (`live`) with `files`. Of `known` seals only what differs from them is read.

    Raises RefusedError for a path outside the folder, a path given twice, or something in the way that we did not
    write; OSError.
    """
    files = list(files)
    _check_paths([file.path for file in files])
    unchanged: dict[str, Seal] = {}
    write: dict[str, OutputFile | OutputCopy] = {}
    for file in files:
        path = file.path
        if path in unchanged or path in write:
            raise RefusedError(
                "two pages want the same address",
                where=path,
                remedy="give one of them another slug, url or alias",
            )
        seal = None
        if path in live.entries:
            place, was = f"{folder}/{path}", known.get(path)
            if isinstance(file, OutputMade):
                seal = _seal_of_key(file.key, place, was)
                file = file if seal else file.made()
            seal = seal or _seal_if_unchanged(file, place, was)
        if seal:
            unchanged[path] = seal
        else:
            write[path] = file
    wanted = frozenset(unchanged).union(write)
    remove = owned.intersection(live.entries) - wanted
    staying = dict(live.entries)
    for path in (*write, *remove):
        staying.pop(path, None)
    folders = _folders(live, staying, write, remove)
    _check_conflicts(write, unchanged, staying, folders)
    return Plan(
        live=live,
        write=tuple(write.values()),
        unchanged=unchanged,
        remove=remove,
        wanted=wanted,
        staying=staying,
        folders=folders,
    )


def check_foreign(plan: Plan, folder: Path, *, owned: frozenset[str]) -> None:
    """Raise RefusedError if a file that we did not write, and that holds something else, would be replaced."""
    foreign = sorted(file.path for file in plan.write if file.path in plan.live.entries and file.path not in owned)
    if foreign:
        others = f", and so do {len(foreign) - 1} more" if len(foreign) > 1 else ""
        raise RefusedError(
            f"a file that briefingfeed did not write stands where it must write{others}",
            where=str(folder / foreign[0]),
            remedy="move what is there to another place and build again, or name another folder: [paths] output",
        )


def _check_paths(paths: list[str]) -> None:
    together = "/".join(paths)
    if paths and PRIVATE_PREFIX not in together and _is_harmless(together):  # nearly always, at a tenth of the cost
        return
    for path in paths:
        if path.startswith(PRIVATE_PREFIX) or not _is_harmless(path):
            raise RefusedError(
                f"{path!r} is no path inside the output folder", remedy="mend the slug, url or alias that leads there"
            )


def _is_harmless(path: str) -> bool:
    return path.isprintable() and "\\" not in path and _NO_NAMES.isdisjoint(path.split("/"))


def _seal_of_key(key: str, place: str, known: Seal | None) -> Seal | None:
    """Return the seal of what was written under this very key and still stands as it was."""
    return known if key and known and seal_of(os.lstat(place), key) == known else None


def _seal_if_unchanged(file: OutputFile | OutputCopy, place: str, known: Seal | None) -> Seal | None:
    there = os.lstat(place)
    if isinstance(file, OutputCopy):
        return seal_of(there, "") if _is_same_copy(file, place, there) else None
    if there.st_size != len(file.content):
        return None
    seal = seal_of(there, file.mark)
    if seal == known:
        return known
    if not stat.S_ISREG(there.st_mode):
        return None
    with open(place, "rb") as stream:  # noqa: PTH123 - ten thousand times
        return seal if stream.read() == file.content else None


def _is_same_copy(file: OutputCopy, place: str, there: os.stat_result) -> bool:
    source = file.source.stat()
    if not stat.S_ISREG(there.st_mode) or there.st_size != source.st_size:
        return False
    return there.st_mtime_ns == source.st_mtime_ns or filecmp.cmp(file.source, place, shallow=False)


def _folders(
    live: Inventory, staying: Collection[str], write: Collection[str], remove: Collection[str]
) -> frozenset[str]:
    """Those that hold something, and those that an operator keeps empty. What our removals empty goes."""
    kept: Collection[str] = live.folders
    if remove:
        empty = live.folders.keys() - folders_above(live.entries)
        kept = folders_above(staying) | folders_above(empty) | empty
    return frozenset({"", *kept, *folders_above(write)})


def _check_conflicts(
    write: Collection[str], unchanged: Collection[str], staying: Collection[str], folders: Collection[str]
) -> None:
    """A file cannot stand where a folder must be, nor the other way round, unless that one is ours and goes."""
    needed = folders_above(write)
    for path in (*write, *needed):
        if path in folders and (path in write or path in unchanged):
            if any(other.startswith(f"{path}/") for group in (write, unchanged) for other in group):
                raise RefusedError(
                    "is wanted both as a page and as a folder",
                    where=path,
                    remedy="give one of them another slug, url or alias",
                )
            raise _in_the_way(path, "folder")
        if path in needed and path in staying:
            raise _in_the_way(path, "file")


def _in_the_way(path: str, kind: str) -> RefusedError:
    return RefusedError(
        f"a {kind} that briefingfeed did not write stands where it must write",
        where=path,
        remedy=f"move that {kind} out of the output folder, or give the post another slug",
    )

"""What a publish has to do: the folder as it is, compared with the files it should hold."""

from __future__ import annotations

import filecmp
import os
import stat
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from briefingfeed.errors import RefusedError
from briefingfeed.models.output import OutputCopy, OutputFile

PRIVATE_PREFIX = ".briefingfeed-"
"""Names in the output folder that begin so are ours for the time of a publish."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """What stands in a folder, links not followed. Paths are relative, with forward slashes."""

    entries: dict[str, os.stat_result] = field(default_factory=dict)
    """Everything that is no folder."""
    folders: dict[str, os.stat_result] = field(default_factory=dict)
    empty_folders: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    inventory: Inventory
    write: tuple[OutputFile | OutputCopy, ...]
    unchanged: int
    remove: frozenset[str]
    wanted: frozenset[str]
    """Every path that the folder should hold of ours."""

    @property
    def is_empty(self) -> bool:
        return not self.write and not self.remove


def take_inventory(folder: Path) -> Inventory:
    """List a folder that may be missing."""
    entries: dict[str, os.stat_result] = {}
    folders: dict[str, os.stat_result] = {}
    empty: set[str] = set()
    waiting = [""] if folder.is_dir() else []
    while waiting:
        inside = waiting.pop()
        count = 0
        with os.scandir(folder / inside) as found:
            for entry in found:
                if not inside and entry.name.startswith(PRIVATE_PREFIX):
                    continue
                count += 1
                path = f"{inside}/{entry.name}" if inside else entry.name
                if entry.is_dir(follow_symlinks=False):
                    folders[path] = entry.stat(follow_symlinks=False)
                    waiting.append(path)
                else:
                    entries[path] = entry.stat(follow_symlinks=False)
        if inside and not count:
            empty.add(inside)
    return Inventory(entries, folders, frozenset(empty))


def make_plan(files: Iterable[OutputFile | OutputCopy], folder: Path, owned: Collection[str]) -> Plan:
    """Compare. Raises RefusedError for a path outside the folder, a path given twice, or something in the way that we
    did not write."""
    inventory = take_inventory(folder)
    wanted: set[str] = set()
    write: list[OutputFile | OutputCopy] = []
    for file in files:
        _check_path(file.path)
        if file.path in wanted:
            raise RefusedError(
                "two pages want the same address",
                where=file.path,
                remedy="give one of them another slug, url or alias",
            )
        wanted.add(file.path)
        if not _is_unchanged(file, folder, inventory):
            write.append(file)
    remove = frozenset(path for path in owned if path not in wanted and path in inventory.entries)
    _check_conflicts(wanted, remove, inventory)
    return Plan(
        inventory=inventory,
        write=tuple(write),
        unchanged=len(wanted) - len(write),
        remove=remove,
        wanted=frozenset(wanted),
    )


def parents(path: str) -> Iterable[str]:
    """Yield the folders above a path, the outermost first."""
    for index, character in enumerate(path):
        if character == "/":
            yield path[:index]


def _check_path(path: str) -> None:
    parts = path.split("/")
    harmless = all(part not in ("", ".", "..") and part.isprintable() for part in parts)
    if not harmless or "\\" in path or parts[0].startswith(PRIVATE_PREFIX):
        raise RefusedError(
            f"{path!r} is no path inside the output folder", remedy="mend the slug, url or alias that leads there"
        )


def _is_unchanged(file: OutputFile | OutputCopy, folder: Path, inventory: Inventory) -> bool:
    there = inventory.entries.get(file.path)
    if there is None or not stat.S_ISREG(there.st_mode):
        return False
    if isinstance(file, OutputFile):
        return there.st_size == len(file.content) and (folder / file.path).read_bytes() == file.content
    source = file.source.stat()
    if there.st_size != source.st_size:
        return False
    return there.st_mtime_ns == source.st_mtime_ns or filecmp.cmp(file.source, folder / file.path, shallow=False)


def _check_conflicts(wanted: Collection[str], remove: Collection[str], inventory: Inventory) -> None:
    """A file cannot stand where a folder must be, nor the other way round, unless that one is ours and goes."""
    staying = [path for path in inventory.entries if path not in remove]
    occupied = {folder for path in staying for folder in parents(path)} | inventory.empty_folders
    needed = {folder for path in wanted for folder in parents(path)}
    for path in wanted:
        if path in needed:
            raise RefusedError(
                "is wanted both as a page and as a folder",
                where=path,
                remedy="give one of them another slug, url or alias",
            )
        if path in occupied:
            raise _in_the_way(path, "folder")
    for folder in needed:
        if folder in inventory.entries and folder not in remove:
            raise _in_the_way(folder, "file")


def _in_the_way(path: str, kind: str) -> RefusedError:
    return RefusedError(
        f"a {kind} that briefingfeed did not write stands where it must write",
        where=path,
        remedy=f"move that {kind} out of the output folder, or give the post another slug",
    )

"""Making one tree hold what another does, by hard links: the same inodes, not a byte copied.

Only what differs is touched, so it costs what the difference costs. No file is ever opened for writing through a name
that exists: what changes is unlinked and made anew, for its inode may be shown elsewhere.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from briefingfeed.models.output import OutputCopy, OutputFile
from briefingfeed.output.inventory import Inventory, Mark, parent, read_marks
from briefingfeed.output.staging import Seal, make_folder, write_all


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """What a tree should hold."""

    entries: Mapping[str, int]
    """What is linked from the other tree, with the inodes it has there."""
    folders: frozenset[str]
    """All of them, with "" for the tree itself."""
    write: Collection[OutputFile | OutputCopy] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """The tree from which links are made."""

    tree: Path
    folders: Collection[str]
    alike: bool = False
    """Its folders are known to have the modes and owners that those of the same names in the other tree have."""


def rearrange(tree: Path, has: Inventory, wanted: Arrangement, source: Source) -> tuple[Inventory, dict[str, Seal]]:
    """Make `tree`, which holds what it `has`, hold exactly what is `wanted`.

    Folders get mode and owner from the source. Returns what the tree then holds, and the seals of what was written,
    once all of it is on the disk. Raises OSError.
    """
    leaving = [path for path, inode in has.entries.items() if wanted.entries.get(path) != inode]
    coming = [path for path, inode in wanted.entries.items() if has.entries.get(path) != inode]
    going = sorted(has.folders.keys() - wanted.folders, reverse=True)
    making = sorted(wanted.folders - has.folders.keys())
    for path in leaving:
        os.unlink(f"{tree}/{path}")  # noqa: PTH108 - ten thousand times
    for path in going:
        (tree / path).rmdir()
    for path in making:
        make_folder(tree / path)
    for path in coming:
        os.link(f"{source.tree}/{path}", f"{tree}/{path}", follow_symlinks=False)
    changed = {parent(path) for path in (*leaving, *coming, *going, *making)}.difference(going).union(making)
    changed.update(_keep_access(making if source.alike else wanted.folders, tree, source))
    seals = write_all(wanted.write, tree, also={tree / path for path in changed})
    changed.update(parent(path) for path in seals)
    return _inventory(tree, has, wanted, changed, seals), seals


def _keep_access(paths: Iterable[str], tree: Path, source: Source) -> list[str]:
    """An operator may have given a folder to a group: mode and owner stay as they were. Returns what changed."""
    changed = []
    for path in {"", *paths}.intersection(source.folders):  # the outermost folder's mark does not tell of its mode
        before, folder = (source.tree / path).lstat(), tree / path
        now = folder.lstat()
        mode, owner = stat.S_IMODE(before.st_mode), (before.st_uid, before.st_gid)
        if mode == stat.S_IMODE(now.st_mode) and owner == (now.st_uid, now.st_gid):
            continue
        if owner != (now.st_uid, now.st_gid):
            with suppress(PermissionError):
                os.chown(folder, *owner)
        folder.chmod(mode)  # last: a new owner takes away what lets a program change its user
        changed.append(path)
    return changed


def _inventory(
    tree: Path, had: Inventory, wanted: Arrangement, changed: Collection[str], seals: Mapping[str, Seal]
) -> Inventory:
    marks: dict[str, Mark] = {path: mark for path, mark in had.folders.items() if path in wanted.folders}
    marks.update(read_marks(tree, changed))
    return Inventory({**wanted.entries, **{path: seal[0] for path, seal in seals.items()}}, marks)

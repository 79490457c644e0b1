"""What the last publish knew of the two trees, so that the next one need not find it out again.

A matter of speed only. Nothing here is believed that the disk does not confirm (inodes, times, sizes), so it does no
harm that the file is missing, damaged, or older than the trees, whatever died when.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from briefingfeed.output.inventory import Inventory, Mark
from briefingfeed.output.staging import Seal

_VERSION = 1
_NO_FILES: tuple[list[Any], ...] = ([], [], [], [], [])


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    files: Mapping[str, Seal] = field(default_factory=dict)
    """What we wrote, and how it stood on the disk then."""
    live: Inventory | None = None
    spare: Inventory | None = None
    """The spare tree holds the same entries as the live one."""


def read_memory(manifest: Path) -> Memory:
    """Return what is remembered beside `manifest`; an empty memory if nothing can be read.

    Whatever was changed in the same instant as the memory was written is left out: within one tick of the clock of the
    file system a second change would leave no trace.
    """
    file = _file(manifest)
    try:
        kept = json.loads(file.read_bytes())
        written = file.stat().st_mtime_ns
        if kept["version"] != _VERSION:
            return Memory()
        paths, inodes, times, sizes, digests = kept["files"] or _NO_FILES
        files: dict[str, Seal] = dict(zip(paths, zip(inodes, times, sizes, digests, strict=True), strict=True))
        if max(times, default=0) >= written:
            files = {path: seal for path, seal in files.items() if seal[1] < written}
        entries = dict(zip(paths, inodes, strict=True))
        entries.update(zip(*kept["others"], strict=True))
        return Memory(
            files=files,
            live=_inventory(entries, kept["live"], written),
            spare=_inventory(entries, kept["spare"], written),
        )
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return Memory()


def write_memory(manifest: Path, memory: Memory) -> None:
    """Replace what is remembered. A disk that refuses does not matter: the next publish is slower."""
    entries = memory.live.entries if memory.live else {}
    kept = {
        "version": _VERSION,
        "files": _columns(memory.files),
        "others": _columns({path: (entries[path],) for path in entries.keys() - memory.files.keys()}),
        "live": _columns(memory.live.folders if memory.live else {}),
        "spare": _columns(memory.spare.folders if memory.spare else {}),
    }
    file = _file(manifest)
    fresh = file.with_name(file.name + ".new")
    with suppress(OSError):
        try:
            fresh.write_bytes(json.dumps(kept, separators=(",", ":")).encode())
            fresh.replace(file)
        except OSError:
            fresh.unlink()


def _file(manifest: Path) -> Path:
    return manifest.with_name(f"{manifest.stem}.trees{manifest.suffix}")


def _columns(rows: Mapping[str, tuple[Any, ...]]) -> list[list[Any]]:
    """Few long lists are read and written several times as fast as many short ones."""
    return [list(rows), *(list(column) for column in zip(*rows.values(), strict=True))] if rows else []


def _inventory(entries: Mapping[str, int], columns: list[list[Any]], written: int) -> Inventory | None:
    if not columns:
        return None
    paths, inodes, times = columns
    if max(times) >= written:
        return None
    folders: dict[str, Mark] = dict(zip(paths, zip(inodes, times, strict=True), strict=True))
    return Inventory(entries, folders, remembered=True)

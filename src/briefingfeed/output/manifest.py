"""The list of what we wrote, and into which folder: only that may ever be removed or replaced by something else."""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from pathlib import Path

from briefingfeed.errors import StorageError

_VERSION = 1


def read_manifest(file: Path, *, of: Path | None = None) -> frozenset[str]:
    """Return the paths we wrote; empty before the first publish.

    With `of`, a real path, only if it is that folder that we wrote them into. Raises StorageError if the list is
    damaged.
    """
    try:
        listed = json.loads(file.read_bytes())
        if listed["version"] != _VERSION:
            raise ValueError(f"version {listed['version']}")
        if of is not None and listed.get("folder", _name(of, file)) != _name(of, file):
            return frozenset()
        return frozenset(str(path) for path in listed["files"])
    except FileNotFoundError:
        return frozenset()
    except (ValueError, KeyError, TypeError) as error:
        raise StorageError(
            f"the list of published files cannot be read ({error})",
            where=str(file),
            remedy="delete this file and build again; pages of posts that are gone meanwhile are yours to remove then",
        ) from error


def write_manifest(file: Path, paths: Collection[str], *, of: Path) -> None:
    """Replace the list in one step. `of` is the real path of the folder that the paths are in."""
    listed = {"version": _VERSION, "folder": _name(of, file), "files": sorted(paths)}
    content = (json.dumps(listed, ensure_ascii=False, indent=0) + "\n").encode()
    fresh = file.with_name(file.name + ".new")
    with fresh.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(file)


def _name(folder: Path, file: Path) -> str:
    """As seen from the list: the same for a publication that was moved as a whole."""
    return os.path.relpath(folder, os.path.realpath(file.parent))

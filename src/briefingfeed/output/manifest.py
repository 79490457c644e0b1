"""The list of what we wrote into the output folder: only that may ever be removed or replaced by something else."""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from pathlib import Path

from briefingfeed.errors import StorageError

_VERSION = 1


def read_manifest(file: Path) -> frozenset[str]:
    """Return the paths we wrote; empty before the first publish. Raises StorageError if the list is damaged."""
    try:
        listed = json.loads(file.read_bytes())
        if listed["version"] != _VERSION:
            raise ValueError(f"version {listed['version']}")
        return frozenset(str(path) for path in listed["files"])
    except FileNotFoundError:
        return frozenset()
    except (ValueError, KeyError, TypeError) as error:
        raise StorageError(
            f"the list of published files cannot be read ({error})",
            where=str(file),
            remedy="delete this file and the output folder, then build again: everything in it is made anew",
        ) from error


def write_manifest(file: Path, paths: Collection[str]) -> None:
    """Replace the list in one step."""
    listed = {"version": _VERSION, "files": sorted(paths)}
    content = (json.dumps(listed, ensure_ascii=False, indent=0) + "\n").encode()
    fresh = file.with_name(file.name + ".new")
    with fresh.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(file)

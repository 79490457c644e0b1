"""What a build puts into the output folder: named bytes, or a file to copy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class OutputFile:
    path: str
    """Relative to the output folder, forward slashes, no `..`."""
    content: bytes


@dataclass(frozen=True, slots=True)
class OutputCopy:
    path: str
    source: Path

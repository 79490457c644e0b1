"""Small files in the state folder in which one build tells the next what it knows."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def keep(file: Path, text: str) -> None:
    """Make `file` hold `text`, in one step; if it does already, nothing is touched. Raises OSError."""
    content = text.encode()
    with suppress(FileNotFoundError):
        if file.read_bytes() == content:
            return
    fresh = file.with_name(file.name + ".new")
    fresh.write_bytes(content)
    fresh.replace(file)

"""The folder that a database or a lock lies in."""

from __future__ import annotations

from pathlib import Path

from briefingfeed.errors import StorageError


def make_folder(folder: Path) -> None:
    """Make the folder, for the owner's eyes only, unless it is there. Raises StorageError."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_be_made(folder, error) from error


def cannot_be_made(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"this cannot be made: {error.strerror}",
        where=str(path),
        remedy="see that the folder above it can be written by the user who runs briefingfeed",
    )

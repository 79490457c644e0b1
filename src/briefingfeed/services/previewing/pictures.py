"""Pictures that are dropped into a post: looked at, named, and put beside it."""

from __future__ import annotations

import re
from pathlib import Path, PurePath

from briefingfeed.errors import RefusedError
from briefingfeed.models.settings import Settings
from briefingfeed.posts.slugs import slugify
from briefingfeed.services.previewing.files import find_post, write_new

MOST_BYTES = 10 * 1024 * 1024

_KINDS = (
    (".png", re.compile(rb"\x89PNG\r\n\x1a\n")),
    (".jpg", re.compile(rb"\xff\xd8\xff")),
    (".gif", re.compile(rb"GIF8[79]a")),
    (".webp", re.compile(rb"RIFF.{4}WEBP", re.DOTALL)),
)
"""Told by how the content begins; what the name says does not count."""
_MOST_OF_A_NAME = 999


def add_picture(settings: Settings, path: str, name: str, content: bytes) -> str:
    """Put a picture beside a post and return its name there. The same picture is put there once.

    Raises RefusedError for what no mail program shows, StorageError.
    """
    suffix = _suffix(content)
    folder = find_post(settings, path).file.parent
    stem = slugify(PurePath(name.replace("\\", "/")).stem)
    for number in range(1, _MOST_OF_A_NAME):
        file = folder / f"{stem}{f'-{number}' if number > 1 else ''}{suffix}"
        if write_new(file, content) or _is_the_same(file, content):
            return file.name
    raise RefusedError("There are too many pictures of this name.", remedy="Give the file another name.")


def _suffix(content: bytes) -> str:
    if len(content) > MOST_BYTES:
        raise too_large()
    for suffix, beginning in _KINDS:
        if beginning.match(content):
            return suffix
    raise RefusedError(
        "This is not a picture that mail programs show.",
        remedy="Save it as PNG or JPEG in the program it comes from, then drop that.",
    )


def too_large() -> RefusedError:
    """What is said of a picture that is too large."""
    return RefusedError(
        f"This picture is larger than {MOST_BYTES // 1024 // 1024} MB.",
        remedy="Make it smaller first: 1,200 pixels across are plenty for a mail.",
    )


def _is_the_same(file: Path, content: bytes) -> bool:
    return (
        file.is_file()
        and not file.is_symlink()
        and file.stat().st_size == len(content)
        and (file.read_bytes() == content)
    )

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from briefingfeed.models.output import OutputFile


class Place:
    """An output folder with its manifest, and what can be seen of them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "site" / "public"
        self.manifest = root / "state" / "output.json"

    @property
    def spare(self) -> Path:
        return self.folder.with_name(".public.briefingfeed-staging")

    def inodes(self, tree: Path) -> dict[str, int | None]:
        """Every entry of a tree with its inode; of a folder, only that it is there."""
        found = {path: path.lstat() for path in tree.rglob("*")}
        return {
            path.relative_to(tree).as_posix(): None if stat.S_ISDIR(there.st_mode) else there.st_ino
            for path, there in found.items()
        }

    def tree(self) -> dict[str, bytes]:
        found = (path for path in self.folder.rglob("*") if path.is_file())
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in found}

    def stamps(self) -> dict[str, tuple[int, int, int]]:
        """Inode, modification time and time of the last change of anything, for the folder and all that is in it."""
        everything = (self.folder, self.folder.parent, *self.folder.rglob("*"), self.manifest)
        stats = {str(path): path.lstat() for path in everything}
        return {path: (there.st_ino, there.st_mtime_ns, there.st_ctime_ns) for path, there in stats.items()}


def output_files(tree: Mapping[str, bytes]) -> list[OutputFile]:
    return [OutputFile(path, content) for path, content in tree.items()]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def open_place() -> Iterator[Place]:
    """A place below a folder that every user may enter (pytest's own folders are closed to others)."""
    root = Path(tempfile.mkdtemp(prefix="briefingfeed-"))
    root.chmod(0o777)
    yield Place(root)
    for folder, _, _ in os.walk(root):
        Path(folder).chmod(0o755)
    shutil.rmtree(root)

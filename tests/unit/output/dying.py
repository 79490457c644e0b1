"""Publishes again and again, dying one step later each time, and prints as JSON what each death left.

Run as a process of its own, because it forks. A step is anything Python tells its audit hooks about: opening, linking,
renaming, removing. Arguments: a folder to work in, and the way: `exchange`, `first-exchange` (without a spare tree
yet) or `in-place`.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from briefingfeed.models.output import OutputFile
from briefingfeed.output import publish

OLD = {"index.html": b"old index", "posts/a/index.html": b"post a", "posts/b/index.html": b"post b", "move": b"page"}
LATER = {"index.html": b"later index", "posts/a/index.html": b"post a", "posts/d/index.html": b"post d"}
EARLIER = {"index.html": b"first index", "posts/a/index.html": b"post a", "posts/z/index.html": b"post z"}
NEW = {
    "index.html": b"new index",
    "posts/a/index.html": b"post a",
    "posts/c/index.html": b"post c",
    "move/x": b"folder",
}

OPERATORS = {"CNAME": "briefings.example", "posts/a/notes.txt": "mine"}

STEPS = frozenset({"open", "os.mkdir", "os.link", "os.rename", "os.remove", "os.rmdir", "os.chmod", "os.scandir"})
NOBODY = 65534
SPARE = ".public.briefingfeed-staging"


class Stage:
    """One output folder to die over. In place is the way of whoever may write into the folder, but not beside it."""

    def __init__(self, root: Path, way: str) -> None:
        self._folder = root / "site" / "public"
        self._manifest = root / "state" / "output.json"
        self._in_place = way == "in-place"
        shutil.rmtree(root, ignore_errors=True)
        self._folder.mkdir(parents=True)
        self._manifest.parent.mkdir()
        if self._in_place:
            self._folder.chmod(0o777)
            self._manifest.parent.chmod(0o777)
            self._folder.parent.chmod(0o555)
        if way == "exchange":
            self.publish(EARLIER)
        self.publish(OLD)
        for path, content in OPERATORS.items():
            (self._folder / path).write_text(content)

    def publish(self, tree: dict[str, bytes], *, die_after: int | None = None) -> bool:
        """Publish in a child; return whether it lived."""
        child = os.fork()
        if child == 0:
            status = 1
            try:
                if self._in_place and os.getuid() == 0:
                    os.setuid(NOBODY)
                if die_after is not None:
                    sys.addaudithook(_dying_after(die_after))
                publish([OutputFile(*item) for item in tree.items()], self._folder, manifest=self._manifest)
                status = 0
            finally:
                os._exit(status)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

    def tree(self) -> dict[str, str]:
        files = (path for path in self._folder.rglob("*") if path.is_file())
        return {path.relative_to(self._folder).as_posix(): path.read_text() for path in files}

    def beside(self) -> list[str]:
        return sorted(path.name for path in self._folder.parent.iterdir())

    def mirrored(self) -> bool:
        """Whether the spare tree, if there is one, holds the same inodes and folders as the live one."""
        spare = self._folder.with_name(SPARE)
        return not spare.is_dir() or _inodes(spare) == _inodes(self._folder)

    def close(self) -> None:
        self._folder.parent.chmod(0o755)


def _inodes(tree: Path) -> dict[str, int]:
    return {path.relative_to(tree).as_posix(): path.is_file() and path.stat().st_ino for path in tree.rglob("*")}


def _dying_after(steps: int) -> Callable[[str, object], None]:
    left = steps

    def count(event: str, _arguments: object) -> None:
        nonlocal left
        left -= event in STEPS
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return count


def main(root: Path, way: str) -> None:
    deaths: list[dict[str, object]] = []
    lived = False
    while not lived:
        stage = Stage(root, way)
        lived = stage.publish(NEW, die_after=len(deaths) + 1)
        left = stage.tree()
        wanted = OLD if len(deaths) % 2 else NEW
        told = stage.publish(wanted)
        deaths.append(
            {
                "left": left,
                "told": told,
                "mended": stage.tree(),
                "wanted": wanted is NEW,
                "again": stage.publish(LATER),
                "later": stage.tree(),
                "beside": stage.beside(),
                "mirrored": stage.mirrored(),
            }
        )
        stage.close()
    json.dump(deaths, sys.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])

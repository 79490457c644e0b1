"""The other way to publish, for a folder that cannot change places with another (a mount point, say).

New files wait in a folder inside the output folder. Renaming that folder to its second name is the decision: from then
on the publish is carried on to its end, if need be by the next one. Each page is replaced in one step.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from briefingfeed.output.inventory import PRIVATE_PREFIX, parent
from briefingfeed.output.plan import Plan
from briefingfeed.output.staging import Seal, flush_folder, make_folder, make_folders, write_all

_REMOVALS = "removals.json"
_PAGES = "pages"


class Journal:
    """One publish in place: `stage`, `decide`, `carry_out`; `recover` finishes or forgets one that died."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._staging = folder / f"{PRIVATE_PREFIX}staging"
        self._decided = folder / f"{PRIVATE_PREFIX}decided"

    def recover(self) -> None:
        if self._decided.is_dir():
            self.carry_out()
        if self._staging.is_dir():
            shutil.rmtree(self._staging)

    def stage(self, plan: Plan) -> dict[str, Seal]:
        """Write everything that is new, unseen."""
        make_folder(self._staging)
        make_folder(self._staging / _PAGES)
        seals = write_all(plan.write, self._staging / _PAGES)
        with (self._staging / _REMOVALS).open("x", encoding="utf-8") as stream:
            json.dump(sorted(plan.remove), stream)
            stream.flush()
            os.fsync(stream.fileno())
        flush_folder(self._staging)
        return seals

    def decide(self) -> None:
        self._staging.rename(self._decided)
        flush_folder(self._folder)

    def carry_out(self) -> None:
        """Remove what goes, move in what comes. May be called again after it was interrupted anywhere."""
        removals = self._decided / _REMOVALS
        if removals.is_file():
            for path in json.loads(removals.read_bytes()):
                self._remove(path)
            removals.unlink()
        pages = self._decided / _PAGES
        made: set[Path] = {self._folder}
        for inside, _, names in os.walk(pages):
            target = self._folder / Path(inside).relative_to(pages)
            make_folders(target, made)
            for name in names:
                (Path(inside) / name).replace(target / name)
        flush_folder(self._folder)
        shutil.rmtree(self._decided)

    def _remove(self, path: str) -> None:
        (self._folder / path).unlink(missing_ok=True)
        while path := parent(path):
            try:
                (self._folder / path).rmdir()
            except FileNotFoundError:
                continue
            except OSError:  # not empty: somebody still lives there
                break

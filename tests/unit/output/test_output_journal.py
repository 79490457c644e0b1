"""A publish in place that is carried on, and what is remembered of one."""

from __future__ import annotations

import json
import os

import pytest

from briefingfeed.output.inventory import PRIVATE_PREFIX
from briefingfeed.output.journal import Journal
from briefingfeed.output.memory import Memory, read_memory, write_memory

from .conftest import Place


def test_who_died_between_two_empty_folders_leaves_neither(place: Place) -> None:
    (place.folder / "posts").mkdir(parents=True)  # that of the page was removed before
    decided = place.folder / f"{PRIVATE_PREFIX}decided"
    (decided / "pages").mkdir(parents=True)
    (decided / "removals.json").write_text(json.dumps(["posts/tides/index.html"]))
    Journal(place.folder).recover()
    assert list(place.folder.iterdir()) == []


@pytest.mark.parametrize(("later", "remembered"), [(0, False), (1, True)])
def test_what_changed_in_the_instant_of_writing_it_down_is_not_believed(
    place: Place, later: int, remembered: bool
) -> None:
    at = 1_795_000_000_000_000_000
    place.manifest.parent.mkdir(parents=True)
    write_memory(
        place.manifest, Memory(files={"index.html": (1, at, 5, "digest"), "old.html": (2, at - 1, 5, "other")})
    )
    (file,) = place.manifest.parent.iterdir()
    os.utime(file, ns=(at, at + later))
    found = read_memory(place.manifest).files
    assert ("index.html" in found, "old.html" in found) == (remembered, True)

"""A publish that dies at any step leaves the old tree or the new one, and the next publish mends the rest."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import Place
from .dying import LATER, NEW, OLD, OPERATORS, SPARE


def deaths(place: Place, way: str) -> list[dict[str, object]]:
    script = Path(__file__).with_name("dying.py")
    run = subprocess.run(
        [sys.executable, str(script), str(place.root), way], capture_output=True, text=True, timeout=120, check=True
    )
    return json.loads(run.stdout)


def text(tree: dict[str, bytes]) -> dict[str, str]:
    """The tree with the operator's files in it, as the deaths are told."""
    return {path: content.decode() for path, content in tree.items()} | OPERATORS


@pytest.mark.parametrize("way", ["exchange", "first-exchange"])
def test_death_at_any_step_leaves_the_old_tree_or_the_new(open_place: Place, way: str) -> None:
    died = deaths(open_place, way)

    assert len(died) > 20
    assert all(death["left"] in (text(OLD), text(NEW)) for death in died)
    assert {json.dumps(death["left"], sort_keys=True) for death in died} == {
        json.dumps(text(tree), sort_keys=True) for tree in (OLD, NEW)
    }


def test_death_at_any_step_in_place_never_leaves_a_torn_page(open_place: Place) -> None:
    died = deaths(open_place, "in-place")
    whole = {content.decode() for tree in (OLD, NEW) for content in tree.values()} | set(OPERATORS.values())

    shown = [
        content
        for death in died
        for path, content in death["left"].items()  # type: ignore[attr-defined]
        if not path.startswith(".briefingfeed-")
    ]
    assert len(died) > 20
    assert set(shown) <= whole


@pytest.mark.parametrize("way", ["exchange", "first-exchange", "in-place"])
def test_next_publishes_after_any_death_are_complete(open_place: Place, way: str) -> None:
    for death in deaths(open_place, way):
        assert death["told"]
        assert death["mended"] == text(NEW if death["wanted"] else OLD)
        assert death["again"]
        assert death["later"] == text(LATER)
        assert death["beside"] == (["public"] if way == "in-place" else [SPARE, "public"])
        assert death["mirrored"]

"""The spare tree: it mirrors the live one, costs what changed, and is never believed without a look."""

from __future__ import annotations

import os
import random
import shutil
import stat
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from briefingfeed.output import publish

from .conftest import Place, output_files

OLD = {"index.html": b"old index", "posts/a/index.html": b"post a", "posts/b/index.html": b"post b"}
NEW = {"index.html": b"new index", "posts/a/index.html": b"post a", "posts/c/index.html": b"post c"}
NEWER = {**NEW, "index.html": b"newer index"}


@pytest.fixture
def settled(place: Place) -> Place:
    """A place that was published twice: both trees are there."""
    put(place, OLD)
    put(place, NEW)
    return place


def put(place: Place, tree: dict[str, bytes]) -> None:
    publish(output_files(tree), place.folder, manifest=place.manifest)


def memory(place: Place) -> Path:
    return place.manifest.with_name("output.trees.json")


def test_spare_tree_has_the_same_files_and_not_a_byte_of_its_own(settled: Place) -> None:
    assert sorted(path.name for path in settled.folder.parent.iterdir()) == [settled.spare.name, "public"]
    assert settled.inodes(settled.spare) == settled.inodes(settled.folder)


def test_first_publish_makes_no_spare_tree(place: Place) -> None:
    put(place, OLD)

    assert not place.spare.exists()


def test_change_of_one_page_touches_no_other_folder(place: Place) -> None:
    tree = {f"posts/{number}/index.html": b"page" for number in range(50)}
    for content in (b"1", b"2", b"3"):
        put(place, {**tree, "posts/7/index.html": content})
    before = folder_times(place)

    put(place, {**tree, "posts/7/index.html": b"4"})

    after = folder_times(place)
    assert {path for path in before if before[path] != after[path]} == {"posts/7"}


def folder_times(place: Place) -> dict[str, set[tuple[int, int]]]:
    """Inodes and times of the folders of each name in the two trees, but for the two outermost."""
    paths = [path.relative_to(place.folder) for path in place.folder.rglob("*") if path.is_dir()]
    return {
        str(path): {
            (found.st_ino, found.st_ctime_ns)
            for tree in (place.folder, place.spare)
            for found in [(tree / path).stat()]
        }
        for path in paths
    }


@pytest.mark.parametrize("content", [b"scribbled upon", b"POST A"])
def test_page_changed_by_hand_comes_back(settled: Place, content: bytes) -> None:
    """Its inode is in both trees; neither may keep what was written into it."""
    with (settled.folder / "posts" / "a" / "index.html").open("wb") as page:
        page.write(content)

    put(settled, NEW)

    assert settled.tree() == NEW
    assert settled.inodes(settled.spare) == settled.inodes(settled.folder)


def test_page_replaced_by_hand_with_the_same_bytes_is_the_one_that_stays(settled: Place) -> None:
    page = settled.folder / "posts" / "a" / "index.html"
    page.unlink()
    page.write_bytes(b"post a")
    inode = page.stat().st_ino

    put(settled, NEWER)

    assert page.stat().st_ino == inode
    assert settled.inodes(settled.spare) == settled.inodes(settled.folder)


def test_operators_changes_between_publishes_are_carried_over(settled: Place) -> None:
    (settled.folder / "posts" / "a" / "notes.txt").write_text("mine")
    (settled.folder / "gone.txt").write_text("mine, for a while")
    (settled.folder / "empty" / "inner").mkdir(parents=True)
    put(settled, NEWER)
    (settled.folder / "gone.txt").unlink()
    (settled.folder / "empty" / "inner").rmdir()
    with (settled.folder / "posts" / "a" / "notes.txt").open("a") as notes:
        notes.write(" still")

    put(settled, NEW)

    assert settled.tree() == {**NEW, "posts/a/notes.txt": b"mine still"}
    assert list((settled.folder / "empty").iterdir()) == []
    assert settled.inodes(settled.spare) == settled.inodes(settled.folder)


def test_mode_of_a_folder_lasts_through_both_trees(settled: Place) -> None:
    (settled.folder / "posts").chmod(0o2775)
    settled.folder.chmod(0o775)

    for tree in (NEWER, NEW, NEWER):
        put(settled, tree)
        assert stat.S_IMODE((settled.folder / "posts").stat().st_mode) == 0o2775
        assert stat.S_IMODE(settled.folder.stat().st_mode) == 0o775


def lose_a_page(spare: Path) -> None:
    (spare / "posts" / "a" / "index.html").unlink()


def replace_a_page(spare: Path) -> None:
    (spare / "new").write_bytes(b"forged")
    (spare / "new").rename(spare / "posts" / "a" / "index.html")


def add_a_page(spare: Path) -> None:
    (spare / "posts" / "forged").mkdir()
    (spare / "posts" / "forged" / "index.html").write_bytes(b"forged")


def plant_a_decision(spare: Path) -> None:
    (spare / ".briefingfeed-decided" / "pages").mkdir(parents=True)
    (spare / ".briefingfeed-decided" / "pages" / "index.html").write_bytes(b"forged")


def turn_a_folder_into_a_link(spare: Path) -> None:
    shutil.rmtree(spare / "posts" / "a")
    (spare / "posts" / "a").symlink_to(spare.parent / "public" / "posts" / "a")


def lose_everything(spare: Path) -> None:
    shutil.rmtree(spare)


@pytest.mark.parametrize(
    "tamper", [lose_a_page, replace_a_page, add_a_page, plant_a_decision, turn_a_folder_into_a_link, lose_everything]
)
def test_spare_tree_that_was_tampered_with_is_put_right(settled: Place, tamper: Callable[[Path], None]) -> None:
    tamper(settled.spare)

    put(settled, NEWER)

    assert settled.tree() == NEWER
    assert settled.inodes(settled.spare) == settled.inodes(settled.folder)


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b'{"version": 1, "files": [["a"]]}', b"\xff"])
def test_memory_that_is_lost_or_damaged_does_no_harm(settled: Place, content: bytes | None) -> None:
    if content is None:
        memory(settled).unlink()
    else:
        memory(settled).write_bytes(content)

    assert publish(output_files(NEWER), settled.folder, manifest=settled.manifest).written == ("index.html",)
    assert settled.tree() == NEWER


def test_memory_of_another_time_does_no_harm(settled: Place) -> None:
    before = memory(settled).read_bytes()
    put(settled, OLD)
    put(settled, {"index.html": b"old INDEX", "x": b"x"})
    memory(settled).write_bytes(before)

    put(settled, NEWER)

    assert settled.tree() == NEWER
    assert settled.inodes(settled.spare) == settled.inodes(settled.folder)


def test_spare_tree_goes_when_the_folder_can_no_longer_change_places(settled: Place) -> None:
    if os.getuid() == 0:
        subprocess.run(["mount", "--bind", settled.folder, settled.folder], check=True)
    try:
        put(settled, NEWER)
        assert settled.tree() == NEWER
        assert settled.spare.exists() == (os.getuid() != 0)
    finally:
        if os.getuid() == 0:
            subprocess.run(["umount", settled.folder], check=True)


@pytest.mark.parametrize("seed", range(8))
def test_any_run_of_publishes_and_meddling_shows_what_was_asked(place: Place, seed: int) -> None:
    """Pages of ours come and go as files and folders; an operator's files in the same folders stay."""
    chance = random.Random(seed)
    names = ["a", "b", "a/index.html", "a/b/index.html", "b/index.html", "c/d/e", "c/index.html"]
    mine: dict[str, bytes] = {}
    for turn in range(40):
        tree: dict[str, bytes] = {}
        for name in chance.sample(names, chance.randrange(len(names))):
            if not any(name.startswith(f"{other}/") or other.startswith(f"{name}/") for other in (*tree, *mine)):
                tree[name] = chance.choice([b"one", b"two", b"three"])
        put(place, tree)
        assert place.tree() == {**tree, **mine}, f"turn {turn}"
        if place.spare.exists() and chance.random() < 0.3:
            shutil.rmtree(chance.choice([place.spare, *(path for path in place.spare.rglob("*") if path.is_dir())]))
        folder = chance.choice([place.folder, *(path for path in place.folder.rglob("*") if path.is_dir())])
        note = folder / "note.txt"
        if note.exists():
            note.unlink()
            for emptied in (folder, *folder.relative_to(place.folder).parents):
                with suppress(OSError):  # not empty
                    (place.folder / emptied).rmdir()
            mine.pop(note.relative_to(place.folder).as_posix())
        else:
            note.write_bytes(b"%d" % turn)
            mine[note.relative_to(place.folder).as_posix()] = b"%d" % turn

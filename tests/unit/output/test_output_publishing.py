from __future__ import annotations

import fcntl
import json
import os
import stat
from pathlib import Path

import pytest

from briefingfeed.errors import LockedError, RefusedError, StorageError
from briefingfeed.models.output import OutputCopy, OutputFile
from briefingfeed.output import publish

from .conftest import Place, output_files

OLD = {"index.html": b"old index", "posts/a/index.html": b"post a", "posts/b/index.html": b"post b"}
NEW = {"index.html": b"new index", "posts/a/index.html": b"post a", "posts/c/index.html": b"post c"}


def put(place: Place, tree: dict[str, bytes]) -> None:
    publish(output_files(tree), place.folder, manifest=place.manifest)


def test_first_publish_writes_everything(place: Place) -> None:
    published = publish(output_files(OLD), place.folder, manifest=place.manifest)

    assert place.tree() == OLD
    assert (published.written, published.unchanged, published.removed) == (tuple(sorted(OLD)), 0, ())


def test_second_publish_writes_what_changed_and_removes_what_went(place: Place) -> None:
    put(place, OLD)

    published = publish(output_files(NEW), place.folder, manifest=place.manifest)

    assert place.tree() == NEW
    assert published.written == ("index.html", "posts/c/index.html")
    assert published.unchanged == 1
    assert published.removed == ("posts/b/index.html",)
    assert not (place.folder / "posts" / "b").exists()


def test_unchanged_file_keeps_inode_and_time_beside_a_changed_one(place: Place) -> None:
    put(place, OLD)
    kept = place.folder / "posts" / "a" / "index.html"
    before = kept.stat()

    put(place, NEW)

    assert (kept.stat().st_ino, kept.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_nothing_is_touched_when_nothing_changed(place: Place) -> None:
    put(place, OLD)
    before = place.stamps()

    published = publish(output_files(OLD), place.folder, manifest=place.manifest)

    assert place.stamps() == before
    assert (published.written, published.unchanged, published.removed) == ((), 3, ())


def test_operators_files_stay_as_they_are(place: Place) -> None:
    put(place, OLD)
    (place.folder / "CNAME").write_text("briefings.example")
    (place.folder / ".well-known" / "acme").mkdir(parents=True)
    (place.folder / "latest").symlink_to("posts/a")
    (place.folder / "posts" / "b" / "notes.txt").write_text("mine")
    inode = (place.folder / "CNAME").stat().st_ino

    put(place, NEW)

    assert (place.folder / "CNAME").stat().st_ino == inode
    assert (place.folder / ".well-known" / "acme").is_dir()
    assert (place.folder / "latest").readlink() == Path("posts/a")
    assert (place.folder / "posts" / "b" / "notes.txt").read_text() == "mine"
    assert not (place.folder / "posts" / "b" / "index.html").exists()


def test_folder_keeps_the_mode_an_operator_gave_it(place: Place) -> None:
    put(place, OLD)
    place.folder.chmod(0o2775)
    (place.folder / "posts").chmod(0o775)

    put(place, NEW)

    assert stat.S_IMODE(place.folder.stat().st_mode) == 0o2775
    assert stat.S_IMODE((place.folder / "posts").stat().st_mode) == 0o775


def test_modes_let_a_web_server_read_whatever_the_umask(place: Place) -> None:
    before = os.umask(0o077)
    try:
        put(place, OLD)
    finally:
        os.umask(before)

    assert stat.S_IMODE(place.folder.stat().st_mode) == 0o755
    assert stat.S_IMODE((place.folder / "posts" / "a").stat().st_mode) == 0o755
    assert stat.S_IMODE((place.folder / "index.html").stat().st_mode) == 0o644


def test_many_files_have_the_same_modes_as_few(place: Place) -> None:
    """More than 32 files are flushed to the disk in another way."""
    tree = {f"posts/{number}/index.html": b"x" for number in range(40)}

    put(place, tree)

    assert place.tree() == tree
    assert stat.S_IMODE((place.folder / "posts" / "7" / "index.html").stat().st_mode) == 0o644


def test_page_may_become_a_folder_and_a_folder_a_page(place: Place) -> None:
    put(place, {"about": b"page", "team/index.html": b"folder"})

    put(place, {"about/index.html": b"folder", "team": b"page"})

    assert place.tree() == {"about/index.html": b"folder", "team": b"page"}


def test_copy_is_made_once_and_again_when_its_source_changed(place: Place) -> None:
    source = place.root / "lamp.png"
    source.write_bytes(b"lamp")
    copies = [OutputCopy("images/lamp.png", source)]
    assert publish(copies, place.folder, manifest=place.manifest).written == ("images/lamp.png",)

    assert publish(copies, place.folder, manifest=place.manifest).written == ()

    source.write_bytes(b"lamp, relit")
    assert publish(copies, place.folder, manifest=place.manifest).written == ("images/lamp.png",)
    assert place.tree() == {"images/lamp.png": b"lamp, relit"}


def test_copy_of_a_source_with_another_time_but_the_same_bytes_is_not_made(place: Place) -> None:
    """A fresh checkout gives every file a new time."""
    source = place.root / "lamp.png"
    source.write_bytes(b"lamp")
    copies = [OutputCopy("images/lamp.png", source)]
    publish(copies, place.folder, manifest=place.manifest)
    before = place.stamps()

    os.utime(source, ns=(1, 1))

    assert publish(copies, place.folder, manifest=place.manifest).written == ()
    assert place.stamps() == before


def test_file_with_the_same_length_and_other_bytes_is_written(place: Place) -> None:
    put(place, {"index.html": b"one"})

    put(place, {"index.html": b"two"})

    assert place.tree() == {"index.html": b"two"}


def test_file_removed_by_hand_comes_back(place: Place) -> None:
    put(place, OLD)
    (place.folder / "index.html").unlink()

    put(place, OLD)

    assert place.tree() == OLD


def test_link_put_in_the_place_of_a_page_is_replaced_not_followed(place: Place) -> None:
    put(place, OLD)
    outside = place.root / "outside.html"
    outside.write_bytes(b"old index")
    (place.folder / "index.html").unlink()
    (place.folder / "index.html").symlink_to(outside)

    put(place, NEW)

    assert outside.read_bytes() == b"old index"
    assert not (place.folder / "index.html").is_symlink()


def test_output_folder_that_is_a_link_is_published_where_it_leads(place: Place) -> None:
    real = place.root / "www"
    real.mkdir()
    place.folder.parent.mkdir()
    place.folder.symlink_to(real)

    put(place, OLD)

    assert place.folder.is_symlink()
    assert (real / "index.html").read_bytes() == b"old index"


@pytest.mark.parametrize(
    "path",
    ["../escaped", "/etc/passwd", "a/../../b", "", "a//b", "./a", "a\\b", "a\x00b", "a\nb", ".briefingfeed-staging/x"],
)
def test_path_outside_the_folder_is_refused(place: Place, path: str) -> None:
    put(place, OLD)

    with pytest.raises(RefusedError):
        publish([OutputFile(path, b"x")], place.folder, manifest=place.manifest)

    assert place.tree() == OLD


def test_two_files_for_one_path_are_refused(place: Place) -> None:
    with pytest.raises(RefusedError, match="two pages"):
        publish([OutputFile("a", b"1"), OutputFile("a", b"2")], place.folder, manifest=place.manifest)


def test_path_wanted_as_page_and_as_folder_is_refused(place: Place) -> None:
    with pytest.raises(RefusedError, match="both"):
        put(place, {"a": b"page", "a/index.html": b"folder"})


@pytest.mark.parametrize("kind", ["file", "link"])
def test_operators_file_where_a_folder_must_be_is_refused(place: Place, kind: str) -> None:
    """Through a link, pages would be written outside."""
    put(place, {"index.html": b"x"})
    elsewhere = place.root / "elsewhere"
    elsewhere.mkdir()
    if kind == "file":
        (place.folder / "posts").write_text("mine")
    else:
        (place.folder / "posts").symlink_to(elsewhere)

    with pytest.raises(RefusedError, match="did not write"):
        put(place, OLD)

    assert list(elsewhere.iterdir()) == []


def test_operators_folder_where_a_page_must_be_is_refused(place: Place) -> None:
    put(place, {"index.html": b"x"})
    (place.folder / "about").mkdir()
    (place.folder / "about" / "mine.txt").write_text("mine")

    with pytest.raises(RefusedError, match="did not write"):
        put(place, {"index.html": b"x", "about": b"page"})


def test_second_publish_at_the_same_time_is_told_to_wait(place: Place) -> None:
    put(place, OLD)
    with place.manifest.with_name("output.json.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        with pytest.raises(LockedError):
            put(place, NEW)

    assert place.tree() == OLD


def test_damaged_list_of_files_is_an_error_that_says_what_to_do(place: Place) -> None:
    put(place, OLD)
    place.manifest.write_text("{")

    with pytest.raises(StorageError, match="delete this file"):
        put(place, NEW)

    assert place.tree() == OLD


def test_list_of_files_names_what_is_ours(place: Place) -> None:
    put(place, OLD)
    put(place, NEW)

    assert json.loads(place.manifest.read_text())["files"] == sorted(NEW)

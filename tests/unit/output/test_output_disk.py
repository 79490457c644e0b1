"""What happens when the disk, or its owner, refuses."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from briefingfeed.errors import StorageError
from briefingfeed.models.output import OutputCopy
from briefingfeed.output import publish

from .conftest import Place, output_files

OLD = {"index.html": b"old index", "posts/a/index.html": b"post a"}
BIG = {"index.html": b"new index", "posts/a/index.html": b"x" * 300_000}


@pytest.fixture
def small_disk(place: Place) -> Iterator[Place]:
    """A disk of 128 kB where we may mount one, else the limit that the kernel has for every user."""
    if os.getuid() == 0:
        place.folder.parent.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "none", place.folder.parent], check=True)
        try:
            yield place
        finally:
            subprocess.run(["umount", place.folder.parent], check=True)
    else:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (128 * 1024, before[1]))
        try:
            yield place
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def mounted(place: Place) -> Iterator[Place]:
    """An output folder that is a mount point, or, for those who may not mount, one with a parent closed to them."""
    place.folder.mkdir(parents=True)
    if os.getuid() == 0:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "none", place.folder], check=True)
    else:
        place.folder.parent.chmod(0o555)
    try:
        yield place
    finally:
        if os.getuid() == 0:
            subprocess.run(["umount", place.folder], check=True)
        else:
            place.folder.parent.chmod(0o755)


def test_full_disk_leaves_the_old_output_whole(small_disk: Place) -> None:
    publish(output_files(OLD), small_disk.folder, manifest=small_disk.manifest)
    before = small_disk.stamps()

    with pytest.raises(StorageError, match="make room") as raised:
        publish(output_files(BIG), small_disk.folder, manifest=small_disk.manifest)

    assert raised.value.exit_code == 75
    assert small_disk.tree() == OLD
    assert {path: stamp[:2] for path, stamp in small_disk.stamps().items() if path.endswith(".html")} == {
        path: stamp[:2] for path, stamp in before.items() if path.endswith(".html")
    }
    assert [path.name for path in small_disk.folder.parent.iterdir()] == ["public"]


def test_publish_goes_through_once_there_is_room_again(small_disk: Place) -> None:
    publish(output_files(OLD), small_disk.folder, manifest=small_disk.manifest)
    with pytest.raises(StorageError):
        publish(output_files(BIG), small_disk.folder, manifest=small_disk.manifest)

    publish(output_files({**OLD, "index.html": b"new"}), small_disk.folder, manifest=small_disk.manifest)

    assert small_disk.tree() == {**OLD, "index.html": b"new"}


def test_mount_point_is_published_in_place(mounted: Place) -> None:
    (mounted.folder / "CNAME").write_text("briefings.example")
    publish(output_files({**OLD, "posts/b/index.html": b"post b"}), mounted.folder, manifest=mounted.manifest)
    kept = (mounted.folder / "posts" / "a" / "index.html").stat()

    published = publish(output_files({**OLD, "index.html": b"new"}), mounted.folder, manifest=mounted.manifest)

    assert mounted.tree() == {**OLD, "index.html": b"new", "CNAME": b"briefings.example"}
    assert published.removed == ("posts/b/index.html",)
    assert not (mounted.folder / "posts" / "b").exists()
    assert (mounted.folder / "posts" / "a" / "index.html").stat().st_ino == kept.st_ino
    assert [path.name for path in mounted.folder.parent.iterdir()] == ["public"]


def test_full_mount_point_keeps_its_old_pages(mounted: Place) -> None:
    publish(output_files(OLD), mounted.folder, manifest=mounted.manifest)
    if os.getuid() != 0:
        resource.setrlimit(resource.RLIMIT_FSIZE, (128 * 1024, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))

    with pytest.raises(StorageError, match="make room"):
        publish(output_files(BIG), mounted.folder, manifest=mounted.manifest)

    assert mounted.tree() == OLD


def test_folder_that_may_not_be_written_is_an_error_that_says_so(open_place: Place) -> None:
    open_place.folder.mkdir(parents=True)
    open_place.manifest.parent.mkdir()
    open_place.manifest.parent.chmod(0o777)
    open_place.folder.chmod(0o555)
    open_place.folder.parent.chmod(0o555)

    said = _as_nobody(lambda: publish(output_files(OLD), open_place.folder, manifest=open_place.manifest))

    assert "permission denied" in said
    assert "let the user who runs the build write there" in said
    assert open_place.tree() == {}


def test_source_that_vanished_is_an_error_that_names_it(place: Place) -> None:
    publish(output_files(OLD), place.folder, manifest=place.manifest)

    with pytest.raises(StorageError, match=r"gone\.png"):
        publish([OutputCopy("images/gone.png", place.root / "gone.png")], place.folder, manifest=place.manifest)

    assert place.tree() == OLD


def _as_nobody(action: object) -> str:
    """Do it in a child without rights, and return what went wrong."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if os.getuid() == 0:
                os.setuid(65534)
            action()  # type: ignore[operator]
        except StorageError as error:
            os.write(writing, str(error).encode())
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    said = os.read(reading, 10_000).decode()
    os.close(reading)
    return said


def test_folder_of_the_same_name_as_our_staging_is_never_followed(place: Place) -> None:
    """A link planted there leads nowhere: what it points to is untouched."""
    outside = place.root / "outside"
    outside.mkdir()
    (outside / "precious.txt").write_text("mine")
    publish(output_files(OLD), place.folder, manifest=place.manifest)
    Path(place.folder.parent / ".public.briefingfeed-staging").symlink_to(outside)

    with pytest.raises(StorageError):
        publish(output_files({"index.html": b"new"}), place.folder, manifest=place.manifest)

    assert (outside / "precious.txt").read_text() == "mine"
    assert place.tree() == OLD

"""A copy is what a file holds, however it came to hold it."""

from __future__ import annotations

import gzip
import hashlib
import os
from pathlib import Path

import pytest

from briefingfeed.web import shelf as module
from briefingfeed.web.shelf import Copy, Shelf

LONG = b"The quay is long, and it is wet. " * 50


def take(shelf: Shelf, file: Path) -> Copy:
    copy, handle = shelf.take(file)
    assert handle is None
    return copy


def test_34_a_copy_holds_bytes_gzip_and_hash(tmp_path: Path) -> None:
    file = tmp_path / "atom.xml"
    file.write_bytes(LONG)
    copy = take(Shelf(), file)
    assert (copy.content, copy.size, copy.digest) == (LONG, len(LONG), hashlib.sha256(LONG).hexdigest())
    assert copy.gzipped is not None
    assert gzip.decompress(copy.gzipped) == LONG
    assert copy.modified == int(file.stat().st_mtime)


@pytest.mark.parametrize(("name", "content"), [("a.png", LONG), ("a.xml", b"x"), ("a.xml", b"")])
def test_34_what_gzip_would_not_help_has_none(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert take(Shelf(), tmp_path / name).gzipped is None


def test_34_an_unchanged_file_is_read_once(tmp_path: Path) -> None:
    file = tmp_path / "atom.xml"
    file.write_bytes(LONG)
    shelf = Shelf()
    assert take(shelf, file) is take(shelf, file)


def test_34_a_file_of_the_same_size_and_time_in_a_new_folder_is_another(tmp_path: Path) -> None:
    """What a build does: another folder takes the place of the old one."""
    for name, content in (("public", b"before"), ("next", b"after!")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "atom.xml").write_bytes(content)
        os.utime(tmp_path / name / "atom.xml", ns=(5, 5))
    shelf, file = Shelf(), tmp_path / "public" / "atom.xml"
    assert take(shelf, file).content == b"before"
    (tmp_path / "public").rename(tmp_path / "old")
    (tmp_path / "next").rename(tmp_path / "public")
    assert take(shelf, file).content == b"after!"
    (tmp_path / "public").rename(tmp_path / "next")
    (tmp_path / "old").rename(tmp_path / "public")
    assert take(shelf, file).content == b"before"


def test_a_large_file_is_not_kept_but_its_hash_is(tmp_path: Path) -> None:
    file = tmp_path / "film.mp4"
    file.write_bytes(b"x" * (module.MOST_OF_ONE + 1))
    shelf = Shelf()
    copies = []
    for _ in range(2):
        copy, handle = shelf.take(file)
        assert handle is not None
        handle.close()
        copies.append(copy)
    assert copies[0] is copies[1]
    assert copies[0].content is None
    assert copies[0].digest == hashlib.sha256(file.read_bytes()).hexdigest()


def test_the_shelf_never_holds_more_than_it_may(tmp_path: Path) -> None:
    shelf = Shelf(most=8 * 1024)
    for number in range(20):
        (tmp_path / f"{number}.png").write_bytes(bytes([number]) * 2000)
    kept = {number: take(shelf, tmp_path / f"{number}.png") for number in range(20)}
    assert take(shelf, tmp_path / "19.png") is kept[19]
    assert take(shelf, tmp_path / "0.png") is not kept[0]
    again = take(shelf, tmp_path / "0.png")
    assert again.content == bytes(2000)
    assert sum(copy.weight for copy in shelf._copies.values()) == shelf._weight <= 8 * 1024


@pytest.mark.parametrize("name", ["folder", "missing"])
def test_what_is_no_file_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match=name):
        Shelf().take(tmp_path / name)

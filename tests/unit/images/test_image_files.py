"""Sizes of images, from files that other programs wrote: 48 by 20 pixels each."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefingfeed.images.files import Size, size_of, sizes_of
from briefingfeed.models.post import Asset

IMAGES = Path(__file__).parents[2] / "data" / "images"
STARTS = (
    b"\x89PNG\r\n\x1a\n",
    b"GIF89a",
    b"\xff\xd8\xff\xe1",
    b"RIFF....WEBPVP8X",
    b"\xff\xd8\xff\xe1\x00\x40Exif\0\0II*\0",
)


def with_orientation(jpeg: bytes, orientation: int, order: str) -> bytes:
    """Return the picture as a camera that was held so writes it."""
    mark = b"II*\0" if order == "<" else b"MM\0*"
    directory = struct.pack(f"{order}IHHHIH2xI", 8, 1, 0x0112, 3, 1, orientation, 0)
    exif = b"Exif\0\0" + mark + directory
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]


@pytest.mark.parametrize("file", sorted(IMAGES.iterdir()), ids=lambda file: file.name)
def test_every_kind_is_known(file: Path) -> None:
    assert size_of(file.read_bytes()) == Size(48, 20)


def test_a_gif_of_the_first_kind_is_known() -> None:
    assert size_of(b"GIF87a" + struct.pack("<HH", 48, 20) + b"\0" * 8) == Size(48, 20)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("orientation", "size"), [(1, Size(48, 20)), (3, Size(48, 20)), (6, Size(20, 48))])
def test_a_picture_taken_upright_is_shown_upright(orientation: int, size: Size, order: str) -> None:
    assert size_of(with_orientation((IMAGES / "wide.jpg").read_bytes(), orientation, order)) == size


@pytest.mark.parametrize("exif", [b"", b"II*\0", b"II*\0" + b"\xff" * 4, b"MM\0*" + struct.pack(">IH", 8, 1)])
def test_what_a_camera_noted_and_a_program_spoilt_hides_no_size(exif: bytes) -> None:
    jpeg = (IMAGES / "wide.jpg").read_bytes()
    segment = b"\xff\xe1" + struct.pack(">H", len(exif) + 8) + b"Exif\0\0" + exif
    assert size_of(jpeg[:2] + segment + jpeg[2:]) == Size(48, 20)


@pytest.mark.parametrize("file", sorted(IMAGES.iterdir()), ids=lambda file: file.name)
def test_a_file_that_breaks_off_has_no_size_or_its_own(file: Path) -> None:
    whole = file.read_bytes()
    assert {size_of(whole[:length]) for length in range(len(whole))} <= {None, Size(48, 20)}


@given(st.sampled_from(STARTS), st.binary(max_size=200))
def test_any_bytes_are_read_to_the_end(start: bytes, rest: bytes) -> None:
    size = size_of(start + rest)
    assert size is None or (size.width > 0 and size.height > 0)


def test_what_is_no_image_or_not_there_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("GIF")
    names = ("a.txt", "gone.png")
    assets = [Asset(source=tmp_path / name, path=name, url=f"https://x.example/{name}") for name in names]
    known = Asset(source=IMAGES / "wide.png", path="b.png", url="https://x.example/b.png")
    assert sizes_of([*assets, known]) == {"https://x.example/b.png": Size(48, 20)}


def test_a_picture_that_is_replaced_is_looked_at_again(tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    asset = Asset(source=file, path="a.jpg", url="https://x.example/a.jpg")
    file.write_bytes((IMAGES / "wide.jpg").read_bytes())
    assert sizes_of([asset])[asset.url] == Size(48, 20)
    file.write_bytes(with_orientation(file.read_bytes(), 6, "<"))
    os.utime(file, ns=(1, 1))
    assert sizes_of([asset])[asset.url] == Size(20, 48)

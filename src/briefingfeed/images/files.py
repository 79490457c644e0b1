"""How large an image is, read from the first bytes of its file: PNG, JPEG, GIF and WebP.

With its size in a mail or page nothing jumps when an image arrives. No package among ours reads images, and one that
decodes them would be a large one to trust for two numbers: they stand at known places of the four formats.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from briefingfeed.models.post import Asset

_ENOUGH = 256 * 1024
"""Bytes. In a JPEG the size stands behind what the camera noted, thumbnail and colour profile included."""
_USUALLY_ENOUGH = 4096
_LYING = range(5, 9)
"""Exif's orientations of a picture that is shown turned by a quarter."""


@dataclass(frozen=True, slots=True)
class Size:
    """Pixels, as the image is shown."""

    width: int
    height: int

    @property
    def attributes(self) -> str:
        """As HTML writes it, each with a space before."""
        return f' width="{self.width}" height="{self.height}"'

    def at_width(self, width: int) -> Size:
        """Return how large the image is if it is shown so wide."""
        return Size(width, max(round(self.height * width / self.width), 1))


def sizes_of(assets: Iterable[Asset]) -> dict[str, Size]:
    """Return the sizes of those files that are images, by their addresses; what can't be read is left out."""
    found = ((asset.url, size_of_file(asset.source)) for asset in assets)
    return {url: size for url, size in found if size}


def size_of_file(file: Path) -> Size | None:
    """Return the size of an image; None if it can't be read."""
    try:
        state = file.stat()
        return _size_of_file(file, state.st_mtime_ns, state.st_size)
    except OSError:
        return None


@lru_cache(maxsize=1024)
def _size_of_file(file: Path, changed: int, length: int) -> Size | None:
    """`changed` and `length` only tell one state of the file from another."""
    with file.open("rb") as opened:
        start = opened.read(_USUALLY_ENOUGH)
        return size_of(start) or size_of(start + opened.read(_ENOUGH))


def size_of(start: bytes) -> Size | None:
    """Return the size of the image that begins with these bytes; None if it is none that we know."""
    try:
        size = _read(start)
    except (struct.error, IndexError):
        return None
    return size if size and size.width and size.height else None


def _read(start: bytes) -> Size | None:
    if start.startswith(b"\x89PNG\r\n\x1a\n"):
        return Size(*struct.unpack_from(">II", start, 16))
    if start.startswith((b"GIF87a", b"GIF89a")):
        return Size(*struct.unpack_from("<HH", start, 6))
    if start.startswith(b"RIFF") and start[8:12] == b"WEBP":
        return _webp(start)
    if start.startswith(b"\xff\xd8"):
        return _jpeg(start)
    return None


def _webp(start: bytes) -> Size | None:
    """RFC 9649, section 2."""
    match start[12:16]:
        case b"VP8 ":
            width, height = struct.unpack_from("<HH", start, 26)
            return Size(width & 0x3FFF, height & 0x3FFF)
        case b"VP8L":
            (bits,) = struct.unpack_from("<I", start, 21)
            return Size((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
        case b"VP8X":
            width, wide, height, high = struct.unpack_from("<HBHB", start, 24)
            return Size((wide << 16 | width) + 1, (high << 16 | height) + 1)
    return None


def _jpeg(start: bytes) -> Size | None:
    """ITU T.81, annex B: segments, each with its length, up to the one that begins the frame."""
    place, is_lying = 2, False
    while start[place] == 0xFF:
        marker = start[place + 1]
        if marker == 0xFF:  # fill bytes may stand before a marker
            place += 1
            continue
        (length,) = struct.unpack_from(">H", start, place + 2)
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack_from(">HH", start, place + 5)
            return Size(height, width) if is_lying else Size(width, height)
        if marker == 0xE1 and start[place + 4 : place + 10] == b"Exif\0\0":
            with suppress(struct.error):  # what a program spoilt there hides no picture
                is_lying = _orientation(start[place + 10 : place + 2 + length]) in _LYING
        place += 2 + length
    return None


def _orientation(exif: bytes) -> int:
    """Return how a camera was held (Exif 2.3, tag 0x0112); 1 is upright."""
    order = "<" if exif.startswith(b"II") else ">"
    (directory,) = struct.unpack_from(f"{order}I", exif, 4)
    (count,) = struct.unpack_from(f"{order}H", exif, directory)
    for entry in range(directory + 2, directory + 2 + 12 * count, 12):
        tag, _, _, value = struct.unpack_from(f"{order}HHIH", exif, entry)
        if tag == 0x0112:
            return int(value)
    return 1

"""The colours of a printed page, out of the PDF that Chromium makes."""

from __future__ import annotations

import re
import zlib
from collections import Counter

_STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
_FILL = re.compile(rb"([\d.]+) ([\d.]+) ([\d.]+) rg\b")


def fills(pdf: bytes) -> Counter[tuple[float, ...]]:
    """Return how often each colour is chosen to fill letters or areas with: red, green and blue, 0 to 1."""
    found: Counter[tuple[float, ...]] = Counter()
    for stream in _STREAM.finditer(pdf):
        try:
            drawn = zlib.decompress(stream[1])
        except zlib.error:  # a typeface or a picture, packed in other ways
            continue
        found.update(tuple(map(float, fill.groups())) for fill in _FILL.finditer(drawn))
    return found

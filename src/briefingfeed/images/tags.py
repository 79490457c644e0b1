"""How large a page shows an image: as its tag says, else as large as it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape
from pathlib import Path
from typing import Final

from markupsafe import Markup

from briefingfeed.images.files import Size, size_of_file
from briefingfeed.models.theme import ThemeSettings

IMAGE: Final = re.compile(r"<img((?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>", re.IGNORECASE)
"""A tag; its group is what stands in it after its name."""
_SIZE = re.compile(r"\s(?:width|height)=\"[^\"]*\"")
_SOURCE = re.compile(r"\ssrc=\"([^\"?#]*)")
_WIDTH = re.compile(r"\swidth=\"(\d+)\"")
_HEIGHT = re.compile(r"\sheight=\"(\d+)\"")


def shown_size(attributes: str, sizes: Mapping[str, Size]) -> tuple[int | None, int | None]:
    """Return width and height as a tag has them; what it leaves open follows from the image, if that is known.

    `sizes` are those of images, by address.
    """
    width, height = _number(_WIDTH, attributes), _number(_HEIGHT, attributes)
    source = _SOURCE.search(attributes)
    size = sizes.get(unescape(source[1])) if source else None
    if size and not (width and height):
        share = width / size.width if width else height / size.height if height else 1
        return round(size.width * share), round(size.height * share)
    return width, height


def without_size(attributes: str) -> str:
    return _SIZE.sub("", attributes)


def sized(html: str, sizes: Mapping[str, Size]) -> str:
    """Return HTML in which images have width and height, so that nothing jumps when they arrive."""

    def told(tag: re.Match[str]) -> str:
        width, height = shown_size(tag[1], sizes)
        return f"<img{without_size(tag[1])}{Size(width, height).attributes}>" if width and height else tag[0]

    return IMAGE.sub(told, html) if sizes else html


def logo_size(theme: ThemeSettings, root: Path) -> Markup:
    """Return the attributes of the logo that say how large it is: its height, too, if it is a file in the folder
    `root` that can be read."""
    size = size_of_file(root / theme.logo) if theme.logo and theme.logo_file else None
    written = size.at_width(theme.logo_width).attributes if size else f' width="{theme.logo_width}"'
    return Markup(written)  # noqa: S704 numbers


def _number(pattern: re.Pattern[str], attributes: str) -> int | None:
    found = pattern.search(attributes)
    return int(found[1]) if found else None

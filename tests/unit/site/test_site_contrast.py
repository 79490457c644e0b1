"""The colours of our style hold the contrast that WCAG 2 AA asks of text: 4.5 to 1."""

from __future__ import annotations

import re

import pytest

from briefingfeed.look import Look
from briefingfeed.models.settings import PublicationSettings
from briefingfeed.shipped import shipped_templates

CSS = Look([shipped_templates()], PublicationSettings()).render("site/site.css")
LIGHT, DARK = (
    dict(re.findall(r"--([a-z-]+):\s*(#[0-9a-f]{6});", block))
    for block in re.findall(r":root\s*\{(.*?)\}", CSS, re.S)[:2]
)
PAIRS = [
    ("ink", "paper"), ("quiet", "paper"), ("link", "paper"), ("ink", "tint"), ("quiet", "tint"), ("link", "tint"),
    ("on-action", "action"),
]  # fmt: skip


def luminance(colour: str) -> float:
    channels = (int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("pair", PAIRS, ids="-on-".join)
def test_text_stands_out_from_its_ground(scheme: dict[str, str], pair: tuple[str, str]) -> None:
    bright, dim = sorted((luminance(scheme[name]) for name in pair), reverse=True)

    assert (bright + 0.05) / (dim + 0.05) >= 4.5

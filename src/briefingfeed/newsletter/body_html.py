"""A post's HTML, fitted into a mail. It was sanitised when the post was read; here only tags are touched. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from briefingfeed.images.files import Size
from briefingfeed.images.tags import shown_size, without_size

TEXT_WIDTH = 512
"""Pixels that the text of the shipped template is wide."""

_TAG = re.compile(r"<(/?)(\w+)((?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>")
_HEADING = re.compile(r"h[1-6]", re.IGNORECASE)
TOP_HEADING = 3
"""The digest's title is the one h1, each post's title an h2."""

_SOURCE = re.compile(r"<p>(?=— (?:(?!</?p\b).)*</p>\s*</blockquote>)", re.DOTALL)
_NOTE_NUMBER = re.compile(r'(<sup class="footnote-definition-label">[^<]*</sup>)\s*<p>')


def mail_html(html: str, sizes: Mapping[str, Size], *, top_heading: int = TOP_HEADING) -> str:
    """Return `html` with its highest heading at the level `top_heading`, sources of quotations marked, footnotes
    led by their number, and images with their size. `sizes` are those of images that are known, by address."""
    html = _NOTE_NUMBER.sub(r"<p>\1 ", _SOURCE.sub('<p class="source">', html))
    levels = [int(tag[2][1]) for tag in _TAG.finditer(html) if _HEADING.fullmatch(tag[2])]
    step = top_heading - min(levels, default=top_heading)

    def fitted(tag: re.Match[str]) -> str:
        if _HEADING.fullmatch(tag[2]):
            return f"<{tag[1]}h{min(int(tag[2][1]) + step, 6)}{tag[3]}>"
        if tag[2].lower() == "img":
            return f"<img{without_size(tag[3])}{image_size(*shown_size(tag[3], sizes))}>"
        return tag[0]

    return _TAG.sub(fitted, html)


def image_size(width: int | None, height: int | None) -> str:
    """Return the attributes of an image that say how large it is shown, each with a space before it.

    Outlook for Windows knows no max-width and needs a width that fits; with a height nothing jumps when the image
    arrives. Thunderbird overrides max-width: what fills the column must say so by its width.
    """
    if not width:
        return f' width="{TEXT_WIDTH}" style="width:auto"'
    shown = min(width, TEXT_WIDTH)
    return "".join(
        (
            f' width="{shown}"',
            f' height="{max(round(height * shown / width), 1)}"' if height else "",
            ' style="width:100%"' if shown == TEXT_WIDTH else "",
        )
    )

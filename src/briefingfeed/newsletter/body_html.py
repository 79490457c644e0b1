"""A post's HTML, fitted into a mail. It was sanitised when the post was read; here only tags are touched. Pure."""

from __future__ import annotations

import re

TEXT_WIDTH = 512
"""Pixels that the text of the shipped template is wide."""

_TAG = re.compile(r"<(/?)(\w+)((?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>")
_HEADING = re.compile(r"h[1-6]", re.IGNORECASE)
TOP_HEADING = 3
"""The digest's title is the one h1, each post's title an h2."""

_SOURCE = re.compile(r"<p>(?=— (?:(?!</?p\b).)*</p>\s*</blockquote>)", re.DOTALL)
_NOTE_NUMBER = re.compile(r'(<sup class="footnote-definition-label">[^<]*</sup>)\s*<p>')
_SIZE = re.compile(r"\s(?:width|height)=\"[^\"]*\"")
_WIDTH = re.compile(r"\swidth=\"(\d+)\"")
_HEIGHT = re.compile(r"\sheight=\"(\d+)\"")


def mail_html(html: str, *, top_heading: int = TOP_HEADING) -> str:
    """Return `html` with its highest heading at the level `top_heading`, sources of quotations marked, footnotes
    led by their number, and images of a known width."""
    html = _NOTE_NUMBER.sub(r"<p>\1 ", _SOURCE.sub('<p class="source">', html))
    levels = [int(tag[2][1]) for tag in _TAG.finditer(html) if _HEADING.fullmatch(tag[2])]
    step = top_heading - min(levels, default=top_heading)

    def fitted(tag: re.Match[str]) -> str:
        if _HEADING.fullmatch(tag[2]):
            return f"<{tag[1]}h{min(int(tag[2][1]) + step, 6)}{tag[3]}>"
        if tag[2].lower() == "img":
            return f"<img{_with_width(tag[3])}>"
        return tag[0]

    return _TAG.sub(fitted, html)


def _with_width(attributes: str) -> str:
    """Give an image a width: Outlook for Windows knows no max-width and would show it as large as it is."""
    width, height = _WIDTH.search(attributes), _HEIGHT.search(attributes)
    if width and 0 < int(width[1]) <= TEXT_WIDTH:
        return attributes
    size = f' width="{TEXT_WIDTH}"'
    if width and height and int(width[1]):
        size += f' height="{max(round(int(height[1]) * TEXT_WIDTH / int(width[1])), 1)}"'
    return _SIZE.sub("", attributes) + size

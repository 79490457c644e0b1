"""What mail programs make of a digest's markup: for templates of a publication's own. Pure.

The shipped templates hold none of it. The table follows caniemail.com as of November 2026; the tests judge the shipped
digest by all of its data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from briefingfeed.newsletter.finding import Finding

_UNSUPPORTED: Final = {
    r"display:\s*(?:inline-)?(?:flex|grid)": ("flex and grid layouts", "Outlook for Windows and Gmail", "Use tables."),
    r"(?<![\w-])position:\s*(?:absolute|fixed|sticky|relative)": (
        "positioned boxes", "Gmail and Outlook", "Let the boxes stand one after another.",
    ),
    r"(?<![\w-])float:\s*(?:left|right)": ("floating boxes", "Outlook for Windows", "Use a table, or align."),
    r"(?:var|calc|min|max|clamp)\(": ("computed values", "Gmail and Outlook", "Write the value itself."),
    r"background-image:\s*url": ("images in the background", "Outlook for Windows", "Use an image with alt text."),
    r"(?<![\w-])(?:rgba?|hsla?|oklch)\([^)]*[/%]": ("colours in newer notation", "Outlook", "Write them as #8a2f14."),
}  # fmt: skip
_ELEMENTS: Final = {
    "form": "forms", "input": "forms", "script": "scripts", "iframe": "frames", "video": "films", "audio": "sounds",
    "svg": "SVG drawings", "object": "objects",
}  # fmt: skip
_TAG = re.compile(r"<(\w+)((?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>")
_STYLE = re.compile(r"\bstyle\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_HEADING = re.compile(r"h([1-6])", re.IGNORECASE)
_TEMPLATES = "Mend the templates in email/: the shipped ones do it right."


def markup_findings(body: str) -> Iterator[Finding]:
    """Yield what `body`, an inlined page without its head and comments, asks too much of mail programs or readers."""
    tags = [(tag[1].lower(), _STYLE.search(tag[2])) for tag in _TAG.finditer(body)]
    styles = "\n".join((style[1] or style[2] or "") for _, style in tags if style)
    for pattern, (what, where, remedy) in _UNSUPPORTED.items():
        if re.search(pattern, styles, re.IGNORECASE):
            yield Finding(stops=False, message=f"The HTML part has {what}, which {where} leave out.", remedy=remedy)
    for what in dict.fromkeys(_ELEMENTS[name] for name, _ in tags if name in _ELEMENTS):
        yield Finding(
            stops=False,
            message=f"The HTML part has {what}, which most mail programs take out.",
            remedy="Link to a page that has them.",
        )
    yield from _heading_findings([int(level[1]) for name, _ in tags if (level := _HEADING.fullmatch(name))])


def _heading_findings(levels: list[int]) -> Iterator[Finding]:
    """People who listen to a mail move by its headings."""
    if levels.count(1) != 1:
        message = f"The HTML part has {levels.count(1) or 'no'} headings of the first level; it should have one."
        yield Finding(stops=False, message=message, remedy=_TEMPLATES)
    skipped = next((pair for pair in pairwise(levels) if pair[1] > pair[0] + 1), None)
    if skipped:
        message = f"In the HTML part a heading of level {skipped[1]} follows one of level {skipped[0]}."
        yield Finding(stops=False, message=message, remedy="Let no level be skipped, in templates and in posts.")

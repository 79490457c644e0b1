"""Raw HTML in a post, as the block tree has it: its text, links and images, without the rest of its markup."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from briefingfeed.models.blocks import Image, Inline, LineBreak, Link, Paragraph, Text
from briefingfeed.posts.characters import without_illegal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MORE = re.compile(r"<!--\s*(?:more|PELICAN_END_SUMMARY)\s*-->")
_BLOCKS = frozenset(
    {"p", "div", "section", "article", "aside", "header", "footer", "figure", "figcaption", "blockquote", "pre", "hr"}
    | {"ul", "ol", "li", "dl", "dt", "dd", "table", "caption", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "details"}
    | {"summary", "center", "address", "main", "nav"}
)
_SILENT = frozenset({"script", "style", "iframe", "object", "template", "title", "textarea", "select", "noscript"})
_SPACE = re.compile(r"\s+")
# Tags as the HTML standard divides them; else comments, and what browsers take for one: declarations, instructions, end
# tags without a name. Each alternative ends at the end of the text at the latest, so that all is looked at once only.
_TAG_OR_UNSEEN = re.compile(
    r"(?P<tag></?[A-Za-z][^\s/>]*+"
    r"(?:[\s/]++|[^\s/>][^\s/=>]*+(?:\s*+=\s*+(?:\"[^\"]*+(?:\"|\Z)|'[^']*+(?:'|\Z)|[^\s>]*+))?)*+)(?P<end>>|\Z)"
    r"|<!--(?:-?>|.*?(?:--!?>|\Z))|<[!?][^>]*(?:>|\Z)|</(?![A-Za-z])[^>]*(?:>|\Z)",
    re.DOTALL,
)


class RawHtml(HTMLParser):
    """Collects paragraphs from a run of raw HTML."""

    def __init__(self, resolve: Callable[[str], str | None]) -> None:
        super().__init__(convert_charrefs=True)
        self._resolve = resolve
        self._paragraphs: list[Paragraph] = []
        self._inlines: list[Inline] = []
        self._link: tuple[str, int] | None = None
        self._silent = 0

    def paragraphs(self, html: str) -> list[Paragraph]:
        self.feed(_TAG_OR_UNSEEN.sub(_only_tag, html))
        self.close()
        self._end_paragraph()
        return self._paragraphs

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag in _BLOCKS:
            self._end_paragraph()
        elif tag == "br":
            self._inlines.append(LineBreak())
        elif tag == "a":
            self._end_link()
            url = self._resolve(dict(attrs).get("href") or "") if dict(attrs).get("href") else None
            self._link = (url, len(self._inlines)) if url else None
        elif tag == "img" and not self._silent:
            image = image_of(attrs, self._resolve)
            if image:
                self._inlines.append(image)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _SILENT:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in _BLOCKS:
            self._end_paragraph()
        elif tag == "a":
            self._end_link()
        elif tag in {"td", "th"}:
            self._inlines.append(Text(" "))

    def handle_data(self, data: str) -> None:
        if not self._silent and data:
            self._inlines.append(Text(_SPACE.sub(" ", data)))

    def _end_link(self) -> None:
        if self._link:
            url, start = self._link
            inside = merged(self._inlines[start:])
            del self._inlines[start:]
            if inside:
                self._inlines.append(Link(url, inside))
        self._link = None

    def _end_paragraph(self) -> None:
        self._end_link()
        inlines = trimmed(self._inlines)
        if inlines:
            self._paragraphs.append(Paragraph(inlines))
        self._inlines = []


def _only_tag(found: re.Match[str]) -> str:
    """Return a whole tag, nothing for anything else.

    The standard library's parser raises AssertionError at some declarations (`<![x`), and looks through all that
    follows at each that is never closed. So that it takes no attribute's value for one, `<` is written out there.
    """
    return f"<{found['tag'][1:].replace('<', '&lt;')}>" if found["end"] else ""


def merged(inlines: Iterable[Inline]) -> tuple[Inline, ...]:
    """Return inlines with neighbouring texts as one, without characters that entities may have smuggled in."""
    kept: list[Inline] = []
    run: list[str] = []
    for inline in inlines:
        if isinstance(inline, Text):
            run.append(inline.text)
            continue
        if run:
            kept.append(Text(without_illegal("".join(run))))
            run = []
        kept.append(inline)
    if run:
        kept.append(Text(without_illegal("".join(run))))
    return tuple(kept)


def trimmed(inlines: Iterable[Inline]) -> tuple[Inline, ...]:
    """Return merged inlines without white space at both ends; empty if nothing else is there."""
    kept = list(merged(inlines))
    while kept and _is_blank(kept[0]):
        kept.pop(0)
    while kept and _is_blank(kept[-1]):
        kept.pop()
    if kept and isinstance(kept[0], Text):
        kept[0] = Text(kept[0].text.lstrip())
    if kept and isinstance(kept[-1], Text):
        kept[-1] = Text(kept[-1].text.rstrip())
    return tuple(kept)


def _is_blank(inline: Inline) -> bool:
    return isinstance(inline, LineBreak) or (isinstance(inline, Text) and not inline.text.strip())


def image_of(attrs: list[tuple[str, str | None]], resolve: Callable[[str], str | None]) -> Image | Text | None:
    """Return what an `<img>` is in the tree: an image, its alt text if the address may not be used, or nothing."""
    values = dict(attrs)
    alt = _SPACE.sub(" ", values.get("alt") or "").strip()
    url = resolve(values.get("src") or "") if values.get("src") else None
    if url:
        return Image(url, alt)
    return Text(alt) if alt else None

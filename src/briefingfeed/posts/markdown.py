"""A post's Markdown becomes its body: sanitised HTML and block tree, from the same text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyromark

from briefingfeed.models.blocks import Body
from briefingfeed.posts.preparation import Preparation
from briefingfeed.posts.sanitise import Sanitiser
from briefingfeed.posts.summary import excerpt
from briefingfeed.posts.tree import NestingError, Tree

if TYPE_CHECKING:
    from briefingfeed.posts.findings import Findings
    from briefingfeed.posts.links import Links

_Options = pyromark.Options
_BASE = _Options.ENABLE_TABLES | _Options.ENABLE_FOOTNOTES | _Options.ENABLE_STRIKETHROUGH
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)")
_FLAT = frozenset(
    {"p", "li", "br", "hr", "img", "tr", "td", "th", "dt", "dd", "input", "col", "wbr", "source", "option"}
)
# The HTML parser looks through all open elements at every tag. Up to this sum of depths it stays below a second.
_MOST_WORK = 20_000_000
_FEW_TAGS = 5_000
_MARKUP = re.compile(r"[*_`<\[\\&~]")


@dataclass(frozen=True, slots=True)
class Rendered:
    body: Body
    excerpt: str
    """Plain text above `<!--more-->`, else of the first paragraph; may be empty."""


class Renderer:
    """Renders one post after another. Not to be shared between threads."""

    def __init__(self) -> None:
        self._sanitiser = Sanitiser()
        self._parsers: dict[_Options, pyromark.Markdown] = {}

    def render(
        self,
        text: str,
        links: Links,
        *,
        prefix: str,
        language: str,
        standfirst: str | None,
        findings: Findings,
        first_line: int,
    ) -> Rendered | None:
        """Return what the text becomes; None, with an error among the findings, if it is nested beyond measure."""
        # Quotation marks are made typographic only where “ ” and ’ are the right ones.
        options = _BASE | _Options.ENABLE_SMART_PUNCTUATION if language.lower().startswith("en") else _BASE
        prepared = Preparation(text, self._parser(options), findings, first_line).prepare(standfirst)
        if prepared.has_anchors:
            options |= _Options.ENABLE_HEADING_ATTRIBUTES
        parser = self._parser(options)
        tree = Tree(links.resolve)
        try:
            blocks = tree.build(parser.events(prepared.text))
            html = parser.html(prepared.text)
            _weigh(html)
        except NestingError:
            message = "Quotations, lists or HTML are nested too deeply to be published."
            findings.error(message, "Take some levels away: sixty are allowed.", first_line)
            return None
        body = Body(self._sanitiser.clean(html, links, prefix), blocks)
        return Rendered(body, excerpt(blocks, tree.above))

    def plain(self, text: str) -> str:
        """Return one line of Markdown as plain text."""
        if not _MARKUP.search(text):
            return text
        return excerpt(Tree(lambda url: url).build(self._parser(_BASE).events(text)), None) or text

    def _parser(self, options: pyromark.Options) -> pyromark.Markdown:
        if options not in self._parsers:
            self._parsers[options] = pyromark.Markdown(options=options)
        return self._parsers[options]


def _weigh(html: str) -> None:
    """Refuse HTML whose cleaning would take time that grows with the square of its size."""
    if html.count("<") <= _FEW_TAGS:
        return
    depth = work = 0
    for closing, name in _TAG.findall(html):
        if name.lower() not in _FLAT:
            depth = max(0, depth - 1) if closing else depth + 1
        work += depth
        if work > _MOST_WORK:
            raise NestingError

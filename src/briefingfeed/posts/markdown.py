"""A post's Markdown becomes its body: sanitised HTML and block tree, from the same text."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyromark

from briefingfeed.models.blocks import Block, Body
from briefingfeed.posts.preparation import Preparation
from briefingfeed.posts.raw_html import MORE
from briefingfeed.posts.sanitise import Sanitiser
from briefingfeed.posts.summary import excerpt
from briefingfeed.posts.tree import DEEPEST, NestingError, Tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from briefingfeed.posts.findings import Findings
    from briefingfeed.posts.links import Links

_Options = pyromark.Options
_BASE = _Options.ENABLE_TABLES | _Options.ENABLE_FOOTNOTES | _Options.ENABLE_STRIKETHROUGH
_MARKUP = re.compile(r"[*_`<\[\\&~]")
_ANCHOR = re.compile(r"\{#[\w:-]+\}[ \t]*$", re.MULTILINE)
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)")
_NESTING = re.compile(r"<(/?)(?:blockquote|[ou]l|em|strong|del)\b")
_FLAT = frozenset({"p", "li", "br", "hr", "img", "tr", "td", "th", "dt", "dd", "input", "col", "wbr", "option"})
# The HTML parser looks through all open elements at every tag. Up to this sum of depths it stays below a second.
_MOST_WORK = 20_000_000
_FEW_TAGS = 5_000
# Text marks that are left open are opened again in each block behind them; so many bytes may be added by that.
_MARK = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)([^>]*)")
_MARKS = frozenset({"b", "code", "em", "i", "s", "small", "strong", "u", "strike", "tt", "big", "font", "nobr"})
_MOST_REPEATED = 3_000_000
_ID_PREFIX = 10
# Likewise it copies a text for each entity in it; half a terabyte so copied takes two seconds.
_MANY_ENTITIES = 50_000
_MOST_ENTITY_WORK = 500_000_000_000


class UnfoldingBody(Body):
    """A body whose block tree is built when it is first asked for: most builds need that of a few posts only."""

    __slots__ = ("_blocks", "_unfold")
    _blocks: tuple[Block, ...] | None
    _unfold: Callable[[], tuple[Block, ...]]

    def __init__(self, html: str, unfold: Callable[[], tuple[Block, ...]]) -> None:
        object.__setattr__(self, "html", html)
        object.__setattr__(self, "_unfold", unfold)
        object.__setattr__(self, "_blocks", None)

    @property
    def blocks(self) -> tuple[Block, ...]:
        if self._blocks is None:
            object.__setattr__(self, "_blocks", self._unfold())
        return self._blocks or ()


class RecalledBody(Body):
    """A body of which all is known but its words: it is made when it is first looked at."""

    __slots__ = ("_body", "_make")
    _body: Body | None
    _make: Callable[[], Body]

    def __init__(self, make: Callable[[], Body]) -> None:
        object.__setattr__(self, "_make", make)
        object.__setattr__(self, "_body", None)

    @property
    def html(self) -> str:
        return self._made.html

    @property
    def blocks(self) -> tuple[Block, ...]:
        return self._made.blocks

    @property
    def _made(self) -> Body:
        if self._body is None:
            object.__setattr__(self, "_body", self._make())
        return self._body or self._make()


@dataclass(frozen=True, slots=True)
class Rendered:
    body: Body
    excerpt: str
    """Plain text above `<!--more-->`, else of the first paragraph; empty if there is none, or it was not wanted."""


class Renderer:
    """Renders one post after another. Not to be shared between threads."""

    def __init__(self) -> None:
        self._sanitiser = Sanitiser()
        self._parsers: dict[pyromark.Options, pyromark.Markdown] = {}

    def render(
        self,
        text: str,
        links: Links,
        *,
        prefix: str,
        language: str,
        standfirst: str | None,
        wants_excerpt: bool,
        findings: Findings,
        first_line: int,
    ) -> Rendered | None:
        """Return what the text becomes; None, with an error among the findings, if it is nested beyond measure.

        Args:
            standfirst: as plain text; a first paragraph that says the same is dropped.
            first_line: line of the file in which the text begins, for the findings.
        """
        # Quotation marks are made typographic only where “ ” and ’ are the right ones.
        options = _BASE | _Options.ENABLE_SMART_PUNCTUATION if language.lower().startswith("en") else _BASE
        # Only then: without an anchor, `{…}` at the end of a heading is text.
        if "{#" in text and _ANCHOR.search(text):
            options |= _Options.ENABLE_HEADING_ATTRIBUTES
        prepared = Preparation(text, self._parser(options), findings, first_line).prepare(standfirst)
        if prepared.adds_anchors:
            options |= _Options.ENABLE_HEADING_ATTRIBUTES
        manuscript = _Manuscript(prepared.text, self._parser(options), links)
        try:
            html = manuscript.html()
            opening = manuscript.excerpt() if wants_excerpt else ""
        except NestingError:
            message = "The text is nested too deeply, or too entangled, to be published."
            findings.error(
                message,
                f"Take levels of lists, quotations or HTML away: lists may stand {DEEPEST // 4} deep.",
                first_line,
            )
            return None
        return Rendered(UnfoldingBody(self._sanitiser.clean(html, links, prefix), manuscript.blocks), opening)

    def plain(self, text: str) -> str:
        """Return one line of Markdown, such as a summary, as plain text."""
        if not _MARKUP.search(text):
            return text
        try:
            blocks = Tree(lambda url: url).build(self._parser(_BASE).events(text))
        except NestingError:
            return text
        return excerpt(blocks, marked=False) or text

    def _parser(self, options: pyromark.Options) -> pyromark.Markdown:
        if options not in self._parsers:
            self._parsers[options] = pyromark.Markdown(options=options)
        return self._parsers[options]


@dataclass(frozen=True, slots=True)
class _Manuscript:
    """Prepared Markdown, with what renders it."""

    text: str
    parser: pyromark.Markdown
    links: Links

    def html(self) -> str:
        """Return HTML, not yet sanitised.

        Raises:
            NestingError: too deep, for the tree or for the time that cleaning would take.
        """
        html = self.parser.html(self.text)
        _weigh(html)
        if _may_be_deep(html):
            self.blocks()
        return html

    def blocks(self) -> tuple[Block, ...]:
        return Tree(self.links.resolve).build(self.parser.events(self.text))

    def excerpt(self) -> str:
        tree = Tree(self.links.resolve)
        blocks = tree.opening(self.parser.events(self.text), marked=MORE.search(self.text) is not None)
        return excerpt(blocks, marked=tree.above is not None)


def _weigh(html: str) -> None:
    """Refuse HTML whose cleaning would take time that grows with the square of its size."""
    if html.count("&") > _MANY_ENTITIES and max(map(_entity_work, html.split("<"))) > _MOST_ENTITY_WORK:
        raise NestingError
    tags = html.count("<")
    if tags * len(html) > _MOST_REPEATED:
        _weigh_marks(html)
    if tags <= _FEW_TAGS:
        return
    depth = work = 0
    for closing, name in _TAG.findall(html):
        if name.lower() not in _FLAT:
            depth = max(0, depth - 1) if closing else depth + 1
        work += depth
        if work > _MOST_WORK:
            raise NestingError


def _weigh_marks(html: str) -> None:
    """Refuse HTML that would grow beyond measure. The HTML standard opens three of equal marks again, not more."""
    opened: dict[str, list[str]] = {}
    equal: Counter[tuple[str, str]] = Counter()
    weight = repeated = 0
    for closing, written, attributes in _MARK.findall(html):
        name = written.lower()
        if name not in _MARKS:
            repeated += weight
        elif not closing and equal[name, attributes] < 3:
            equal[name, attributes] += 1
            opened.setdefault(name, []).append(attributes)
            weight += _length(name, attributes)
        elif closing and opened.get(name):
            last = opened[name].pop()
            equal[name, last] -= 1
            weight -= _length(name, last)
        if repeated > _MOST_REPEATED:
            raise NestingError


def _length(name: str, attributes: str) -> int:
    return len("<></>") + 2 * len(name) + len(attributes) + _ID_PREFIX


def _entity_work(text: str) -> int:
    return text.count("&") * len(text)


def _may_be_deep(html: str) -> bool:
    """Whether the tree must be built to know. A level in the HTML is at most three in the tree."""
    depth = 0
    for closing in _NESTING.findall(html):
        depth += -1 if closing else 1
        if 3 * depth > DEEPEST - 10:
            return True
    return False

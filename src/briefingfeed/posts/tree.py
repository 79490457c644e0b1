"""The parser's events become the block tree (`models.blocks`)."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

from briefingfeed.models.blocks import (
    Alignment,
    Block,
    Code,
    CodeBlock,
    Emphasis,
    Footnote,
    FootnoteReference,
    Heading,
    Image,
    Inline,
    LineBreak,
    Link,
    List,
    Paragraph,
    Quotation,
    Rule,
    Strikethrough,
    Strong,
    Table,
    Text,
)
from briefingfeed.posts.characters import without_illegal
from briefingfeed.posts.raw_html import MORE, RawHtml, image_of, merged, trimmed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pyromark.event import Event

DEEPEST = 60
"""Levels that quotations, lists and emphasis together may have. What reads the tree may recurse without fear."""

_INLINES = (Text, Code, Emphasis, Strong, Strikethrough, Link, Image, LineBreak, FootnoteReference)
_DASH = "— "
_ALIGNMENTS = {
    "None": Alignment.NONE,
    "Left": Alignment.LEFT,
    "Center": Alignment.CENTRE,
    "Right": Alignment.RIGHT,
}
_ALONE = {"SoftBreak": Text(" "), "HardBreak": LineBreak(), "Rule": Rule()}
_SPANS = {"Emphasis": Emphasis, "Strong": Strong, "Strikethrough": Strikethrough}

Node = Any
"""An inline, a block, or what only exists on the way: a list's item, a table's row or cell."""


class NestingError(Exception):
    """The text is nested deeper than `DEEPEST`."""


class Tree:
    """Builds the tree of one post. `above` counts the blocks that stand above `<!--more-->`, None without it."""

    def __init__(self, resolve: Callable[[str], str | None]) -> None:
        self._resolve = resolve
        self._frames: list[tuple[str, Any, list[Node]]] = [("Root", None, [])]
        self._footnotes: list[Footnote] = []
        self._numbers: dict[str, str] = {}
        self._more_after: Node = None
        self.above: int | None = None

    def build(self, events: Iterable[Event]) -> tuple[Block, ...]:
        """Return the blocks, footnotes last.

        Raises:
            NestingError: too deep.
        """
        for event in events:
            self._take(event)
        return self.blocks

    def opening(self, events: Iterable[Event], *, marked: bool) -> tuple[Block, ...]:
        """Return the blocks at the top and read no further than a summary needs: to `<!--more-->` if the text is
        `marked`, else to the end of the first paragraph.

        Raises:
            NestingError: too deep.
        """
        top = self._frames[0][2]
        for event in events:
            before = len(top)
            self._take(event)
            if len(self._frames) > 1 or (marked and self.above is None):
                continue
            if marked or any(isinstance(new, Paragraph) and plain_text(new.children).strip() for new in top[before:]):
                break
        return self.blocks[: self.above] if marked else self.blocks

    @property
    def blocks(self) -> tuple[Block, ...]:
        """What was built so far, whole blocks only."""
        return (*_blocks(self._frames[0][2]), *self._footnotes)

    def _take(self, event: Event) -> None:
        if isinstance(event, str):
            self._add(_ALONE[event])
            return
        kind: str
        data: Any
        ((kind, data),) = event.items()
        if kind == "Text":
            self._add(Text(data))
        elif kind == "Start":
            self._start(data)
        elif kind == "End":
            self._end()
        elif kind == "Code":
            self._add(Code(without_illegal(data)))
        elif kind == "FootnoteReference":
            self._add(FootnoteReference(self._number(data)))
        elif kind == "Html":
            self._frames[-1][2].append(data)
        elif kind == "InlineHtml":
            self._inline_html(data)

    def _add(self, node: Node) -> None:
        self._frames[-1][2].append(node)

    def _start(self, tag: Any) -> None:
        name: str
        data: Any
        name, data = (tag, None) if isinstance(tag, str) else next(iter(tag.items()))
        if len(self._frames) > DEEPEST:
            raise NestingError
        if name == "FootnoteDefinition":
            self._number(data)
        self._frames.append((name, data, []))

    def _end(self) -> None:
        while self._frames[-1][0] == "a":
            self._close_link()
        name, data, children = self._frames.pop()
        into = self._frames[-1][2]
        if name == "Paragraph":
            inlines = trimmed(children)
            if inlines:
                into.append(Paragraph(inlines))
        elif name in _SPANS:
            into.append(_SPANS[name](merged(children)))
        elif name == "Link":
            url = self._resolve(data["dest_url"] if data["link_type"] != "Email" else f"mailto:{data['dest_url']}")
            into.extend([Link(url, merged(children))] if url and children else children)
        elif name == "Image":
            url, alt = self._resolve(data["dest_url"]), plain_text(children).strip()
            into.extend([Image(url, alt)] if url else [Text(alt)] if alt else [])
        elif name == "Item":
            into.append(("item", _blocks(children)))
        elif name in {"TableCell", "TableRow", "TableHead"}:
            into.append(trimmed(children) if name == "TableCell" else (name, tuple(children)))
        elif name == "HtmlBlock":
            self._html_block("".join(child.text if isinstance(child, Text) else child for child in children), into)
        elif name == "FootnoteDefinition":
            self._footnotes.append(Footnote(self._number(data), _blocks(children)))
        else:
            into.append(_block(name, data, children))
            # In a table that is too wide for its rows the parser gives up, and goes on with paragraphs inside it.
            into += [child for child in children if name == "Table" and not isinstance(child, tuple)]
        if self._more_after is not None and len(self._frames) == 1:
            self.above, self._more_after = len(_blocks(into)), None

    def _number(self, label: str) -> str:
        """Footnotes are numbered as they are met, as the HTML has it."""
        return self._numbers.setdefault(label, str(len(self._numbers) + 1))

    def _html_block(self, html: str, into: list[Node]) -> None:
        if self.above is None and MORE.search(html):
            self._more_after = True
        into.extend(RawHtml(self._resolve).paragraphs(html))

    def _inline_html(self, html: str) -> None:
        if html.startswith("<!"):
            if self.above is None and MORE.fullmatch(html):
                self._more_after = True
            return
        tag = _Tag()
        tag.feed(html)
        if tag.name == "br":
            self._add(LineBreak())
        elif tag.name == "img":
            image = image_of(tag.attributes, self._resolve)
            if image:
                self._add(image)
        elif tag.name == "a":
            if any(frame[0] == "a" for frame in self._frames):
                return
            url = self._resolve(dict(tag.attributes).get("href") or "#")
            if url and dict(tag.attributes).get("href"):
                self._start({"a": url})
        elif tag.name == "/a" and self._frames[-1][0] == "a":
            self._close_link()

    def _close_link(self) -> None:
        _, url, children = self._frames.pop()
        if children:
            self._add(Link(url, merged(children)))


class _Tag(HTMLParser):
    """Reads a single tag."""

    def __init__(self) -> None:
        super().__init__()
        self.name = ""
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.name, self.attributes = tag, attrs

    def handle_endtag(self, tag: str) -> None:
        self.name = f"/{tag}"


def _block(name: str, data: Any, children: list[Node]) -> Block:
    if name == "Heading":
        return Heading(int(data["level"][1]), trimmed(children))
    if name == "BlockQuote":
        return _quotation(_blocks(children))
    if name == "List":
        return List(tuple(item for _, item in children), data)
    if name == "CodeBlock":
        words = data["Fenced"].split() if isinstance(data, dict) else []
        text = without_illegal("".join(child.text for child in children))
        return CodeBlock(text.removesuffix("\n"), words[0] if words else "")
    parts = [child for child in children if isinstance(child, tuple)]
    header = next((cells for kind, cells in parts if kind == "TableHead"), ())
    rows = tuple(cells for kind, cells in parts if kind == "TableRow")
    return Table(header, rows, tuple(_ALIGNMENTS[alignment] for alignment in data))


def _quotation(children: tuple[Block, ...]) -> Quotation:
    """A last paragraph that begins with an em dash and a space is the source."""
    last = children[-1] if children else None
    if len(children) > 1 and isinstance(last, Paragraph) and isinstance(last.children[0], Text):
        opening = last.children[0].text
        if opening.startswith(_DASH):
            source = trimmed([Text(opening.removeprefix(_DASH)), *last.children[1:]])
            return Quotation(children[:-1], source) if source else Quotation(children)
    return Quotation(children)


def _blocks(nodes: list[Node]) -> tuple[Block, ...]:
    """Return blocks; inlines that stand among them (in tight lists) become paragraphs."""
    if not any(isinstance(node, _INLINES) for node in nodes):
        return tuple(nodes)
    blocks: list[Block] = []
    loose: list[Inline] = []
    for node in (*nodes, None):
        if isinstance(node, _INLINES):
            loose.append(node)
            continue
        inlines = trimmed(loose)
        loose = []
        if inlines:
            blocks.append(Paragraph(inlines))
        if node is not None:
            blocks.append(node)
    return tuple(blocks)


def plain_text(nodes: Iterable[Inline]) -> str:
    """Return inlines as one run of text: line breaks are spaces, images their alt text, references nothing."""
    parts: list[str] = []
    for node in nodes:
        if isinstance(node, Text | Code):
            parts.append(node.text)
        elif isinstance(node, LineBreak):
            parts.append(" ")
        elif isinstance(node, Image):
            parts.append(node.alt)
        elif not isinstance(node, FootnoteReference):
            parts.append(plain_text(node.children))
    return "".join(parts)

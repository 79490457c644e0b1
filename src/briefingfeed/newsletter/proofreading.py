"""What an attentive colleague would ask about a post before it is mailed. Pure; works on the block tree.

The rules about words are for English; a post in another language is spared them, and keeps those about structure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from briefingfeed.models.blocks import (
    Block,
    CodeBlock,
    Footnote,
    Heading,
    Image,
    Inline,
    Link,
    List,
    Paragraph,
    Quotation,
    Table,
    plain_text,
)
from briefingfeed.models.post import Post
from briefingfeed.newsletter.finding import Finding

_SAYS_NOTHING: Final = frozenset(
    {"click", "click here", "go", "here", "learn more", "link", "more", "more here", "page", "read more", "read on",
     "see here", "this", "this link", "this page", "website"}
)  # fmt: skip
"""Link texts that mean nothing to somebody who hears a list of the links."""

_LEADS_TO = r"(?:at|via|visit|on our website at|available from|email(?:ing)?|contact(?:ing)?|write to)"
_LOST_INSIDE: Final = re.compile(rf"\b({_LEADS_TO})\s+(?=[.,;)])", re.IGNORECASE)
_LOST_AT_END: Final = re.compile(r"\b(at|via|here:|this link:|the following (?:link|address):)\s*$", re.IGNORECASE)
"""How a sentence ends from which a link or an address was lost, mostly when it was pasted."""

_TO_BE_FILLED_IN: Final = re.compile(
    r"\b(?:TODO|FIXME|TK|TKTK|XXX+)\b|(?i:lorem ipsum|\[(?:insert|add|link to|name|date|tbc)\b[^\]\n]{0,40}\])"
)
"""Placeholders that editors leave in a text and mean to fill in: they are searched for, and are none of ours."""


def proofread(post: Post) -> Iterator[Finding]:
    """Yield what should be looked at in one post. None of it stops an edition."""
    english = post.language.lower().partition("-")[0] == "en"
    yield from _heading_findings(post)
    for link in _links(post.body.blocks):
        yield from _link_findings(post, link, english=english)
    if english:
        yield from _lost_links(post)
    yield from _unfilled(post)


def _heading_findings(post: Post) -> Iterator[Finding]:
    above: Heading | None = None
    for block in post.body.blocks:
        if not isinstance(block, Heading):
            continue
        if above is not None and block.level > above.level + 1:
            yield _finding(
                post,
                f"in “{post.title}” the heading “{plain_text(block.children)}” skips a level.",
                f"Write it with {'#' * (above.level + 1)}: people who listen to the mail move by these levels.",
            )
        above = block


def _link_findings(post: Post, link: Link, *, english: bool) -> Iterator[Finding]:
    words = " ".join(plain_text(link.children).split())
    if not words:
        yield _finding(post, f"in “{post.title}” a link has no words: {link.url}", "Write [words that say where](…).")
    elif english and words.lower().strip(" .:›»→") in _SAYS_NOTHING:
        yield _finding(
            post,
            f"in “{post.title}” a link says only “{words}”: {link.url}",
            "Link the words that say what is there, such as the report's name.",
        )


def _lost_links(post: Post) -> Iterator[Finding]:
    for paragraph, following in _paragraphs(post.body.blocks):
        words = plain_text(paragraph.children)
        end = _LOST_AT_END.search(words.rstrip(" ."))
        leads_on = end is not None and end[1].endswith(":") and following is not None
        if (end and not leads_on and not _ends_in_link(paragraph)) or _LOST_INSIDE.search(words):
            yield _finding(
                post,
                f"in “{post.title}” a sentence seems to have lost a link or an address: “{_around(words)}”",
                "Compare it with the source it was copied from.",
            )


def _unfilled(post: Post) -> Iterator[Finding]:
    text = "\n".join((post.title, post.summary, post.standfirst or "", *_prose(post.body.blocks)))
    for each in dict.fromkeys(match[0] for match in _TO_BE_FILLED_IN.finditer(text)):
        yield _finding(post, f"in “{post.title}” there is still “{each}”.", "Fill it in, or take it out.")


def _paragraphs(blocks: Sequence[Block]) -> Iterator[tuple[Paragraph, Block | None]]:
    """Yield each paragraph with the block that follows it at the same level."""
    for place, block in enumerate(blocks):
        if isinstance(block, Paragraph):
            yield block, blocks[place + 1] if place + 1 < len(blocks) else None
        for inner in _inside(block):
            yield from _paragraphs(inner)


def _inside(block: Block) -> Iterable[Sequence[Block]]:
    match block:
        case Quotation(children=children) | Footnote(children=children):
            return (children,)
        case List(items=items):
            return items
    return ()


def _lines(blocks: Iterable[Block]) -> Iterator[tuple[Inline, ...]]:
    """Yield every run of inlines, in reading order; code blocks have none."""
    for block in blocks:
        match block:
            case Heading(children=children) | Paragraph(children=children):
                yield children
            case Table(header=header, rows=rows):
                yield from header
                for row in rows:
                    yield from row
        for inner in _inside(block):
            yield from _lines(inner)
        if isinstance(block, Quotation) and block.source:
            yield block.source


def _prose(blocks: Iterable[Block]) -> Iterator[str]:
    return (plain_text(line) for line in _lines(block for block in blocks if not isinstance(block, CodeBlock)))


def _links(blocks: Iterable[Block]) -> Iterator[Link]:
    for line in _lines(blocks):
        yield from _links_in(line)


def _links_in(inlines: Iterable[Inline]) -> Iterator[Link]:
    for inline in inlines:
        if isinstance(inline, Link):
            yield inline
        else:
            yield from _links_in(getattr(inline, "children", ()))


def _ends_in_link(paragraph: Paragraph) -> bool:
    last = [
        inline for inline in paragraph.children if isinstance(inline, Link | Image) or plain_text((inline,)).strip()
    ]
    return bool(last) and isinstance(last[-1], Link | Image)


def _around(words: str) -> str:
    """Return the end of the sentence that is meant, short enough to be found by eye."""
    match = _LOST_INSIDE.search(words)
    said = words[: match.end()].rstrip() if match else words.strip()
    return said if len(said) <= 60 else "…" + said[-60:].partition(" ")[2]


def _finding(post: Post, message: str, remedy: str) -> Finding:
    return Finding(stops=False, message=message[:1].upper() + message[1:], remedy=remedy, post_path=post.path)

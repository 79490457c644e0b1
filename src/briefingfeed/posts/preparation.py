"""What is put right in a post's Markdown before it is rendered, so that HTML and block tree get the same.

Bare addresses become links; footnotes' texts move to the end; headings get anchors if the post links to one;
markup that would swallow the text behind it is taken out; a first paragraph that repeats the standfirst goes.
One pass over the parser's events finds all of it, and only if the text gives cause.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from briefingfeed.posts.summary import same_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyromark

    from briefingfeed.posts.findings import Findings

# Looked for by its first letters, which is quick; not after what marks a link or an attribute already. Whether it
# stands in running text, the events tell.
_BARE_URL = re.compile(
    rb"http(?<![\w/@.+\-<\"'=]http)(?<!\]\(http)(?<!\]:http)(?<!\]: http)"
    rb"s?://[^\s<>\"`|\\^{}]*[^\s<>\"`|\\^{}?!.,:;*_~'\]]"
)
_ENTITY = re.compile(rb"&[A-Za-z0-9]{1,32}\Z")
_BRACKET = ord(")")
_SWALLOWING = re.compile(
    rb"<(?P<name>script|style|title|textarea|xmp|iframe|noembed|noframes|noscript|plaintext|object|template|select)\b",
    re.IGNORECASE,
)
_MEDIA = frozenset({"script", "iframe", "object"})
_FRAGMENT = re.compile(rb"\]\(\s*<?#|href=[\"']?#|\]:\s*#")
_NOTE = re.compile(rb"^[ >]*\[\^[^\]\n]+\]:", re.MULTILINE)
# Never across another opening: many may be left open, and each would be followed to the end.
_LIQUID = re.compile(rb"\{%-?\s*[A-Za-z](?:(?!\{%).)*?%\}|\{\{(?:(?!\{\{).)*?\}\}", re.DOTALL)
_KRAMDOWN = re.compile(rb"^[ >]*\{:[^}\n]*\}[ \t]*$", re.MULTILINE)
_WORD_BREAK = re.compile(r"[^\w\- ]")
Edit = tuple[int, int, bytes]


@dataclass(frozen=True, slots=True)
class Prepared:
    text: str
    adds_anchors: bool
    """Whether headings now carry `{#anchor}`."""


class Preparation:
    """One post's Markdown on its way to the parser. `first_line` is the file's line in which it begins."""

    def __init__(self, text: str, parser: pyromark.Markdown, findings: Findings, first_line: int) -> None:
        self._source = text.encode()
        self._text = text
        self._parser = parser
        self._findings = findings
        self._first_line = first_line

    def prepare(self, standfirst: str | None) -> Prepared:
        """Return the text to render. Leftovers of other generators' templates are told as warnings."""
        source = self._source
        # The plain tests first: most posts have none of this, and the expressions would look at every line.
        linked = b"#" in source and _FRAGMENT.search(source) is not None
        urls = list(_BARE_URL.finditer(source)) if b"://" in source else []
        patterns = (_LIQUID, _KRAMDOWN) if b"{" in source else ()
        templates = [found for pattern in patterns for found in pattern.finditer(source)]
        notes = b"[^" in source and _NOTE.search(source) is not None
        swallows = b"<" in source and _SWALLOWING.search(source) is not None
        if not (linked or urls or templates or notes or swallows or standfirst):
            return Prepared(self._text, adds_anchors=False)
        events = tuple(self._parser.events_with_range(self._text, merge_text=True))
        edits: list[Edit] = []
        if standfirst:
            edits += self._repeated(events, standfirst)
        if urls:
            edits += self._bare_urls(events, urls)
        if linked:
            edits += _anchors(events)
        if swallows:
            edits += self._swallowing(events)
        if notes:
            edits += self._footnotes(events, edits)
        if templates:
            self._leftovers(events, templates)
        return Prepared(self._edited(edits).decode(), adds_anchors=linked)

    def _edited(self, edits: list[Edit], start: int = 0, end: int | None = None) -> bytes:
        """Return the text, or a stretch of it, with the edits that lie in it; of two that overlap the first counts."""
        stop = len(self._source) if end is None else end
        pieces, position = [], start
        for first, last, new in sorted(edits):
            if position <= first and last <= stop:
                pieces += [self._source[position:first], new]
                position = last
        pieces.append(self._source[position:stop])
        return b"".join(pieces)

    def _line(self, offset: int) -> int:
        return self._first_line + self._source.count(b"\n", 0, offset)

    def _repeated(self, events: tuple[Any, ...], standfirst: str) -> list[Edit]:
        """Cut the first paragraph out if it says what the standfirst says."""
        words: list[str] = []
        for event, place in events:
            if event == {"Start": "Paragraph"}:
                words = []
            elif event == {"End": "Paragraph"}:
                return [(place["start"], place["end"], b"\n")] if same_words("".join(words), standfirst) else []
            elif isinstance(event, dict) and ("Text" in event or "Code" in event):
                words.append(event.get("Text") or event.get("Code") or "")
            elif isinstance(event, dict) and "Start" in event and not _is_span(event["Start"]):
                return []
            elif event == "SoftBreak":
                words.append(" ")
        return []

    def _bare_urls(self, events: tuple[Any, ...], urls: list[re.Match[bytes]]) -> list[Edit]:
        """Wrap addresses that stand in the running text in `<>`, CommonMark's own mark for a link."""
        edits: list[Edit] = []
        waiting = iter(urls)
        url = next(waiting, None)
        for start, end in _running_text(events):
            while url is not None and url.start() < start:
                url = next(waiting, None)
            while url is not None and url.start() < end:
                stop = _trimmed_end(self._source, url.start(), url.end())
                edits.append((url.start(), stop, b"<" + self._source[url.start() : stop] + b">"))
                url = next(waiting, None)
        return edits

    def _footnotes(self, events: tuple[Any, ...], others: list[Edit]) -> list[Edit]:
        """Move footnotes' texts, with the edits in them, behind everything else, where all readers look for them."""
        depth = end_of_text = 0
        notes: list[tuple[int, int]] = []
        for event, place in events:
            if not isinstance(event, dict):
                continue
            if "Start" in event:
                if depth == 0 and isinstance(event["Start"], dict) and "FootnoteDefinition" in event["Start"]:
                    notes.append((place["start"], place["end"]))
                elif depth == 0:
                    end_of_text = place["end"]
                depth += 1
            elif "End" in event:
                depth -= 1
        moved = [(start, end) for start, end in notes if start < end_of_text]
        tail = b"".join(b"\n\n" + self._edited(others, start, end).rstrip() for start, end in moved)
        behind = [(len(self._source), len(self._source), tail + b"\n")] if tail else []
        return [*((start, end, b"\n") for start, end in moved), *behind]

    def _swallowing(self, events: tuple[Any, ...]) -> list[Edit]:
        """Take out scripts, frames and the like with what is in them; show the tag as text if it is never closed."""
        edits: list[Edit] = []
        done = 0
        for event, place in events:
            if not isinstance(event, dict) or not ("Html" in event or "InlineHtml" in event):
                continue
            for found in _SWALLOWING.finditer(self._source, max(place["start"], done), place["end"]):
                if found.start() < done:
                    continue
                name = found["name"].decode().lower()
                closing = re.compile(rb"</" + found["name"] + rb"\s*>", re.IGNORECASE).search(self._source, found.end())
                if name in _MEDIA or closing is None:
                    self._findings.warning(
                        f"<{name}> cannot be shown in feeds and mails; it was left out.",
                        "Link to it instead, or put the tag's name between backticks if it is meant as text.",
                        self._line(found.start()),
                    )
                if closing:
                    edits.append((found.start(), closing.end(), b""))
                    done = closing.end()
                else:
                    edits.append((found.start(), found.start() + 1, b"&lt;"))
                    done = found.end()
        return edits

    def _leftovers(self, events: tuple[Any, ...], templates: list[re.Match[bytes]]) -> None:
        """Warn, once a post, of tags of Liquid, Hugo and kramdown outside code: they'd be published as they stand."""
        code = [(place["start"], place["end"]) for event, place in events if _is_code(event)]
        starts = [start for start, _ in code]
        found = []
        for match in sorted(templates, key=lambda match: match.start()):
            before = bisect_right(starts, match.start()) - 1
            if before < 0 or match.start() >= code[before][1]:
                found.append(match)
        if not found:
            return
        shown = " ".join(found[0].group().decode(errors="replace").split())
        shown = shown if len(shown) <= 60 else f"{shown[:59]}…"
        others = f" There are {len(found) - 1} more in this post." if len(found) > 1 else ""
        self._findings.warning(
            f"{shown} is a tag of another program; readers would see it as it stands.{others}",
            "Write what it stands for, or put it between backticks if it is meant as text.",
            self._line(found[0].start()),
        )


def _running_text(events: tuple[Any, ...]) -> Iterator[tuple[int, int]]:
    """Yield where text stands that is neither code nor part of a link."""
    inside = 0
    for event, place in events:
        if not isinstance(event, dict):
            continue
        if "Text" in event:
            if not inside:
                yield place["start"], place["end"]
            continue
        tag = event.get("Start") or event.get("End")
        if tag in ("Link", "Image", "CodeBlock"):
            inside -= 1
        elif isinstance(tag, dict) and ("Link" in tag or "Image" in tag or "CodeBlock" in tag):
            inside += 1


def _is_link(tag: Any) -> bool:
    return isinstance(tag, dict) and ("Link" in tag or "Image" in tag)


def _is_span(tag: Any) -> bool:
    return tag in ("Emphasis", "Strong") or _is_link(tag)


def _is_code(event: Any) -> bool:
    if not isinstance(event, dict):
        return False
    tag = event.get("Start")
    return "Code" in event or (isinstance(tag, dict) and "CodeBlock" in tag)


def _trimmed_end(source: bytes, start: int, end: int) -> int:
    """Leave out what belongs to the sentence: a bracket that was opened before the address, or an entity."""
    if source[end : end + 1] == b";" and (entity := _ENTITY.search(source, start, end)):
        end = entity.start()
    unopened = source.count(b")", start, end) - source.count(b"(", start, end)
    while end > start:
        last = source[end - 1]
        if last == _BRACKET and unopened > 0:
            unopened -= 1
        elif last not in b"?!.,:;*_~']":
            break
        end -= 1
    return end


def _anchors(events: tuple[Any, ...]) -> list[Edit]:
    """Give headings without an anchor one made of their words, as most generators do."""
    edits: list[Edit] = []
    taken = {event["Start"]["Heading"]["id"]: 1 for event, _ in events if _is_anchored(event)}
    words: list[str] | None = None
    end = 0
    for event, place in events:
        if not isinstance(event, dict):
            continue
        tag = event.get("Start") or event.get("End")
        is_heading = isinstance(tag, dict) and "Heading" in tag
        if is_heading and "Start" in event:
            words = None if event["Start"]["Heading"]["id"] else []
        elif words is None:
            continue
        elif is_heading:
            anchor = _WORD_BREAK.sub("", "".join(words).lower()).strip().replace(" ", "-")
            if anchor:
                edits.append((end, end, f" {{#{_free(anchor, taken)}}}".encode()))
            words = None
        else:
            words.append(event.get("Text") or event.get("Code") or "")
            end = place["end"]
    return edits


def _is_anchored(event: Any) -> bool:
    """Whether a heading begins that has an anchor of its own."""
    tag = event.get("Start") if isinstance(event, dict) else None
    return isinstance(tag, dict) and "Heading" in tag and bool(tag["Heading"]["id"])


def _free(anchor: str, taken: dict[str, int]) -> str:
    """Return the anchor, numbered if it is `taken`, and take it. `taken` holds the number to try next."""
    found = anchor
    while found in taken:
        found = f"{anchor}-{taken[anchor]}"
        taken[anchor] += 1
    taken[found] = 1
    return found

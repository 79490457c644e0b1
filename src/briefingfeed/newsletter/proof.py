"""The proof of an edition: the very mail that would go, below a box that says when, to whom, and how to stop it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING

from briefingfeed.models.edition import Rendition, content_hash
from briefingfeed.models.problem import Problem
from briefingfeed.newsletter.digest import one_line
from briefingfeed.newsletter.finding import Finding
from briefingfeed.newsletter.mime import build_message
from briefingfeed.newsletter.placeholders import placeholders_of
from briefingfeed.newsletter.wrap import WIDTH, underlined, wrap

if TYPE_CHECKING:
    from briefingfeed.look import Look

HTML_TEMPLATE = "email/proof.html"
TEXT_TEMPLATE = "email/proof.txt"
MARK = "[Proof]"

_BODY = re.compile(r"<body\b[^>]*>", re.IGNORECASE)
_END_OF_HEAD = re.compile(r"</head\s*>", re.IGNORECASE)
_STYLE = re.compile(r"<style\b.*?</style>\s*", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Command:
    purpose: str
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """What an editor should know before everybody else reads the mail. Plain texts, a sentence or more each."""

    headline: str
    fate: tuple[str, ...]
    """When it goes and to how many, or why it doesn't; a paragraph each."""
    stops: tuple[Finding, ...] = ()
    """What keeps it from going."""
    changes: tuple[str, ...] = ()
    """How it differs from the proof before; none in the first one."""
    broken: tuple[Problem, ...] = ()
    """Files that can't be read: their posts are left out."""
    warnings: tuple[Finding, ...] = ()
    commands: tuple[Command, ...] = ()


def as_proof(rendition: Rendition, box: Box, look: Look, at: datetime) -> Rendition:
    """Return the rendition with the box above it in both parts, and marked in its subject.

    Everything below the box is what readers would see, to the letter. `at` is when the proof is sent, aware, in the
    zone that its Date shows. Raises TemplateError.
    """
    subject = f"{MARK} {rendition.subject}" if rendition.post_ids else f"[{box.headline}]"
    html = _above(rendition.html, look.render(HTML_TEMPLATE, box=box))
    text = f"{_text(box, look)}\n\n{rendition.text}"
    own = {"Subject": subject, "Date": format_datetime(at)}
    headers = tuple((name, own.get(name, value)) for name, value in rendition.headers)
    message = build_message(headers, text, html, placeholders_of(rendition))
    return replace(
        rendition,
        subject=subject,
        html=html,
        text=text,
        headers=headers,
        message=message,
        content_hash=content_hash(message),
    )


def _above(html: str, box: str) -> str:
    """Put the box first in the body: it is what mail programs show beside the subject, too. Its styles go into the
    head, the only place where Gmail reads them."""
    body, head = _BODY.search(html), _END_OF_HEAD.search(html)
    if not body:
        return box + html
    if not head:
        return f"{html[: body.end()]}\n{box}{html[body.end() :]}"
    styles = "".join(_STYLE.findall(box))
    return f"{html[: head.start()]}{styles}{html[head.start() : body.end()]}\n{_STYLE.sub('', box)}{html[body.end() :]}"


def _text(box: Box, look: Look) -> str:
    def wrapped(text: str, first: str = "", rest: str = "") -> str:
        return "\n".join(wrap(one_line(text), first=first, rest=rest))

    def heading(text: str, sign: str) -> str:
        return "\n".join(underlined(one_line(text), sign))

    rendered = look.render(TEXT_TEMPLATE, box=box, wrap=wrapped, underlined=heading, rule="=" * WIDTH)
    return _without_gaps(rendered.strip().splitlines())


def _without_gaps(lines: Sequence[str]) -> str:
    """Keep one empty line where the template left more: each of its parts may be missing."""
    kept = [line for place, line in enumerate(lines) if line or (place and lines[place - 1])]
    return "\n".join(kept)

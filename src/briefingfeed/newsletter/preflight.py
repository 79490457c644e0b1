"""What is looked at before an edition is frozen: what stops it, and what somebody should know. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import unescape

from briefingfeed.models.edition import Rendition, SlotName
from briefingfeed.models.post import Post
from briefingfeed.models.settings import Settings
from briefingfeed.newsletter.articles import Bodies
from briefingfeed.newsletter.contrast import contrast_findings
from briefingfeed.newsletter.digest import Digest
from briefingfeed.newsletter.finding import Finding
from briefingfeed.newsletter.mail_programs import markup_findings
from briefingfeed.newsletter.placeholders import SlotValueError, ascii_url, checked_value, placeholders_of

__all__ = ["Finding", "examine"]

LONGEST_SUBJECT = 90
"""Characters; most mail programs show fewer than that."""

_HEAD = re.compile(r"<head\b.*?</head>|<!--.*?-->", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"<(\w+)((?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>|</\w+>|<!\w[^>]*>")
_HREF = re.compile(r"\bhref\s*=\s*[\"']([^\"']*)[\"']")
_ID = re.compile(r"\bid\s*=\s*[\"']([^\"']*)[\"']")
_LANGUAGE = re.compile(r"<html\b[^>]*\blang\s*=\s*[\"']?\w", re.IGNORECASE)
_LEFTOVER = re.compile(r"\{\{[^{}\n]{0,80}\}\}|\{%[^%\n]{0,80}%\}|\{#[^#\n]{0,80}#\}")
_AS_LONG_AS_A_TOKEN = "x" * 100
_IMAGE_WITHOUT_ALT = re.compile(r"<img\b(?![^>]*\balt=)[^>]*>", re.IGNORECASE)


def examine(
    rendition: Rendition, digest: Digest, settings: Settings, bodies: Bodies | None = None
) -> tuple[Finding, ...]:
    """Return what is to be said about an edition that is about to be frozen, the stopping findings first.

    `bodies` are those that it was rendered with, if other digests of the edition share them.
    """
    return (*_stopping(rendition, digest, settings), *_warnings(rendition, digest, bodies or Bodies()))


def _stopping(rendition: Rendition, digest: Digest, settings: Settings) -> Iterator[Finding]:
    words = _words(rendition.html)
    link = placeholders_of(rendition)[SlotName.UNSUBSCRIBE_URL]
    linked = link in _HREF.findall(_HEAD.sub("", rendition.html))
    template = "Mend the templates in email/: the shipped ones have it."
    for part, has_words, has_link, text in (
        ("HTML", bool(words.replace(link, "").strip()), linked, words),
        ("text", bool(rendition.text.replace(link, "").strip()), link in rendition.text, rendition.text),
    ):
        if not has_words:
            yield _stop(f"The {part} part of the mail is empty.", template)
        if not has_link:
            yield _stop(f"The {part} part of the mail has no unsubscribe link.", template)
        if _squeezed(settings.publication.postal_address) not in _squeezed(text):
            yield _stop(f"The {part} part of the mail does not show the postal address.", template)
    if not settings.publication.postal_address.strip():
        yield _stop(
            "There is no postal address.", "Set [publication] postal_address; the law asks for it in each mail."
        )
    try:
        checked_value(SlotName.UNSUBSCRIBE_URL, ascii_url(f"{settings.public_url}/u/{_AS_LONG_AS_A_TOKEN}"))
    except SlotValueError:
        yield _stop(
            f"No link in a mail can begin with {settings.public_url}, and each copy has one to unsubscribe by.",
            "Correct [web] public_url, or [publication] url if that isn't set.",
        )
    for leftover in sorted(_leftovers(rendition, words, digest)):
        yield _stop(
            f"“{leftover}” was left in the mail: a place that was to be filled in.",
            "Look for it in the templates in email/ and in briefingfeed.toml.",
        )
    size, budget = len(rendition.html.encode()), settings.newsletter.size_budget_kb * 1024
    if size > budget:
        yield _stop(
            f"The mail has {size // 1024} kB of HTML even with every post shortened; the most is {budget // 1024} kB.",
            "Hold posts back with `email: false`, shorten their summaries, or raise [newsletter] size_budget_kb.",
        )


def _warnings(rendition: Rendition, digest: Digest, bodies: Bodies) -> Iterator[Finding]:
    first = digest.posts[0].path if digest.posts else None
    if len(rendition.subject) > LONGEST_SUBJECT:
        yield Finding(
            stops=False,
            message=f"The subject has {len(rendition.subject)} characters; mail programs cut it.",
            remedy="Shorten the first post's title, or [newsletter] subject.",
            post_path=first,
            field="title",
        )
    if not digest.preheader:
        yield Finding(
            stops=False,
            message="Mail programs will show nothing beside the subject: there is neither another title nor a summary.",
            remedy="Write a `summary` in the post's front matter.",
            post_path=first,
            field="summary",
        )
    yield from _template_warnings(rendition)
    for post in digest.posts:
        yield from _post_warnings(post, digest)
        yield from bodies.findings(post)
        if str(bodies.text(post)) not in rendition.text:
            yield Finding(
                stops=False,
                message=f"“{post.title}” goes out as summary and link: the mail would grow too large.",
                remedy="Nothing needs to be done; what stands there can be written with `summary`.",
                post_path=post.path,
                field="summary",
            )


def _template_warnings(rendition: Rendition) -> Iterator[Finding]:
    body = _HEAD.sub("", rendition.html)
    template = "Mend the templates in email/: the shipped ones do it right."
    if not _LANGUAGE.search(rendition.html):
        yield Finding(stops=False, message="The HTML part does not say its language.", remedy=template)
    yield from markup_findings(body)
    yield from contrast_findings(rendition.html)
    links = {unescape(link) for link in _HREF.findall(body)}
    ids = {unescape(name) for name in _ID.findall(body)}
    for link in sorted(link for link in links if link.startswith("#") and link[1:] not in ids):
        yield Finding(
            stops=False, message=f"A link in the mail leads to {link}, and there is no such place.", remedy=template
        )
    for link in sorted(
        link for link in links if link.startswith("http") and link.partition("#")[0] not in rendition.text
    ):
        yield Finding(
            stops=False, message=f"The text part lacks a link that the HTML part has: {link}", remedy=template
        )


def _post_warnings(post: Post, digest: Digest) -> Iterator[Finding]:
    in_text = len(_IMAGE_WITHOUT_ALT.findall(post.body.html))
    missing = in_text + (post.image is not None and not post.image.alt)
    if missing:
        yield Finding(
            stops=False,
            message=f"“{post.title}” has {missing} image{'s' if missing > 1 else ''} without alternative text.",
            remedy="Say in words what the image shows: ![words](image.png), or image_alt.",
            post_path=post.path,
            field=None if in_text else "image_alt",
        )
    if post.is_closed_at(digest.composed_at):
        yield Finding(
            stops=False,
            message=f"“{post.title}” goes out after its closing date.",
            remedy="Set a new `closes`, or hold it back with `email: false`.",
            post_path=post.path,
            field="closes",
        )


def _stop(message: str, remedy: str) -> Finding:
    return Finding(stops=True, message=message, remedy=remedy)


def _leftovers(rendition: Rendition, words: str, digest: Digest) -> set[str]:
    """Return what looks like a template's markup but stands in no post: posts may show such markup."""
    said = " ".join(_content(digest))
    found = _LEFTOVER.findall("\n".join((rendition.subject, words, unescape(rendition.html), rendition.text)))
    return {leftover for leftover in found if leftover not in said}


def _content(digest: Digest) -> Iterable[str]:
    for post in (*digest.posts, *digest.closing_soon):
        yield from (post.title, post.summary, post.standfirst or "", post.url, *post.topics)
        yield from (unescape(post.body.html), _words(post.body.html))
        for author in post.authors:
            yield from (author.name, author.role or "", author.organisation or "")
        yield from (correction.note for correction in post.corrections)
        yield from (post.contact.name,) if post.contact else ()
        yield from (post.call_to_action.label,) if post.call_to_action else ()
        yield from (post.image.alt,) if post.image else ()


def _words(html: str) -> str:
    """Return what a reader of the HTML part sees."""
    return unescape(_TAG.sub(" ", _HEAD.sub("", html)))


def _squeezed(text: str) -> str:
    return "".join(text.split())

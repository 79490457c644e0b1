"""Entry: a post inside a feed document, every text of it ready to be written in any of the formats."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from html import unescape
from urllib.parse import quote
from zoneinfo import ZoneInfo

from briefingfeed.feeds.content import compose_content
from briefingfeed.models.post import Post
from briefingfeed.models.settings import FeedContent, Settings

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
"""What XML 1.0 forbids (section 2.2), and the control characters it advises against."""

_SPACES = re.compile("[ \t\n]+")
_TAG = re.compile("<[^>]*>")

_URL_CHARACTERS = "%:/?#[]@!$&'()*+,;=~"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryAuthor:
    name: str
    url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """`content` is None where the publication sends summaries; `summary` is None where it would only repeat the
    content. One of the two is always there. `language` is None if it is the feed's own."""

    id: str
    path: str
    url: str
    title: str
    published: datetime
    updated: datetime
    language: str | None
    authors: tuple[EntryAuthor, ...]
    topics: tuple[str, ...]
    summary: str | None
    content: str | None
    image: str | None


def make_entry(post: Post, settings: Settings) -> Entry:
    full = settings.feeds.content is FeedContent.FULL
    content = legal(compose_content(post, settings.publication.timezone)) if full else None
    return Entry(
        id=post.id,
        path=post.path,
        url=ascii_url(post.url),
        title=one_line(post.title),
        published=_instant(post.entry_published, settings.publication.timezone),
        updated=_instant(post.entry_updated, settings.publication.timezone),
        language=None if post.language == settings.publication.language else post.language,
        authors=tuple(
            EntryAuthor(name=one_line(author.name), url=ascii_url(author.url) if author.url else None)
            for author in post.authors
        ),
        topics=tuple(dict.fromkeys(one_line(topic) for topic in post.topics)),
        summary=_summary(post, content),
        content=content,
        image=ascii_url(post.image.url) if post.image else None,
    )


def legal(text: str) -> str:
    """Take out the characters that no XML document may hold, however they are written."""
    return _ILLEGAL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(text: str) -> str:
    """Fold line breaks and runs of spaces; a no-break or thin space stays what it is."""
    return _SPACES.sub(" ", legal(text)).strip(" ")


def ascii_url(url: str) -> str:
    """Percent-encode what is not ASCII: RSS and many readers know URIs only, no IRIs."""
    return quote(legal(url).strip(), safe=_URL_CHARACTERS)


def _summary(post: Post, content: str | None) -> str | None:
    summary = one_line(post.summary)
    if content is not None and one_line(unescape(_TAG.sub("", content))) == summary:
        return None
    return summary


def _instant(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(microsecond=0)

"""Entry: a post inside a feed document, every text of it ready to be written in any of the formats."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from html import unescape
from types import MappingProxyType
from zoneinfo import ZoneInfo

from briefingfeed.feeds.characters import ascii_url, legal, one_line
from briefingfeed.feeds.content import compose_content
from briefingfeed.feeds.enclosures import Enclosure, find_enclosures
from briefingfeed.models.post import Post
from briefingfeed.models.settings import FeedContent, Settings

_TAG = re.compile("<[^>]*>")
_BEGINNING = 100
_NO_SIZES: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryAuthor:
    name: str
    url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comments:
    """Where an entry's comments are: the page, the Atom feed, and how many there are."""

    page: str
    feed: str
    count: int


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
    enclosures: tuple[Enclosure, ...] = ()
    """The one for formats that hold a single one first."""
    comments: Comments | None = None


def make_entry(post: Post, settings: Settings, sizes: Mapping[str, int] = _NO_SIZES) -> Entry:
    """Return the entry of a post. `sizes` has the bytes of local files by their address."""
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
        enclosures=find_enclosures(post, sizes),
    )


def _summary(post: Post, content: str | None) -> str | None:
    """Return the summary, unless the content says just that."""
    summary = one_line(post.summary)
    if content is None:
        return summary
    # A long text need not be read to its end to say something else.
    cut = content.find("<", 2 * len(summary) + _BEGINNING)
    if cut != -1 and not summary.startswith(_plain(content[:cut])):
        return summary
    return None if _plain(content) == summary else summary


def _plain(html: str) -> str:
    return one_line(unescape(_TAG.sub("", html)))


def _instant(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(microsecond=0)

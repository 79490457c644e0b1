"""The ways to follow a publication, as its Subscribe page lists them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import quote

from briefingfeed.models.feed import FeedLink, FeedScope
from briefingfeed.models.post import Post
from briefingfeed.models.settings import EXAMPLE_FROM_ADDRESS, EXAMPLE_URL, Mailbox, Settings

_READERS = (
    ("Feedly", "https://feedly.com/i/subscription/feed%2F"),
    ("Inoreader", "https://www.inoreader.com/?add_feed="),
    ("NewsBlur", "https://www.newsblur.com/?url="),
    ("The Old Reader", "https://theoldreader.com/feeds/subscribe?url="),
)
"""Feed readers on the web that take a feed's address, percent-encoded, at the end of one of theirs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """One feed in all its formats, the one to recommend first."""

    formats: tuple[FeedLink, ...]

    @property
    def first(self) -> FeedLink:
        return self.formats[0]

    @property
    def others(self) -> tuple[FeedLink, ...]:
        return self.formats[1:]

    @property
    def name(self) -> str:
        """The topic or the author."""
        return self.first.name or self.first.title

    @property
    def readers(self) -> tuple[tuple[str, str], ...]:
        """Names of feed readers, each with the address at which it adds this feed."""
        return tuple((name, address + quote(self.first.url, safe="")) for name, address in _READERS)


class Following:
    """All feeds of a publication, sorted out by what they hold. Each is None, or empty, where there is none."""

    def __init__(self, feeds: Iterable[FeedLink]) -> None:
        # Feeds come as they are planned; a feed's formats come in a row.
        found = [
            (scope, Followed(formats=tuple(formats)))
            for (scope, _), formats in groupby(feeds, key=lambda feed: (feed.scope, feed.name))
        ]
        self.everything = _only(found, FeedScope.EVERYTHING)
        self.open_calls = _only(found, FeedScope.OPEN_CALLS)
        self.editions = _only(found, FeedScope.EDITIONS)
        self.list = _only(found, FeedScope.LIST)
        self.calendar = _only(found, FeedScope.CALENDAR)
        self.topics = tuple(_of(found, FeedScope.TOPIC))
        self.authors = tuple(_of(found, FeedScope.AUTHOR))
        self._by_topic = {_folded(topic.name): topic for topic in self.topics}
        self._by_author = {_folded(author.name): author for author in self.authors}
        self._found: dict[tuple[tuple[str, ...], ...], tuple[FeedLink, ...]] = {}

    @property
    def main(self) -> tuple[FeedLink, ...]:
        """The feed of everything in its formats: every page announces it."""
        return self.everything.formats if self.everything else ()

    @property
    def further(self) -> tuple[FeedLink, ...]:
        """The other feeds and the calendar, each in the format to recommend: the Subscribe page announces them."""
        single = [each for each in (self.open_calls, self.editions, self.calendar) if each]
        return tuple(each.first for each in (*single, *self.topics, *self.authors))

    def of(self, post: Post) -> tuple[FeedLink, ...]:
        """Return the feeds of the post's topics and authors, which its page announces."""
        names = (post.topics, tuple(author.name for author in post.authors))
        if names not in self._found:
            topics = (self._by_topic.get(_folded(topic)) for topic in post.topics)
            authors = (self._by_author.get(_folded(author.name)) for author in post.authors)
            self._found[names] = tuple(dict.fromkeys(each.first for each in (*topics, *authors) if each))
        return self._found[names]

    @property
    def webcal(self) -> str | None:
        """The calendar's address in the scheme that opens a calendar program."""
        return "webcal://" + self.calendar.first.url.partition("://")[2] if self.calendar else None


def digest_address(settings: Settings) -> Mailbox | None:
    """Return whom to write to for the digest; None if nobody has said yet who sends it."""
    newsletter = settings.newsletter
    is_example = newsletter.from_.address == EXAMPLE_FROM_ADDRESS and settings.publication.url != EXAMPLE_URL
    return None if is_example else newsletter.reply_to or newsletter.from_


def _of(found: Sequence[tuple[FeedScope, Followed]], wanted: FeedScope) -> Iterator[Followed]:
    return (followed for scope, followed in found if scope is wanted)


def _only(found: Sequence[tuple[FeedScope, Followed]], wanted: FeedScope) -> Followed | None:
    return next(_of(found, wanted), None)


def _folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).split()).casefold()

"""Which documents there are, and which posts stand in each. Nothing is rendered here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from briefingfeed.feeds.feed import Document, Feed, make_feed
from briefingfeed.feeds.groups import Group, group_posts
from briefingfeed.models.archive import EDITIONS
from briefingfeed.models.post import Post
from briefingfeed.models.settings import Settings

OPEN_CALLS = "open-calls/"
TOPICS = "topics/"
AUTHORS = "authors/"
ARCHIVE = "archive/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All documents of a publication: those that are subscribed to, by kind, and the months of the first."""

    everything: Document
    open_calls: Document | None
    topics: tuple[Document, ...]
    authors: tuple[Document, ...]
    editions: Document | None
    """What was mailed: its entries are no posts."""
    archives: tuple[Document, ...]
    """Newest first: together they hold each post once."""

    @property
    def subscribed(self) -> tuple[Document, ...]:
        """The feeds of posts."""
        calls = (self.open_calls,) if self.open_calls else ()
        return (self.everything, *calls, *self.topics, *self.authors)


def plan_feeds(posts: Sequence[Post], settings: Settings, now: datetime, *, has_editions: bool = False) -> Plan:
    """Plan the feeds of `posts`, all of which may be shown at `now`, newest first."""
    feed = make_feed(settings)
    archives = tuple(_archives(posts, feed, settings)) if settings.feeds.archives else ()
    topics = group_posts(posts, lambda post: post.topics) if settings.feeds.topics else ()
    authors = group_posts(posts, lambda post: (each.name for each in post.authors)) if settings.feeds.authors else ()
    return Plan(
        everything=Document(
            feed=feed,
            folder="",
            posts=tuple(posts[: settings.feeds.entries]),
            older=archives[0].folder if archives else None,
        ),
        open_calls=_open_calls(posts, settings, now),
        editions=_editions(settings) if has_editions else None,
        topics=tuple(_of_group(group, TOPICS, settings) for group in topics),
        authors=tuple(_of_group(group, AUTHORS, settings) for group in authors),
        archives=archives,
    )


def _archives(posts: Sequence[Post], feed: Feed, settings: Settings) -> Iterator[Document]:
    """Yield a document for each month that has posts, by the publication's calendar, newest first."""
    zone = settings.publication.timezone
    months = [
        (f"{ARCHIVE}{year:04}-{month:02}/", tuple(found))
        for (year, month), found in groupby(posts, key=lambda post: _month(post.entry_published.astimezone(zone)))
    ]
    folders = [None, *(folder for folder, _ in months), None]
    for (folder, found), newer, older in zip(months, folders[:-2], folders[2:], strict=True):
        yield Document(feed=feed, folder=folder, posts=found, is_archive=True, older=older, newer=newer)


def _month(at: datetime) -> tuple[int, int]:
    return at.year, at.month


def _open_calls(posts: Sequence[Post], settings: Settings, now: datetime) -> Document | None:
    """The calls that are open: all of them, and nothing else. None if the publication never made one."""
    if not any(post.closes for post in posts):
        return None
    feed = make_feed(settings, OPEN_CALLS, "Open calls", is_complete=True)
    return Document(feed=feed, folder=OPEN_CALLS, posts=tuple(post for post in posts if post.is_open_at(now)))


def _editions(settings: Settings) -> Document:
    return Document(feed=make_feed(settings, EDITIONS, "Editions"), folder=EDITIONS, posts=())


def _of_group(group: Group, parent: str, settings: Settings) -> Document:
    folder = f"{parent}{group.slug}/"
    feed = make_feed(settings, folder, group.name)
    return Document(feed=feed, folder=folder, posts=group.posts[: settings.feeds.entries])

"""Every feed that can be followed, as pages name it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from briefingfeed.feeds.addresses import FORMATS, OPML
from briefingfeed.feeds.calendar import calendar_links
from briefingfeed.feeds.feed import Document
from briefingfeed.feeds.planning import plan_feeds
from briefingfeed.models.feed import FeedLink, FeedScope
from briefingfeed.models.post import Post
from briefingfeed.models.settings import Settings


def all_feed_links(
    posts: Iterable[Post], settings: Settings, now: datetime, *, has_editions: bool = False
) -> tuple[FeedLink, ...]:
    """Return all feeds there are at `now`, a feed's formats in a row, the one to recommend first; then the list of
    them, and the calendar. Archive documents are found from the feeds."""
    shown = sorted(
        (post for post in posts if post.in_feed_at(now)), key=lambda post: (post.entry_published, post.id), reverse=True
    )
    plan = plan_feeds(shown, settings, now, has_editions=has_editions)
    documents = [(FeedScope.EVERYTHING, plan.everything)]
    documents += [(FeedScope.OPEN_CALLS, plan.open_calls)] if plan.open_calls else []
    documents += [(FeedScope.TOPIC, topic) for topic in plan.topics]
    documents += [(FeedScope.AUTHOR, author) for author in plan.authors]
    documents += [(FeedScope.EDITIONS, plan.editions)] if plan.editions else []
    links = [link for scope, document in documents for link in _of(document, scope)]
    return (*links, _of_list(settings), *calendar_links(shown, settings, now))


def _of(document: Document, scope: FeedScope) -> Iterator[FeedLink]:
    feed = document.feed
    named = scope in (FeedScope.TOPIC, FeedScope.AUTHOR)
    for kind in FORMATS:
        yield FeedLink(
            kind=kind.name,
            title=f"{feed.title} ({kind.name})",
            url=document.address(kind),
            media_type=kind.media_type,
            path=document.path(kind),
            scope=scope,
            name=feed.title.removeprefix(f"{feed.publisher} - ") if named else None,
        )


def _of_list(settings: Settings) -> FeedLink:
    publication = settings.publication
    return FeedLink(
        kind="OPML",
        title=f"{publication.title}: all feeds",
        url=f"{publication.url}/{OPML}",
        media_type="text/x-opml",
        path=OPML,
        scope=FeedScope.LIST,
    )

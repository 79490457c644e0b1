"""Atom (RFC 4287) and RSS 2.0, by feedgen: one generator for each, because a call for one format changes the other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from feedgen.feed import FeedEntry, FeedGenerator
from markupsafe import escape

from briefingfeed.feeds.addresses import ATOM, RSS
from briefingfeed.feeds.entry import Entry, ascii_url, one_line
from briefingfeed.feeds.extension import EntryExtension, FeedExtension
from briefingfeed.models.settings import PublicationSettings

GENERATOR = "briefingfeed"
"""Without a version: an upgrade of ours is no reason for every reader to fetch the feed anew."""

_NEVER = datetime(2000, 1, 1, tzinfo=UTC)
"""When a feed without entries was updated. Any fixed past instant does; the first entry is later."""


def write_atom(entries: Sequence[Entry], publication: PublicationSettings) -> bytes:
    feed = _new_feed(entries, publication, ATOM, "application/atom+xml")
    feed.id(feed_id(publication))
    feed.author({"name": one_line(publication.title), "uri": _home(publication)})
    if publication.tagline:
        feed.subtitle(one_line(publication.tagline))
    for entry in entries:
        _add_atom_entry(feed, entry)
    return bytes(feed.atom_str(pretty=True))


def write_rss(entries: Sequence[Entry], publication: PublicationSettings) -> bytes:
    feed = _new_feed(entries, publication, RSS, "application/rss+xml")
    feed.description(one_line(publication.tagline) or one_line(publication.title))
    feed.docs("https://www.rssboard.org/rss-specification")
    feed.lastBuildDate(_updated(entries))
    feed.briefingfeed.names_creators = bool(entries)
    for entry in entries:
        _add_rss_entry(feed, entry, publication)
    return bytes(feed.rss_str(pretty=True))


def feed_id(publication: PublicationSettings) -> str:
    """The feed's own id. With an `id_authority` it survives a change of the address."""
    if publication.id_authority:
        return f"tag:{publication.id_authority}:feed"
    return f"{publication.url}/{ATOM}"


def _new_feed(entries: Sequence[Entry], publication: PublicationSettings, path: str, media_type: str) -> FeedGenerator:
    feed = FeedGenerator()
    feed.register_extension("briefingfeed", FeedExtension, EntryExtension)
    feed.briefingfeed.entries = entries
    feed.generator(GENERATOR)
    feed.title(one_line(publication.title))
    feed.language(publication.language)
    feed.updated(_updated(entries))
    feed.link(rel="self", href=ascii_url(f"{publication.url}/{path}"), type=media_type)
    # feedgen takes the last link as RSS's <link>, whatever its relation.
    feed.link(rel="alternate", href=_home(publication), type="text/html")
    return feed


def _add_atom_entry(feed: FeedGenerator, entry: Entry) -> None:
    element = _new_entry(feed, entry)
    element.published(entry.published)
    element.updated(entry.updated)
    for author in entry.authors:
        element.author({"name": author.name, "uri": author.url} if author.url else {"name": author.name})
    if entry.summary is not None:
        element.summary(entry.summary)
    if entry.content is not None:
        element.content(entry.content, type="html")


def _add_rss_entry(feed: FeedGenerator, entry: Entry, publication: PublicationSettings) -> None:
    element = _new_entry(feed, entry)
    element.briefingfeed.creators = [author.name for author in entry.authors] or [one_line(publication.title)]
    if entry.summary is not None:
        # A description is HTML.
        element.description(str(escape(entry.summary)), isSummary=True)
    if entry.content is not None:
        element.content(entry.content, type="html")


def _new_entry(feed: FeedGenerator, entry: Entry) -> FeedEntry:
    element = feed.add_entry(order="append")
    element.briefingfeed.entry = entry
    element.guid(entry.id, permalink=False)
    element.title(entry.title)
    element.link(rel="alternate", href=entry.url)
    for topic in entry.topics:
        element.category(term=topic)
    return element


def _updated(entries: Sequence[Entry]) -> datetime:
    return max((entry.updated for entry in entries), default=_NEVER)


def _home(publication: PublicationSettings) -> str:
    return ascii_url(f"{publication.url}/")

"""Where our feeds are found: a folder for each feed, in it a file for each format."""

from __future__ import annotations

from dataclasses import dataclass

from briefingfeed.models.feed import FeedLink
from briefingfeed.models.settings import PublicationSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    name: str
    """As people call it."""
    file: str
    media_type: str


ATOM = Format(name="Atom", file="atom.xml", media_type="application/atom+xml")
RSS = Format(name="RSS", file="rss.xml", media_type="application/rss+xml")
JSON = Format(name="JSON Feed", file="feed.json", media_type="application/feed+json")

FORMATS = (ATOM, RSS, JSON)
"""The one to recommend first."""

OPML = "opml.xml"


def feed_links(publication: PublicationSettings) -> tuple[FeedLink, ...]:
    """Return the publication's feed of everything in its formats, the one to recommend first."""
    return tuple(
        FeedLink(
            kind=format_.name,
            title=f"{publication.title} ({format_.name})",
            url=f"{publication.url}/{format_.file}",
            media_type=format_.media_type,
            path=format_.file,
        )
        for format_ in FORMATS
    )

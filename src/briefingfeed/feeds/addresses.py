"""Where our feeds are found."""

from __future__ import annotations

from briefingfeed.models.feed import FeedLink
from briefingfeed.models.settings import PublicationSettings

ATOM = "atom.xml"
RSS = "rss.xml"
JSON = "feed.json"

_KINDS = (
    (ATOM, "Atom", "application/atom+xml"),
    (RSS, "RSS", "application/rss+xml"),
    (JSON, "JSON Feed", "application/feed+json"),
)


def feed_links(publication: PublicationSettings) -> tuple[FeedLink, ...]:
    """Return the publication's feeds, the one to recommend first."""
    return tuple(
        FeedLink(
            kind=kind,
            title=f"{publication.title} ({kind})",
            url=f"{publication.url}/{path}",
            media_type=media_type,
            path=path,
        )
        for path, kind, media_type in _KINDS
    )

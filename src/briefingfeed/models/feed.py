"""Where a feed is found: what pages say about the feeds without knowing how they are made."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FeedScope(StrEnum):
    """What a feed holds."""

    EVERYTHING = "everything"
    OPEN_CALLS = "open calls"
    TOPIC = "topic"
    AUTHOR = "author"
    EDITIONS = "editions"
    """What was mailed, an entry for each mailing."""
    LIST = "list"
    """No posts, but all feeds (OPML)."""
    CALENDAR = "calendar"
    """Closing dates (iCalendar)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedLink:
    kind: str
    """The format, as people call it: `Atom`."""
    title: str
    """Unlike that of any other feed."""
    url: str
    media_type: str
    path: str
    """Relative to the output folder."""
    scope: FeedScope = FeedScope.EVERYTHING
    name: str | None = None
    """The topic or the author, as readers know it."""

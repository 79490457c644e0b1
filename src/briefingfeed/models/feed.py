"""Where a feed is found: what pages say about the feeds without knowing how they are made."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedLink:
    kind: str
    """The format, as people call it: `Atom`."""
    title: str
    url: str
    media_type: str
    path: str
    """Relative to the output folder."""

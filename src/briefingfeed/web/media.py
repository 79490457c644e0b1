"""What a file of the site is: its media type, whether it is worth compressing, and for how long it may be kept."""

from __future__ import annotations

import mimetypes
from pathlib import PurePosixPath

_FEEDS = {
    "atom.xml": "application/atom+xml",
    "rss.xml": "application/rss+xml",
    "feed.json": "application/feed+json",
}
_NAMES = {**_FEEDS, "opml.xml": "text/x-opml"}
_TYPES = {
    ".avif": "image/avif",
    ".css": "text/css",
    ".html": "text/html",
    ".ics": "text/calendar",
    ".js": "text/javascript",
    ".json": "application/json",
    ".opml": "text/x-opml",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
    ".xml": "application/xml",
}
"""What computers disagree about; the rest is asked of `mimetypes`."""
_TEXTS = ("xml", "json", "javascript")

ARCHIVE = "archive/"
"""The folder of feeds that nobody subscribes to: the months of the past (RFC 5005)."""

PAGE = "no-cache"
"""Kept, but asked for anew each time: a correction is seen at once, and what did not change costs 304 and no body."""
FEED = "public, max-age=300, must-revalidate"
"""Readers poll by the hour and builds run each quarter of it: five minutes are no delay, and spare the server the
programs that ask each minute. Afterwards nobody shows an old copy without asking."""
PUSHED = PAGE
"""Feeds that a hub announces. It fetches them at once: no cache may answer it with the copy from before."""
FOR_EVER = "public, max-age=31536000, immutable"
"""What is asked for by the hash of its bytes: another content has another address."""
BESIDE = "public, max-age=3600"
"""Images and other files beside posts. Their addresses stay when somebody replaces them: an hour is soon enough."""


def media_type(name: str) -> str:
    """Return the Content-Type of a file of the site; our feeds have types of their own."""
    kind = _NAMES.get(name) or _TYPES.get(PurePosixPath(name).suffix.lower())
    kind = kind or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if is_text(kind) else kind


def opened_type(name: str) -> str | None:
    """Return the Content-Type for a browser that opens the file as a page, if it is not the usual one.

    Chromium prints a feed of a feed's own type, and Firefox downloads it; as XML both show it in its stylesheet.
    """
    return _TYPES[".xml"] + "; charset=utf-8" if is_feed(name) and name.endswith(".xml") else None


def is_text(kind: str) -> bool:
    """Whether a media type is one of text: it gets a charset, and is worth compressing. Images are compressed."""
    kind = kind.partition(";")[0]
    return kind.startswith("text/") or kind.endswith(_TEXTS)


def is_feed(name: str) -> bool:
    return name in _FEEDS


def cache_control(name: str, *, by_hash: bool, pushed: bool) -> str:
    """Return for how long a copy may be kept without asking again.

    `by_hash`: it was asked for by the hash of its bytes. `pushed`: a hub announces our feeds (WebSub).
    """
    kind = media_type(name)
    if by_hash:
        return FOR_EVER
    if is_feed(name):
        return PUSHED if pushed else FEED
    if kind.startswith(("text/calendar", "text/x-opml")):
        return FEED
    return PAGE if is_text(kind) and not kind.startswith("image/") else BESIDE

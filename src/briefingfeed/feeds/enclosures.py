"""Enclosure: a file that belongs to an entry, with its true length and type."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass

from briefingfeed.feeds.characters import ascii_url
from briefingfeed.models.post import Post

_IMAGES = {
    ".avif": "image/avif",
    ".gif": "image/gif",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
}
_RECORDINGS = {
    ".flac": "audio/flac",
    ".m4a": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
    ".oga": "audio/ogg",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".wav": "audio/wav",
    ".webm": "video/webm",
}
"""Our own tables: what a computer has in its list of media types differs, and feeds may not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    url: str
    length: int
    """Bytes."""
    media_type: str


def find_enclosures(post: Post, sizes: Mapping[str, int]) -> tuple[Enclosure, ...]:
    """Return the recordings beside a post, then its lead image, of those whose size is known."""
    recordings = [_enclosure(asset.url, sizes, _RECORDINGS) for asset in post.assets]
    image = _enclosure(post.image.url, sizes, _IMAGES) if post.image else None
    return tuple(found for found in (*recordings, image) if found)


def may_enclose(path: str) -> bool:
    """Whether a file of this name may become an enclosure."""
    suffix = posixpath.splitext(path)[1].lower()
    return suffix in _RECORDINGS or suffix in _IMAGES


def _enclosure(url: str, sizes: Mapping[str, int], types: Mapping[str, str]) -> Enclosure | None:
    size = sizes.get(url)
    media_type = types.get(posixpath.splitext(url)[1].lower())
    if size is None or media_type is None:
        return None
    return Enclosure(url=ascii_url(url), length=size, media_type=media_type)

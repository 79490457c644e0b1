"""Renditions of this process: a preview asks for the same digest again and again."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import fields

from briefingfeed.models.introduction import Introduction
from briefingfeed.models.post import Post
from briefingfeed.newsletter.digest import Corrected, Digest
from briefingfeed.posts.notes import read_mark
from briefingfeed.services.sending.send_context import Examined

_MOST = 40


class RecentRenditions:
    """Holds those made last, under one set of settings and templates. Threads may share it."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Examined] = {}

    def __call__(self, digest: Digest, test: bool, made: Callable[[], Examined]) -> Examined:
        """Return what the digest became before, or has become by `made` now."""
        mark = (test, *(_mark(getattr(digest, field.name)) for field in fields(digest)))
        found = self._known.pop(mark, None) or made()
        self._known[mark] = found
        for oldest in list(self._known)[:-_MOST]:
            self._known.pop(oldest, None)
        return found


def files_mark(post: Post) -> str:
    """Return what changes whenever a file beside the post does: a picture may be replaced under its name."""
    return repr([read_mark(asset.source) for asset in post.assets])


def _mark(value: object) -> Hashable:
    """Return what a part of a digest is known by. Posts are not compared word by word: they may be long."""
    match value:
        case tuple():
            return tuple(_mark(item) for item in value)
        case Post():
            return value.fingerprint, value.published, value.draft, files_mark(value)
        case Corrected(post=post, correction=correction):
            return _mark(post), correction
        case Introduction():
            return value.digest
    return value

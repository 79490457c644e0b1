"""Links inside the publication that lead nowhere: to a page that is not there, or to a place missing in a page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from html import escape, unescape
from pathlib import Path
from urllib.parse import unquote, urldefrag

from briefingfeed.models.output import OutputCopy, OutputFile
from briefingfeed.models.post import Post
from briefingfeed.models.problem import Problem, Severity
from briefingfeed.models.settings import Settings
from briefingfeed.site import page_file

_ADDRESS = re.compile(r'<(?:a|img)\b[^>]*?\s(?:href|src)="([^"]*)"')
_ID = re.compile(r'\sid="([^"]*)"')


class InternalLinks:
    """What a post may link to: the pages of today, for drafts and posts to come also those of other such posts, and
    files that the operator put into the output folder."""

    def __init__(
        self, files: Iterable[OutputFile | OutputCopy], posts: Iterable[Post], settings: Settings, now: datetime
    ) -> None:
        self._settings = settings
        self._home = settings.publication.url
        self._now = now
        self._today = {file.path: _ids(file) for file in files}
        self._later = {
            file: _ids_of(post.body.html)
            for post in posts
            if not post.visible_at(now) and (file := page_file(post.url, self._home))
        }

    def problems(self, post: Post) -> Iterator[Problem]:
        """Yield a warning for each address in the text, or of the call to action, that leads nowhere."""
        found = _ADDRESS.findall(post.body.html)
        if post.call_to_action and post.call_to_action.url:
            found.append(escape(post.call_to_action.url))
        for written in dict.fromkeys(found):
            address, fragment = urldefrag(unescape(written))
            file = page_file(address.partition("?")[0], self._home)
            if file is None:
                continue
            ids = self._ids(file, post)
            if ids is None:
                remedy = "correct the link; a draft or a post of a later date has no page yet"
                yield self._problem(post, unescape(written), "no page of this site has this address", remedy)
            elif fragment and ids and unquote(fragment) not in ids:
                remedy = "correct what stands after the #, or remove it"
                yield self._problem(post, unescape(written), f"that page has no place called #{fragment}", remedy)

    def _ids(self, file: str, post: Post) -> frozenset[str] | None:
        """Return the places in a page; empty if they are not known, None if there is no such page."""
        pages: Mapping[str, frozenset[str]] = self._today
        if file not in pages and not post.visible_at(self._now):
            pages = self._later
        if file in pages:
            return pages[file]
        return frozenset() if (self._settings.paths.output / file).is_file() else None

    def _problem(self, post: Post, address: str, message: str, remedy: str) -> Problem:
        return Problem(
            path=post.path,
            line=_line(self._settings.paths.root / post.path, address),
            message=f"{address}: {message}",
            remedy=remedy,
            severity=Severity.WARNING,
        )


def _ids(file: OutputFile | OutputCopy) -> frozenset[str]:
    return _ids_of(file.content.decode()) if isinstance(file, OutputFile) else frozenset()


def _ids_of(html: str) -> frozenset[str]:
    return frozenset(unescape(found) for found in _ID.findall(html))


def _line(file: Path, address: str) -> int | None:
    """Find the line in which an address was written: whole, else the end of it."""
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    last = address.rstrip("/").rpartition("/")[2]
    for wanted in (address, last.partition("#")[0] or last):
        for number, line in enumerate(lines, start=1):
            if wanted and wanted in line:
                return number
    return None

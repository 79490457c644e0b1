"""Where a post's links and images lead: every address absolute, the same in HTML and in the block tree."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urljoin, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from briefingfeed.posts.assets import PostAssets

SCHEMES = frozenset({"http", "https", "mailto"})
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
# What browsers drop or trim before they look at an address; without this, `java\nscript:` would pass for a path.
_INVISIBLE = re.compile("[\x00-\x20\x7f-\xa0]+$|^[\x00-\x20\x7f-\xa0]+|[\t\n\r]")
_SAFE = "!#$%&'()*+,-./:;=?@_~"
_PLAIN = re.compile(r"[A-Za-z0-9!#$%&'()*+,\-./:;=?@_~]*")
_USUAL = re.compile(r"https?://[A-Za-z0-9][A-Za-z0-9.-]*(?::\d{1,5})?(?:[/?#][A-Za-z0-9!#$%&'()*+,\-./:;=?@_~]*)?")
_PELICAN = re.compile(r"^(?:\{(?:filename|static|attach)\}|\|(?:filename|static|attach)\|)")
_MARKDOWN = (".md", ".markdown")


@dataclass(frozen=True, slots=True)
class Page:
    """Where a post is read, and what the ids inside its text begin with there."""

    url: str
    prefix: str

    @property
    def place(self) -> str:
        """All of it in one word."""
        return f"{self.prefix} {self.url}"


class Links:
    """The addresses of one post. Remembers what it was asked: HTML and tree agree, each file is looked at once."""

    def __init__(
        self, page: Page, path: str, top: str, pages: Mapping[str, Page], assets: PostAssets | None = None
    ) -> None:
        """`path` is the post's file, `top` the posts folder: keys of `pages` look like `path`."""
        self._page = page
        self._folder = posixpath.dirname(path)
        self._top = top
        self._pages = pages
        self._assets = assets
        self._known: dict[str, str | None] = {}
        self.looked_up: dict[str, str | None] = {}
        """Posts that were looked for, by path, with the place at which each is read."""
        self.unknown: list[str] = []
        """Markdown files linked to that are no posts."""
        self.refused: list[str] = []
        """Addresses written with a scheme that nothing may lead to, such as `javascript:`."""

    def resolve(self, written: str) -> str | None:
        """Return the absolute address (http, https or mailto; ASCII), or None if nothing may lead there."""
        if written not in self._known:
            try:
                self._known[written] = self._resolve(_INVISIBLE.sub("", written))
            except ValueError:
                self._known[written] = None
        return self._known[written]

    def _resolve(self, address: str) -> str | None:
        scheme = _SCHEME.match(address)
        if scheme:
            if scheme[1].lower() in SCHEMES:
                return _checked(address)
            self.refused.append(address)
            return None
        if address.startswith("#"):
            return self._page.url + (f"#{self._page.prefix}{ascii_address(address[1:])}" if len(address) > 1 else "")
        address = _PELICAN.sub("", unquote(address) if address.startswith(("%7B", "%7C")) else address)
        if not address.startswith("//"):
            ours = self._of_ours(address)
            if ours:
                return ours
        return _checked(urljoin(self._page.url, address))

    def _of_ours(self, address: str) -> str | None:
        """Return the address of a neighbouring post or of a file beside this one, if that is what is meant."""
        path, mark, fragment = address.partition("#")
        path, question, query = path.partition("?")
        name = unquote(path)
        if not name:
            return None
        if name.lower().endswith(_MARKDOWN):
            path = self._place(name)
            page = self._pages.get(path)
            self.looked_up[path] = page.place if page else None
            if page is None:
                self.unknown.append(name)
                return None
            return page.url + (f"#{page.prefix}{ascii_address(fragment)}" if fragment else "")
        url = self._assets.find(name) if self._assets else None
        return None if url is None else ascii_address(url + question + query + mark + fragment)

    def _place(self, name: str) -> str:
        folder = self._top if name.startswith("/") else self._folder
        return posixpath.normpath(posixpath.join(folder, name.lstrip("/")))


def _checked(url: str) -> str | None:
    """Return an absolute address in ASCII, or None if it is none that a reader could follow."""
    if _USUAL.fullmatch(url):
        return url
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    if scheme in {"http", "https"} and parts.hostname:
        return ascii_address(url)
    return ascii_address(url) if scheme == "mailto" and parts.path else None


def ascii_address(url: str) -> str:
    """Percent-encode what may not stand in an address; what is encoded already stays."""
    return url if _PLAIN.fullmatch(url) else quote(url, safe=_SAFE)

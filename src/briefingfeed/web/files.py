"""The built site, served from its folder, so that `briefingfeed serve` shows everything as readers will see it."""

from __future__ import annotations

import os
import stat
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.utils import formatdate
from io import BufferedReader
from urllib.parse import quote

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from briefingfeed.models.settings import Settings
from briefingfeed.site.redirects import REDIRECTS
from briefingfeed.web.conditions import UnsatisfiableError, accepts_gzip, asked_part, has_current_copy
from briefingfeed.web.headers import SCRIPTED_POLICY, SITE_POLICY
from briefingfeed.web.media import ARCHIVE, PAGE, cache_control, is_feed, is_text, media_type, opened_type
from briefingfeed.web.pages import Pages
from briefingfeed.web.redirects import Redirects
from briefingfeed.web.shelf import Copy, Shelf

_CHUNK = 256 * 1024
_HASH_SHOWN = 12
"""Digits of a content's hash that pages put into the address of what they load: `site.css?v=0123456789ab`."""
_SCRIPTED = ("subscribe/", "subscribe/index.html")
_NOT_WITHOUT_CONTENT = ("Content-Type", "Accept-Ranges", "Link")
"""Headers that a 304 does without."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What was asked for has this Location."""

    location: str
    status: int


@dataclass(frozen=True, slots=True)
class Found:
    copy: Copy
    handle: BufferedReader | None
    """For a content that is too large to keep; whoever answers closes it."""


class SiteFiles:
    """Answers GET and HEAD from the output folder, which may come, go and change meanwhile.

    Nothing outside the folder is ever shown, nor anything whose name begins with a dot.
    """

    def __init__(self, settings: Settings, pages: Pages) -> None:
        self._folder = settings.paths.output
        self._home = settings.publication.url
        self._hub = settings.feeds.websub_hub
        self._pages = pages
        self._shelf = Shelf()
        self._redirects = Redirects(self._folder, self._home)

    async def answer(self, request: Request) -> Response:
        path = request.path_params["path"]
        found = await run_sync(self._find, path)
        if isinstance(found, Elsewhere):
            request.scope["what"] = "an old address" if found.status == 301 else "a folder"
            return RedirectResponse(found.location, found.status, headers={"Cache-Control": PAGE})
        if found is None:
            return await self._missing(request)
        request.scope["what"] = "a feed" if is_feed(found.copy.name) else "a page of the site"
        return self._representation(request, path, found)

    async def _missing(self, request: Request) -> Response:
        own = await run_sync(self._take, "404.html")
        if not isinstance(own, Found):
            return self._pages.not_found(nothing_built=not self._folder.is_dir())
        headers = {**_headers_of_all(own.copy), "Cache-Control": PAGE, "Content-Length": str(own.copy.size)}
        return _send(request, 404, headers, own, range(own.copy.size))

    def _find(self, path: str) -> Elsewhere | Found | None:
        """Return what stands at a path. Old addresses first: for servers that know no list of them there are pages."""
        location = self._redirects.find(path)
        return Elsewhere(location, 301) if location else self._take(path)

    def _take(self, path: str) -> Elsewhere | Found | None:
        parts = path.split("/")
        if "\0" in path or path == REDIRECTS or any(part.startswith(".") for part in parts):
            return None
        try:
            root = self._folder.resolve()
            file = root.joinpath(*filter(None, parts)).resolve()
            if not file.is_relative_to(root):
                return None
            if stat.S_ISDIR(os.stat(file).st_mode):  # noqa: PTH116 - Path.is_dir() hides what is wrong
                if parts[-1]:
                    # Relative, so that it is right behind any proxy and never leads to another host.
                    return Elsewhere(f"./{quote(parts[-1])}/", 308)
                file /= "index.html"
            elif not parts[-1]:
                return None
            return Found(*self._shelf.take(file))
        except OSError:
            return None

    def _representation(self, request: Request, path: str, found: Found) -> Response:
        """Return the copy in the form that the request asks for, or word that the reader has it already."""
        copy = found.copy
        packed = copy.gzipped if accepts_gzip(request.headers) else None
        opened = opened_type(copy.name) if request.headers.get("sec-fetch-dest") == "document" else None
        # Each form has its own: a cache may ask with the tags of all that it has of an address, and after a 304 shows
        # the one that is named, with the type that this one came with (RFC 9111, section 4.3).
        etag = f'"{copy.digest}{"-xml" if opened else ""}{"-gzip" if packed is not None else ""}"'
        headers = {**_headers_of_all(copy), **self._headers_of_its_kind(request, path, copy), "ETag": etag}
        if opened:
            headers["Content-Type"] = opened
        if has_current_copy(request.headers, etag=etag, modified=copy.modified):
            _close(found)
            kept = {name: value for name, value in headers.items() if name not in _NOT_WITHOUT_CONTENT}
            return Response(status_code=304, headers=kept)
        if packed is not None:
            headers |= {"Content-Encoding": "gzip", "Content-Length": str(len(packed))}
            return Response(b"" if request.method == "HEAD" else packed, headers=headers)
        return _plain(request, found, headers, etag)

    def _headers_of_its_kind(self, request: Request, path: str, copy: Copy) -> dict[str, str]:
        by_hash = request.query_params.get("v") == copy.digest[:_HASH_SHOWN]
        pushed = self._hub is not None and is_feed(copy.name) and not path.startswith(ARCHIVE)
        headers = {"Cache-Control": cache_control(copy.name, by_hash=by_hash, pushed=pushed)}
        if path in _SCRIPTED:
            headers["Content-Security-Policy"] = SCRIPTED_POLICY
        if pushed:
            itself = _ascii(f"{self._home}/") + quote(path)
            headers["Link"] = f'<{_ascii(self._hub or "")}>; rel="hub", <{itself}>; rel="self"'
        return headers


def _headers_of_all(copy: Copy) -> dict[str, str]:
    kind = media_type(copy.name)
    headers = {
        "Content-Type": kind,
        "Content-Security-Policy": SITE_POLICY,
        "Last-Modified": formatdate(copy.modified, usegmt=True),
        "Accept-Ranges": "none" if is_text(kind) else "bytes",
    }
    if is_text(kind):
        headers["Vary"] = "Accept-Encoding, Sec-Fetch-Dest" if opened_type(copy.name) else "Accept-Encoding"
    return headers


def _plain(request: Request, found: Found, headers: dict[str, str], etag: str) -> Response:
    """Answer with the bytes as they are: all of them, or the part that a player asks for."""
    copy = found.copy
    part, status = None, 200
    if request.method == "GET" and headers["Accept-Ranges"] == "bytes":
        try:
            part = asked_part(request.headers, etag=etag, modified=copy.modified, size=copy.size)
        except UnsatisfiableError:
            _close(found)
            return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{copy.size}"})
    if part is not None:
        headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{copy.size}"
        status = 206
    else:
        part = range(copy.size)
    headers["Content-Length"] = str(len(part))
    return _send(request, status, headers, found, part)


def _send(request: Request, status: int, headers: dict[str, str], found: Found, part: range) -> Response:
    if found.copy.content is not None or request.method == "HEAD":
        _close(found)
        content = b"" if request.method == "HEAD" else (found.copy.content or b"")[part.start : part.stop]
        return Response(content, status, headers)
    assert found.handle is not None  # noqa: S101
    return StreamingResponse(_read(found.handle, part), status, headers)


async def _read(handle: BufferedReader, part: range) -> AsyncIterator[bytes]:
    try:
        await run_sync(handle.seek, part.start)
        left = len(part)
        while left:
            chunk = await run_sync(handle.read, min(_CHUNK, left))
            if not chunk:
                return
            left -= len(chunk)
            yield chunk
    finally:
        handle.close()


def _close(found: Found) -> None:
    if found.handle is not None:
        found.handle.close()


def _ascii(url: str) -> str:
    return quote(url, safe="%:/?#[]@!$&'()*+,;=~")

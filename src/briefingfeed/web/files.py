"""The built site, served from its folder, so that `briefingfeed serve` shows everything as readers will see it."""

from __future__ import annotations

import mimetypes
import os
import stat
from pathlib import Path
from urllib.parse import quote

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from briefingfeed.web.headers import SITE_POLICY
from briefingfeed.web.pages import Pages

_FEEDS = {
    "atom.xml": "application/atom+xml",
    "rss.xml": "application/rss+xml",
    "feed.json": "application/feed+json",
}
_TYPES = {
    ".avif": "image/avif",
    ".css": "text/css",
    ".html": "text/html",
    ".ics": "text/calendar",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
    ".xml": "application/xml",
}
"""What computers disagree about; the rest is asked of `mimetypes`."""


class SiteFiles:
    """Answers GET and HEAD from `folder`, which may come, go and change meanwhile.

    Nothing outside the folder is ever shown, nor anything whose name begins with a dot.
    """

    def __init__(self, folder: Path, pages: Pages) -> None:
        self._folder = folder
        self._pages = pages
        self._static = StaticFiles(directory=folder, check_dir=False)

    async def answer(self, request: Request) -> Response:
        path = request.path_params["path"]
        found = await run_sync(self._find, path)
        if found is None:
            return await self._missing(request)
        file, status = found
        if stat.S_ISDIR(status.st_mode):
            # Relative, so that it is right behind any proxy and never leads to another host.
            return RedirectResponse(f"./{quote(path.rpartition('/')[2])}/", 308)
        request.scope["what"] = "a page of the site"
        return self._as_site(self._static.file_response(file, status, request.scope), file)

    async def _missing(self, request: Request) -> Response:
        own = await run_sync(self._find, "404.html")
        if own is None:
            return self._pages.not_found(nothing_built=not self._folder.is_dir())
        return self._as_site(FileResponse(own[0], 404, stat_result=own[1]), own[0])

    def _find(self, path: str) -> tuple[Path, os.stat_result] | None:
        """Return the file that stands for a path; a folder if the path lacks its closing slash."""
        parts = path.split("/")
        if "\0" in path or any(part.startswith(".") for part in parts):
            return None
        try:
            root = self._folder.resolve()
            file = root.joinpath(*filter(None, parts)).resolve()
            if not file.is_relative_to(root):
                return None
            status = file.stat()
            if stat.S_ISDIR(status.st_mode):
                index = file / "index.html"
                status_of_index = index.stat()
                return (index, status_of_index) if not parts[-1] else (file, status)
        except OSError:
            return None
        return (file, status) if stat.S_ISREG(status.st_mode) and parts[-1] else None

    def _as_site(self, response: Response, file: Path) -> Response:
        response.headers["Content-Security-Policy"] = SITE_POLICY
        response.headers["Cache-Control"] = "no-cache"
        if isinstance(response, FileResponse):
            response.headers["Content-Type"] = media_type(file.name)
        return response


def media_type(name: str) -> str:
    """Return the Content-Type of a file of the site; our feeds have types of their own."""
    kind = _FEEDS.get(name) or _TYPES.get(Path(name).suffix.lower())
    kind = kind or mimetypes.guess_type(name)[0] or "application/octet-stream"
    is_text = kind.startswith("text/") or kind.endswith(("xml", "json", "javascript"))
    return f"{kind}; charset=utf-8" if is_text else kind

"""What the form does: open a post, save it, begin a new one, put a picture beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from anyio.to_thread import run_sync
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from briefingfeed.models.post import Author
from briefingfeed.models.settings import Settings
from briefingfeed.posts.discovery import shown_path
from briefingfeed.posts.people import load_authors
from briefingfeed.preview.paper import content_of, opened_as_json, text_in
from briefingfeed.services.previewing.desk import Desk
from briefingfeed.services.previewing.files import Opened, open_post, save_post
from briefingfeed.services.previewing.pictures import MOST_BYTES, add_picture, too_large
from briefingfeed.services.publishing.create import create_post
from briefingfeed.services.publishing.post_library import AUTHORS

_MOST_OF_A_FORM = 8 * 1024 * 1024
"""Bytes; a post may have two million, and JSON may write each of them as six."""


class Writing:
    """All that the preview ever writes goes through here, and into the posts folder."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def form(self, request: Request) -> Response:
        settings, people = self._surroundings()
        opened = await run_sync(partial(open_post, settings, request.query_params.get("of", ""), people))
        return JSONResponse(opened_as_json(opened, people))

    async def save(self, request: Request) -> Response:
        data = await _json(request)
        path, base, content = text_in(data, "of"), text_in(data, "base"), content_of(data)
        settings, people = self._surroundings()

        def save() -> Opened:
            saved = save_post(settings, path, base, content, people, self._now())
            self._desk.look()
            return saved

        return JSONResponse(opened_as_json(await run_sync(save), people))

    async def begin(self, request: Request) -> Response:
        """Begin a post: a draft of today, as `briefingfeed new` makes it."""
        title = text_in(await _json(request), "title")
        settings, _ = self._surroundings()
        today = self._now().astimezone(settings.publication.timezone).date()

        def begin() -> str:
            file = create_post(settings, " ".join(title.split()), today)
            self._desk.look()
            return shown_path(file, settings.paths.root)

        return JSONResponse({"path": await run_sync(begin)})

    async def picture(self, request: Request) -> Response:
        content = await _body(request, MOST_BYTES)
        if content is None:
            raise too_large()
        settings, _ = self._surroundings()
        path, name = request.query_params.get("of", ""), request.query_params.get("name", "")
        return JSONResponse({"name": await run_sync(partial(add_picture, settings, path, name, content))})

    def _surroundings(self) -> tuple[Settings, Mapping[str, Author]]:
        settings = self._desk.view.context.settings
        return settings, load_authors(settings.paths.root / AUTHORS)[0]

    def _now(self) -> datetime:
        return self._desk.view.context.now()


async def _json(request: Request) -> Any:
    content = await _body(request, _MOST_OF_A_FORM)
    if content is None:
        raise HTTPException(413)
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise HTTPException(400) from None


async def _body(request: Request, most: int) -> bytes | None:
    """Return the body; None, without reading on, if it is larger."""
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > most:
            return None
    return bytes(content)

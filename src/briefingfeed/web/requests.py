"""What surrounds every request: where we are mounted, how much we read, what the log may say, what never escapes."""

from __future__ import annotations

import asyncio
import logging
import time
import traceback

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BODY = 64 * 1024
"""Bytes of a request's body. A one-click request has 26."""
PATIENCE = 30.0
"""Seconds for a whole body. Few requests may be under way at once: who holds one back keeps others out."""

access = logging.getLogger("briefingfeed.web.access")
errors = logging.getLogger("briefingfeed.web.errors")


class Mounted:
    """Serves below a path, such as the `/mail` of a public address `https://example.org/mail`.

    A reverse proxy may cut the path off before it asks us, or leave it on: both work.
    """

    def __init__(self, app: ASGIApp, *, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["root_path"] = self._prefix
            if self._prefix and scope["path"] == self._prefix:
                await RedirectResponse(f"{self._prefix}/", 308)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class BodyLimit:
    """Stops reading a body that is larger than anything we expect (413), or that does not come to its end (408)."""

    def __init__(self, app: ASGIApp, *, most: int = MOST_BODY, patience: float = PATIENCE) -> None:
        self._app = app
        self._most = most
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        size = 0
        deadline: float | None = asyncio.get_running_loop().time() + self._patience

        async def receive_some() -> Message:
            nonlocal size, deadline
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, headers={"Connection": "close"}) from None
            if not message.get("more_body"):
                deadline = None  # what comes now is the end of the connection, whenever that may be
            size += len(message.get("body", b""))
            if size > self._most:
                raise HTTPException(413)
            return message

        await self._app(scope, receive_some if scope["type"] == "http" else receive, send)


class Journal:
    """Logs one line per request, and answers what nobody caught with `fallback`.

    The line says what was asked for in our own words (`scope["what"]`, set by whoever answered), never the path: it
    may hold a token. Nor is the client's address logged. Of an unexpected error the log gets its type and where it
    happened, not its text: that may quote an address.
    """

    def __init__(self, app: ASGIApp, *, fallback: Response) -> None:
        self._app = app
        self._fallback = fallback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        began = time.monotonic()
        try:
            await self._app(scope, receive, send_and_note)
        except Exception as error:
            frames = "".join(traceback.format_tb(error.__traceback__))
            errors.error("%s while answering:\n%s", type(error).__name__, frames)
            if not status:
                await self._fallback(scope, receive, send_and_note)
        elapsed = (time.monotonic() - began) * 1000
        access.info("%s %s %d %.0f ms", _word(scope["method"]), scope.get("what", "other"), status, elapsed)


def _word(method: str) -> str:
    return method if method.isascii() and method.isalpha() and len(method) <= 10 else "?"

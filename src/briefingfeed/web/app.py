"""The web application: leaving by one click or one button, what providers tell, and the built site.

No cookie, no login, no script, and no state that changes on GET: mail scanners follow every link. Addresses:

    GET  /u/{token}   one big button; does not even open the database
    POST /u/{token}   leave: RFC 8058 one-click from a mail program, or the page's button; always the same answer
    GET  /u/          what this address is for
    POST /hooks/{provider}   what a provider tells of mails that it took
    GET  /healthz     `ok`
    GET  /…           the site, from the output folder

The preflight of an edition asks for `/u/{token}` with the token of a subscriber id that nobody has: 200 and the header
`Briefingfeed-Page: unsubscribe` prove that readers' links reach this application *and* that it knows the key they are
signed with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route, Router
from starlette.types import ASGIApp

from briefingfeed.errors import TemporaryError
from briefingfeed.look import Look
from briefingfeed.models.settings import Settings
from briefingfeed.providers.webhook import Webhook
from briefingfeed.services.readers.leave import leave
from briefingfeed.storage.database import Database
from briefingfeed.tokens import Keyring, TokenError, read_unsubscribe_token
from briefingfeed.web.files import SiteFiles
from briefingfeed.web.headers import SecurityHeaders
from briefingfeed.web.hooks import MOST_CALL, Hooks
from briefingfeed.web.pages import Pages
from briefingfeed.web.requests import BodyLimit, Journal, Mounted, errors

_NO_WEBHOOKS: Final[Mapping[str, Webhook]] = MappingProxyType({})


def create_app(
    *,
    settings: Settings,
    database: Database,
    keyring: Keyring,
    look: Look,
    now: Callable[[], datetime],
    webhooks: Mapping[str, Webhook] = _NO_WEBHOOKS,
) -> ASGIApp:
    """Return the application. `now` tells the time in UTC; it is asked once per request that changes something.
    `webhooks` are those of the providers that are set up, by their names.

    Raises TemplateError if one of its pages cannot be rendered: better now than for a reader who wants to leave.
    """
    pages = Pages(look, settings)
    leaving = Leaving(database, keyring, pages, now)
    site = SiteFiles(settings, pages)
    hooks = Hooks(webhooks, database, keyring, now)
    calls = Router([Route("/{provider}", hooks.answer, methods=["HEAD", "POST"])])
    pages_and_site = Router(
        [
            Route("/u/", leaving.about),
            Route("/u/{token:path}", leaving.answer, methods=["GET", "POST"]),
            Route("/healthz", _health),
            Route("/{path:path}", site.answer),
        ]
    )
    routes = [Mount("/hooks", BodyLimit(calls, most=MOST_CALL)), Mount("/", BodyLimit(pages_and_site))]
    app: ASGIApp = Starlette(
        routes=routes,
        exception_handlers={HTTPException: partial(_refused, pages), TemporaryError: partial(_busy, pages)},
    )
    public = urlsplit(settings.public_url)
    app = Mounted(app, prefix=public.path.rstrip("/"))
    app = Journal(app, fallback=pages.failed())
    return SecurityHeaders(app, policy=pages.policy, secure=public.scheme == "https")


class Leaving:
    """The pages behind an unsubscribe link."""

    def __init__(self, database: Database, keyring: Keyring, pages: Pages, now: Callable[[], datetime]) -> None:
        self._database = database
        self._keyring = keyring
        self._pages = pages
        self._now = now

    async def about(self, request: Request) -> Response:
        request.scope["what"] = "what unsubscribe links are"
        return self._pages.about()

    async def answer(self, request: Request) -> Response:
        return await (self.leave(request) if request.method == "POST" else self.show(request))

    async def show(self, request: Request) -> Response:
        request.scope["what"] = "unsubscribe page"
        try:
            read_unsubscribe_token(self._keyring, request.path_params["token"])
        except TokenError:
            return self._pages.unknown_link()
        return self._pages.unsubscribe()

    async def leave(self, request: Request) -> Response:
        """Whatever the body says, a POST with a good token leaves; the body only tells who asked."""
        request.scope["what"] = "unsubscribe"
        source = await _source(request)
        token = request.path_params["token"]
        try:
            await run_sync(partial(leave, self._database, self._keyring, token, source=source, now=self._now()))
        except TokenError:
            return self._pages.unknown_link()
        return self._pages.goodbye()


async def _source(request: Request) -> str:
    """Return what the consent row shall name: RFC 8058 section 3.2, or our page's button."""
    try:
        async with request.form(max_files=1, max_fields=20) as form:
            return "one-click" if form.get("List-Unsubscribe") == "One-Click" else "page"
    except HTTPException as error:
        if error.status_code in (408, 413):
            raise
        return "page"


async def _health(request: Request) -> Response:
    request.scope["what"] = "health"
    return PlainTextResponse("ok\n")


async def _refused(pages: Pages, _request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 400
    page = pages.not_found() if status == 404 else pages.refused(status)
    if isinstance(error, HTTPException) and error.headers:
        page.headers.update(error.headers)
    return page


async def _busy(pages: Pages, _request: Request, error: Exception) -> Response:
    errors.error("%s", error)
    return pages.busy()

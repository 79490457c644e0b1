"""What the page asks for: the state of things, and each post and edition as its readers will have it."""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anyio.to_thread import run_sync
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse

from briefingfeed.errors import BriefingfeedError
from briefingfeed.models.edition import Rendition, SlotName
from briefingfeed.models.post import Post
from briefingfeed.newsletter.placeholders import placeholders_of
from briefingfeed.preview.framing import FRAME_POLICY, Scheme, framed, in_scheme, said
from briefingfeed.preview.pages import Pages
from briefingfeed.preview.state import remark_as_json, state_of
from briefingfeed.preview.watching import Watch
from briefingfeed.services.previewing.desk import Desk
from briefingfeed.services.previewing.remarks import remarks_on
from briefingfeed.services.previewing.specimen import edition_page, feed_files, post_mail, post_page, site_file
from briefingfeed.services.previewing.views import EditionView, View

_FRAME = {"content-security-policy": FRAME_POLICY}
_EDITION = "edition:"
_NO_POSTS = "No post would go with this edition, so there would be none."
_BROKEN = "This post cannot be shown before it is mended; what is wrong stands beside it."
_NO_PAGE = "The pages of this publication are on a site of their own."
_FEEDS = {"atom": "atom.xml", "rss": "rss.xml", "json": "feed.json"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be shown: a post, or the next edition of a cadence."""

    view: View
    post: Post | None = None
    edition: EditionView | None = None
    rendition: Rendition | None = None
    why_not: str = ""


class Reading:
    """Every GET. Nothing changes by any of them."""

    def __init__(self, desk: Desk, watch: Watch, pages: Pages) -> None:
        self._desk = desk
        self._watch = watch
        self._pages = pages

    async def page(self, _request: Request) -> Response:
        return self._pages.page((await self._view()).context.look)

    async def part(self, request: Request) -> Response:
        answer = self._pages.part(self._desk.view.context.look, request.path_params["name"])
        if answer is None:
            raise HTTPException(404)
        return answer

    async def state(self, _request: Request) -> Response:
        return JSONResponse(state_of(await self._view()))

    async def remarks(self, request: Request) -> Response:
        """What is to be said about one post, whether an edition carries it or not."""

        def answer() -> list[dict[str, Any]]:
            return [remark_as_json(each) for each in remarks_on(self._desk.view, request.query_params.get("of", ""))]

        return JSONResponse(await run_sync(answer))

    async def events(self, _request: Request) -> Response:
        return StreamingResponse(self._watch.events(), media_type="text/event-stream")

    async def text(self, request: Request) -> Response:
        return await self._plain(request, lambda asked: _filled(asked.view, asked.rendition, "text"))

    async def source(self, request: Request) -> Response:
        return await self._plain(request, lambda asked: _filled(asked.view, asked.rendition, "html"))

    async def feed_source(self, request: Request) -> Response:
        name = _FEEDS.get(request.query_params.get("format", "atom"), "atom.xml")

        def made(asked: Asked) -> str:
            return feed_files(asked.view, asked.post)[name].decode()

        return await self._plain(request, made, needs_mail=False)

    async def mail(self, request: Request) -> Response:
        return await self._framed(request, lambda asked: _filled(asked.view, asked.rendition, "html"))

    async def feed(self, request: Request) -> Response:
        """The feed as a reader shows it, which does so in its own way: only order and content are the feed's."""

        def made(asked: Asked) -> str:
            feed = json.loads(feed_files(asked.view, asked.post)["feed.json"])
            return asked.view.context.look.render("preview/feed.html", feed=feed)

        return await self._framed(request, made, needs_mail=False)

    async def site_page(self, request: Request) -> Response:
        return await self._framed(request, _page, needs_mail=False)

    async def site(self, request: Request) -> Response:
        """Whatever pages and mails show: styles, pictures."""
        path, scheme = request.path_params["path"], _scheme(request)
        found = await run_sync(lambda: site_file(self._desk.view, path))
        if found is None or path.endswith((".html", ".js")):
            raise HTTPException(404)
        kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
        if isinstance(found.content, Path):
            return FileResponse(found.content, media_type=kind, headers=_FRAME)
        content = in_scheme(found.content.decode(), scheme) if kind == "text/css" else found.content
        return Response(content, media_type=kind, headers=_FRAME)

    async def _view(self) -> View:
        """What was seen last, if files are watched; else what is there now."""
        return self._desk.view if self._watch.is_watching else await run_sync(self._desk.look)

    async def _plain(self, request: Request, made: Callable[[Asked], str], *, needs_mail: bool = True) -> Response:
        def answer() -> Response:
            asked = self._asked(request, needs_mail=needs_mail)
            return PlainTextResponse(asked.why_not or made(asked))

        return await run_sync(answer)

    async def _framed(self, request: Request, made: Callable[[Asked], str], *, needs_mail: bool = True) -> Response:
        scheme = _scheme(request)

        def answer() -> str:
            asked = self._asked(request, needs_mail=needs_mail)
            if asked.why_not:
                return said(asked.why_not, scheme)
            home = asked.view.context.settings.publication.url
            try:
                return framed(made(asked), scheme, {f"{home}/": f"/frame/{scheme}/site/"})
            except BriefingfeedError as error:
                return said(str(error), scheme)

        return HTMLResponse(await run_sync(answer), headers=_FRAME)

    def _asked(self, request: Request, *, needs_mail: bool) -> Asked:
        """Raises HTTPException (404) for what is neither a post nor an edition."""
        view, name = self._desk.view, request.query_params.get("of", "")
        if name.startswith(_EDITION):
            edition = view.edition(name.removeprefix(_EDITION))
            if edition is None:
                raise HTTPException(404)
            why_not = "" if edition.rendition or not needs_mail else _NO_POSTS
            return Asked(view, edition=edition, rendition=edition.rendition, why_not=why_not)
        if name not in {each.path for each in view.posts}:
            raise HTTPException(404)
        post = view.post(name)
        if post is None:
            return Asked(view, why_not=_BROKEN)
        try:
            return Asked(view, post, rendition=post_mail(view, post)[0] if needs_mail else None)
        except BriefingfeedError as error:
            return Asked(view, post, why_not=str(error))


def _page(asked: Asked) -> str:
    if asked.edition and not asked.edition.rendition:
        return said(_NO_POSTS, Scheme.LIGHT)
    view = asked.view
    shown = edition_page(view, asked.edition) if asked.edition else post_page(view, asked.post) if asked.post else None
    if shown is None or isinstance(shown.content, Path):
        return said(_NO_PAGE, Scheme.LIGHT)
    root, home = "../" * shown.path.count("/") or "./", view.context.settings.publication.url
    # It is looked at from another address than its own, so what it says about the way from there is spelt out.
    spelt_out = shown.content.decode().replace(f'="{root}', f'="{home}/')
    return spelt_out.replace(f'href="{home}/assets/', 'href="site/assets/')


def _filled(view: View, rendition: Rendition | None, part: str) -> str:
    """Return a part of a mail with an example where each copy has its own."""
    if rendition is None:
        return ""
    link = f"{view.context.settings.public_url}/u/example"
    content = rendition.html if part == "html" else rendition.text
    return content.replace(placeholders_of(rendition)[SlotName.UNSUBSCRIBE_URL], link)


def _scheme(request: Request) -> Scheme:
    return Scheme.DARK if request.path_params["scheme"] == Scheme.DARK else Scheme.LIGHT

"""The preview's web application. Addresses:

GET  /                              the page
GET  /app/{name}                    its style and scripts
GET  /state, /events                what there is, and word of each change (server-sent events)
GET  /remarks                       what is to be said about one post
GET  /text, /source, /feed          of a post or an edition, as plain text
GET  /frame/{scheme}/…              the same as readers see it, in a sandbox
GET  /form                          a post as a form
POST /form, /posts, /pictures       save it, begin a new one, put a picture beside it
"""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from briefingfeed.errors import BriefingfeedError
from briefingfeed.preview.guard import Guard, Secrets
from briefingfeed.preview.pages import Pages
from briefingfeed.preview.reading import Reading
from briefingfeed.preview.watching import Watch
from briefingfeed.preview.writing import Writing
from briefingfeed.services.previewing.desk import Desk
from briefingfeed.services.previewing.files import ChangedMeanwhileError


class Preview:
    """The application, and what a server must know to run it."""

    def __init__(self, desk: Desk) -> None:
        self._keys = Secrets()
        self._watch = Watch(desk)
        routes = [*_reading_routes(Reading(desk, self._watch, Pages(self._keys))), *_writing_routes(Writing(desk))]
        handlers = {HTTPException: _refused, BriefingfeedError: _told}
        self.app: ASGIApp = Guard(Starlette(routes=routes, exception_handlers=handlers), self._keys)

    @property
    def query(self) -> str:
        """What the address for people ends with."""
        return f"/?key={self._keys.entry}"

    def stop(self) -> None:
        """For the server to call before it waits for answers under way."""
        self._watch.stop()


def _reading_routes(reading: Reading) -> list[BaseRoute]:
    frame = "/frame/{scheme}"
    return [
        Route("/", reading.page),
        Route("/app/{name}", reading.part),
        Route("/state", reading.state),
        Route("/remarks", reading.remarks),
        Route("/events", reading.events),
        Route("/text", reading.text),
        Route("/source", reading.source),
        Route("/feed", reading.feed_source),
        Route(f"{frame}/mail", reading.mail),
        Route(f"{frame}/feed", reading.feed),
        Route(f"{frame}/site", reading.site_page),
        Route(f"{frame}/site/{{path:path}}", reading.site),
    ]


def _writing_routes(writing: Writing) -> list[BaseRoute]:
    return [
        Route("/form", writing.form, methods=["GET"]),
        Route("/form", writing.save, methods=["POST"]),
        Route("/posts", writing.begin, methods=["POST"]),
        Route("/pictures", writing.picture, methods=["POST"]),
    ]


async def _refused(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    words = "There is nothing at this address." if status == 404 else "This cannot be done here."
    return PlainTextResponse(f"{words}\n", status)


async def _told(_request: Request, error: Exception) -> Response:
    """What went wrong in the publication, for the page to show."""
    remedy = error.remedy if isinstance(error, BriefingfeedError) else None
    message = error.message if isinstance(error, BriefingfeedError) else str(error)
    more = {"theirs": error.theirs, "base": error.base} if isinstance(error, ChangedMeanwhileError) else {}
    return JSONResponse({"message": message, "remedy": remedy, **more}, 409 if more else 422)

"""`check --online`: whether what posts link to elsewhere is still there. Bounded in number, time and size."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from html import unescape
from http import HTTPStatus
from urllib.parse import urldefrag, urljoin, urlsplit

from briefingfeed.http import HTTPError, PrivateAddressError, open_client
from briefingfeed.models.post import Post
from briefingfeed.models.problem import Problem, Severity
from briefingfeed.models.settings import Settings

MOST_ADDRESSES = 500
"""Those of the newest posts are asked for; older ones another day."""
_AT_ONCE = 8
_PATIENCE = 15.0
_WHOLE_PATIENCE = 60.0
"""Seconds for one address, redirects included."""
_MOST_REDIRECTS = 5
_LINK = re.compile(r'<(?:a|img)\b[^>]*?\s(?:href|src)="(https?://[^"]*)"')
_REMEDY = "Follow it yourself. If it is gone, link to where it is now, or to a copy at web.archive.org."
_NOT_FOR_PROGRAMS = frozenset({401, 403, 405, 406, 429, 451, 999})
"""Answers by which servers turn programs away; people may well be let in."""


def outside_problems(posts: Sequence[Post], settings: Settings, *, allow_loopback: bool = False) -> tuple[Problem, ...]:
    """Ask for each address that `posts` link to beyond the publication's own; warn of those that cannot be had.

    Nothing is asked of private addresses; `allow_loopback` is for tests.
    """
    places: dict[str, list[Post]] = {}
    for post in posts:
        for written in _LINK.findall(post.body.html):
            address = urldefrag(unescape(written)).url
            if not f"{address}/".startswith(f"{settings.publication.url}/"):
                places.setdefault(address, []).append(post)
    addresses = [*places][:MOST_ADDRESSES]
    answers = asyncio.run(_ask_all(addresses, allow_loopback=allow_loopback))
    return tuple(
        Problem(path=path, message=f"{address}: {trouble}", remedy=_REMEDY, severity=Severity.WARNING)
        for address, trouble in zip(addresses, answers, strict=True)
        if trouble
        for path in dict.fromkeys(post.path for post in places[address])
    )


async def _ask_all(addresses: Sequence[str], *, allow_loopback: bool) -> list[str]:
    places = asyncio.Semaphore(_AT_ONCE)

    async def ask(address: str) -> str:
        async with places:
            try:
                async with asyncio.timeout(_WHOLE_PATIENCE):
                    return await _trouble(address, allow_loopback=allow_loopback)
            except TimeoutError:
                return "no answer in time"

    return list(await asyncio.gather(*map(ask, addresses)))


async def _trouble(address: str, *, allow_loopback: bool) -> str:
    """Return what is wrong with an address; empty if it can be read."""
    try:
        for _ in range(_MOST_REDIRECTS + 1):
            status, onward = await _answer(address, allow_loopback=allow_loopback)
            if not onward:
                return _judged(status)
            address = urljoin(address, onward)
            if urlsplit(address).scheme not in {"http", "https"}:
                return "it leads on to what is no web address"
    except PrivateAddressError:
        return "it leads to a private address, where readers cannot follow"
    except (HTTPError, ValueError):
        return "the server cannot be reached"
    return "it leads on and on"


async def _answer(address: str, *, allow_loopback: bool) -> tuple[int, str | None]:
    """Return the status and where it leads on to. Servers that know no HEAD are asked with GET; no body is read."""
    async with open_client(connect_seconds=_PATIENCE, read_seconds=_PATIENCE, allow_loopback=allow_loopback) as client:
        for method in ("HEAD", "GET"):
            async with client.stream(method, address) as answer:
                if answer.is_success or answer.has_redirect_location:
                    break
        return answer.status_code, answer.headers.get("Location") if answer.has_redirect_location else None


def _judged(status: int) -> str:
    if status < HTTPStatus.BAD_REQUEST or status in _NOT_FOR_PROGRAMS:
        return ""
    if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        return f"there is nothing any more ({status})"
    return f"the server answers {status}"

"""Who may ask: only the person who was told the address, from a page of ours, on this machine.

Other pages that are open in the same browser must neither read nor write here (CSRF), nor by a name of theirs that
suddenly means 127.0.0.1 (DNS rebinding). So every request must name a loopback host; it must bring the cookie that the
address from the terminal was exchanged for; and a request that changes something must also come from our own page and
bring a header that only this page knows.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

WRITING_HEADER = "x-briefingfeed-preview"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
_HOSTS = ("127.0.0.1", "localhost")
_SAFE = ("GET", "HEAD")


def _secret() -> str:
    return secrets.token_urlsafe(24)


@dataclass(frozen=True, slots=True)
class Secrets:
    """Drawn anew for each run."""

    entry: str = field(default_factory=_secret)
    """In the address that the terminal shows."""
    session: str = field(default_factory=_secret)
    """In the cookie."""
    writing: str = field(default_factory=_secret)
    """In a header of each request that changes something."""


class Guard:
    """Lets good requests through, and adds to every answer what keeps it among ourselves."""

    def __init__(self, app: ASGIApp, keys: Secrets) -> None:
        self._app = app
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        answer = self._refusal(scope) or self._entrance(scope)
        await (answer or self._app)(scope, receive, send_guarded)

    def _entrance(self, scope: Scope) -> Response | None:
        """Exchange the secret of the address for the cookie, and take it out of the address."""
        given = parse_qs(scope["query_string"].decode("latin-1")).get("key")
        if scope["path"] != "/" or not given or not _same(given[0], self._keys.entry):
            return None
        answer = RedirectResponse("/", 303)
        answer.set_cookie(_cookie_name(scope), self._keys.session, httponly=True, samesite="strict", path="/")
        return answer

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        own = _own_hosts(scope)
        if headers.get("host", "") not in own:
            return _refused("This address is not the preview's own. Use the one that the terminal shows.", 421)
        if scope["method"] not in _SAFE:
            return self._refusal_to_write(scope, headers)
        if self._has_cookie(scope) or self._entrance(scope):
            return None
        return _refused(_STRANGER, 403)

    def _refusal_to_write(self, scope: Scope, headers: Headers) -> Response | None:
        is_own_page = headers.get("sec-fetch-site", "same-origin") == "same-origin"
        comes_from_us = is_own_page and headers.get("origin") == f"http://{headers['host']}"
        knows = _same(headers.get(WRITING_HEADER, ""), self._keys.writing)
        if comes_from_us and knows and self._has_cookie(scope):
            return None
        return _refused("Only the preview's own page may change something here.", 403)

    def _has_cookie(self, scope: Scope) -> bool:
        # Not http.cookies: it gives up at the first cookie of another program that it finds odd, and loses ours.
        return _same(HTTPConnection(scope).cookies.get(_cookie_name(scope), ""), self._keys.session)


_STRANGER = (
    "This page is only for the person who started the preview.\n"
    "Open the address that the terminal shows; it is another one each time the preview is started."
)
_HEADERS = {
    "content-security-policy": PAGE_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


def _refused(words: str, status: int) -> Response:
    return PlainTextResponse(f"{words}\n", status)


def _same(given: str, secret: str) -> bool:
    return hmac.compare_digest(given.encode(), secret.encode())


def _own_hosts(scope: Scope) -> frozenset[str]:
    server = scope.get("server") or ("", None)
    return frozenset(f"{host}:{server[1]}" for host in _HOSTS)


def _cookie_name(scope: Scope) -> str:
    """Cookies know no ports, and two previews may run beside each other."""
    return f"briefingfeed-preview-{(scope.get('server') or ('', 0))[1]}"

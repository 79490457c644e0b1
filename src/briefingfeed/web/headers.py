"""Headers that every answer carries, whatever made it: pages, files, errors, redirects."""

from __future__ import annotations

import base64
import hashlib

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_YEAR = 365 * 24 * 60 * 60

SITE_POLICY = (
    "default-src 'none'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src * data:; media-src *; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""For the built site: no script runs, and nobody frames it. Posts may show images from elsewhere; the columns of their
tables are aligned by style attributes, the only ones that sanitising lets through."""

SCRIPTED_POLICY = f"{SITE_POLICY}; script-src 'self'"
"""For the one page that has a script: the buttons that copy a feed's address. What posts say is not on it."""


def page_policy(style: str) -> str:
    """Return the policy of our own pages: nothing is loaded, from anywhere; the one style element is named by hash."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


class SecurityHeaders:
    """Adds what is missing: an answer that brings its own policy or caching keeps it.

    `secure` says whether readers come by https: then browsers are told to stay there.
    """

    def __init__(self, app: ASGIApp, *, policy: str, secure: bool) -> None:
        self._app = app
        self._headers = {
            "content-security-policy": policy,
            "x-content-type-options": "nosniff",
            "referrer-policy": "no-referrer",
            "cross-origin-opener-policy": "same-origin",
            "permissions-policy": "interest-cohort=()",
            "cache-control": "no-store",
        }
        if secure:
            self._headers["strict-transport-security"] = f"max-age={_YEAR}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)

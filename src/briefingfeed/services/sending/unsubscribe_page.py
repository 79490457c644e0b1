"""Whether readers' unsubscribe links lead where they should: asked before an edition that leaves this machine."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from urllib.parse import urlsplit

from briefingfeed.hosts import is_loopback

PAGE_HEADER = "Briefingfeed-Page"
PAGE = "unsubscribe"
"""What the header says on the page that `web` shows for a link it can read."""
_PATIENCE = 15.0


def page_trouble(url: str) -> str | None:
    """Fetch an unsubscribe page by GET, which changes nothing; return what is wrong with it in words, or None."""
    host = urlsplit(url).hostname or ""
    if is_loopback(host):
        return f"readers can't reach {host}, it is this machine."
    return asyncio.run(ask_page(url))


async def ask_page(url: str) -> str | None:
    """As `page_trouble`, wherever the page is."""
    from briefingfeed.http import HTTPError, open_client  # brings httpx, which most runs do without

    try:
        async with open_client(
            connect_seconds=_PATIENCE,
            read_seconds=_PATIENCE,
            # A server often knows its own name as a loopback address.
            allow_loopback=True,
        ) as client:
            response = await client.get(url)
    except HTTPError as error:
        return f"{error or type(error).__name__}".rstrip(".") + "."
    return page_words(response.status_code, response.headers.get(PAGE_HEADER))


def page_words(status: int, page: str | None) -> str | None:
    """Return what is wrong with an answer. Pure."""
    if status == HTTPStatus.OK and page == PAGE:
        return None
    if page is not None or status == HTTPStatus.NOT_FOUND:
        return f"it answers {status} and can't read our links; it may have another secret key, or be another site."
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return f"it answers {status} and leads elsewhere; one-click unsubscribing needs the page itself."
    return f"it answers {status}, and not with our page."

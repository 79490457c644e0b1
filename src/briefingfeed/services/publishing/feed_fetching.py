"""Fetches a published feed with all its older documents: this site's own, or that of the program it moves from."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from briefingfeed.errors import TemporaryError, UsageError
from briefingfeed.feeds.reading import ReadEntry, ReadFeed, UnreadableFeedError, read_feed
from briefingfeed.hosts import is_loopback
from briefingfeed.http import HTTPError, open_client

MOST_DOCUMENTS = 600
"""Archives by month for fifty years; a feed that leads on for ever ends here."""

LONGEST_DOCUMENT = 20_000_000
"""Bytes of one document that is fetched."""

LONGEST_FILE = 300_000_000
"""Bytes of a file: exports hold a whole blog."""

_MOST_REDIRECTS = 5
_PATIENCE = 30.0


class FeedNotFetchedError(TemporaryError):
    """The feed's server cannot be reached, or answers with something else."""


def read_history(source: str) -> tuple[ReadEntry, ...]:
    """Return all entries of a feed: of its address, followed through its older documents, or of a file.

    Raises UsageError for what is neither, UnreadableFeedError, FeedNotFetchedError if its newest document is not to be
    had. Where the chain of older documents breaks, it ends.
    """
    if not source.startswith(("https://", "http://")):
        return _read_file(Path(source))
    return asyncio.run(_fetch_all(source))


def _read_file(file: Path) -> tuple[ReadEntry, ...]:
    try:
        if file.stat().st_size > LONGEST_FILE:
            raise UsageError("the file is too long for a feed", where=str(file), remedy="split the export")
        content = file.read_bytes()
    except OSError as error:
        raise UsageError(
            f"the file cannot be read: {(error.strerror or str(error)).lower()}",
            where=str(file),
            remedy="name a feed's file, or its address with https:// in front",
        ) from error
    try:
        return read_feed(content).entries
    except UnreadableFeedError as error:
        raise UnreadableFeedError(error.message, where=str(file), remedy=error.remedy) from error


async def _fetch_all(address: str) -> tuple[ReadEntry, ...]:
    found: dict[str, ReadEntry] = {}
    async with aclosing(_documents(address)) as documents:
        async for document in documents:
            before = len(found)
            for entry in document.entries:
                found.setdefault(entry.id, entry)
            if document.entries and len(found) == before:
                break  # some servers answer any page with their last
    return tuple(found.values())


async def _documents(address: str) -> AsyncGenerator[ReadFeed, None]:
    """Yield the newest document, then older ones for as long as each leads to one that was not seen."""
    # Somebody who names this machine means it; an address on the web must not lead back here.
    local = is_loopback(urlsplit(address).hostname or "")
    async with open_client(
        connect_seconds=_PATIENCE,
        read_seconds=_PATIENCE,
        longest_response=LONGEST_DOCUMENT,
        allow_loopback=local,
    ) as client:
        document = read_feed(*await _get(client.get, address))
        seen = {address}
        yield document
        while document.older and document.older not in seen and len(seen) < MOST_DOCUMENTS:
            seen.add(document.older)
            try:
                document = read_feed(*await _get(client.get, document.older))
            except (FeedNotFetchedError, UnreadableFeedError):
                return
            yield document


async def _get(get: Callable[[str], Awaitable[Any]], address: str) -> tuple[bytes, str]:
    """Return bytes and final address; `get` is the client's. Raises FeedNotFetchedError."""
    place = address
    try:
        for _ in range(_MOST_REDIRECTS):
            response = await get(place)
            if response.has_redirect_location:
                place = urljoin(place, response.headers["Location"])
                if not place.startswith(("https://", "http://")):
                    raise _not_fetched("it leads to an address that is not on the web", address)
            elif response.status_code == HTTPStatus.OK:
                content: bytes = response.content
                return content, place
            else:
                raise _not_fetched(f"the server answers {response.status_code}", address)
    except (HTTPError, ValueError) as error:
        raise _not_fetched(str(error).rstrip(".") or type(error).__name__, address) from error
    raise _not_fetched("it is redirected again and again", address)


def _not_fetched(reason: str, address: str) -> FeedNotFetchedError:
    return FeedNotFetchedError(
        f"the feed cannot be fetched: {reason}",
        where=address,
        remedy="open the address in a browser, or try again later",
    )

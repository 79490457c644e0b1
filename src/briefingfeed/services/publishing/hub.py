"""WebSub: tells the hub which feeds have changed, once their new bytes are published (`build --publish`).

The state folder keeps, for each feed, a digest of the bytes that the hub was told of last. So whatever went wrong, a
hub that was down or a build that died, the next run knows what the hub does not know yet. Nothing here ever fails a
build, and nothing but the feed's public address is sent.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from briefingfeed.feeds.characters import ascii_url
from briefingfeed.feeds.rules_sheets import Role, role_of
from briefingfeed.hosts import is_loopback
from briefingfeed.http import HTTPError, open_client
from briefingfeed.models.settings import EXAMPLE_URL, Settings
from briefingfeed.services.publishing import kept_files

TOLD = "websub.json"
"""In the state folder."""

PATIENCE = 10.0
"""Seconds for a hub to take the connection, and again to answer. One that is slower is asked again next time."""

_LONGEST_ANSWER = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """Addresses of feeds, sorted."""

    told: tuple[str, ...] = ()
    """The hub took these."""
    waiting: tuple[str, ...] = ()
    """These it is to be told of next time."""
    trouble: str | None = None
    """Why some are waiting."""
    is_news: bool = True
    """False if the run before met the same trouble."""


def announce(settings: Settings, paths: Iterable[str], patience: float = PATIENCE) -> Announcement:
    """Tell the hub of every published feed that differs from what it was told of last. Does nothing without a hub.

    `paths` are those of the output folder. A hub that does not answer, or answers with an error of its own, is not
    asked again in this run.
    """
    hub = settings.feeds.websub_hub
    if hub is None:
        return Announcement()
    file = settings.paths.state / TOLD
    known, last_trouble = _read(file, hub)
    digests = _digests(settings, paths)
    changed = sorted(address for address, digest in digests.items() if known.get(address) != digest)
    told: list[str] = []
    trouble = None
    if changed:
        trouble = unfit(hub, settings.publication.url)
        if trouble is None:
            told, trouble = asyncio.run(_tell(hub, changed, patience))
    kept = {address: known[address] for address in digests if address in known}
    _write(file, hub, kept | {address: digests[address] for address in told}, trouble)
    return Announcement(
        told=tuple(told),
        waiting=tuple(address for address in changed if address not in told),
        trouble=trouble,
        is_news=trouble != last_trouble,
    )


def is_subscribed(path: str) -> bool:
    """Whether a published file is a feed that readers subscribe to; archive documents are none."""
    return role_of(path) is Role.SUBSCRIBED


def unfit(hub: str, site: str) -> str | None:
    """Return in words why a hub at that address cannot serve a site, or None.

    Only a site on this machine may have a hub on this machine, or one without TLS: to try it out.
    """
    hub_is_here, site_is_here = (is_loopback(urlsplit(address).hostname or "") for address in (hub, site))
    if site == EXAMPLE_URL:
        return "the publication's url is still that of the example"
    if site_is_here and not hub_is_here:
        return f"no hub can reach {site}, which is this machine"
    if hub_is_here and not site_is_here:
        return "it is on this machine, where no reader can reach it"
    if not hub_is_here and not hub.startswith("https://"):
        return "its address must begin with https://"
    return None


async def _tell(hub: str, addresses: list[str], patience: float) -> tuple[list[str], str | None]:
    """Return what the hub took, and the last thing that went wrong."""
    told: list[str] = []
    trouble = None
    async with aclosing(_answers(hub, addresses, patience)) as answers:
        async for address, answer in answers:
            if answer is None:
                told.append(address)
            else:
                trouble = answer
    return told, trouble


async def _answers(hub: str, addresses: list[str], patience: float) -> AsyncGenerator[tuple[str, str | None], None]:
    """Yield each address with what went wrong, until the hub proves to be out of order."""
    async with open_client(
        connect_seconds=patience,
        read_seconds=patience,
        write_seconds=patience,
        longest_response=_LONGEST_ANSWER,
        allow_loopback=is_loopback(urlsplit(hub).hostname or ""),
    ) as client:
        for address in addresses:
            try:
                async with asyncio.timeout(2 * patience):
                    response = await client.post(hub, data={"hub.mode": "publish", "hub.url": address})
            except (HTTPError, TimeoutError) as error:
                yield address, str(error).rstrip(".") or "it does not answer"
                return
            status = response.status_code
            if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
                yield address, None
            elif HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in _LATER:
                yield address, f"it answers {status} for {address}"
            else:
                yield address, _words(status, response.headers.get("Location"))
                return


_LATER = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})


def _words(status: int, location: str | None) -> str:
    if location and HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return f"it has moved to {location[:200]}: write that address into websub_hub if you trust it"
    return f"it answers {status}"


def _digests(settings: Settings, paths: Iterable[str]) -> dict[str, str]:
    """Return address and digest of each feed that stands in the output folder."""
    found = {}
    for path in filter(is_subscribed, paths):
        with suppress(OSError):
            content = (settings.paths.output / path).read_bytes()
            found[ascii_url(f"{settings.publication.url}/{path}")] = hashlib.sha256(content).hexdigest()
    return found


def _read(file: Path, hub: str) -> tuple[Mapping[str, str], str | None]:
    """Return what this hub was told, and its last trouble. Another hub was told nothing."""
    try:
        kept = json.loads(file.read_bytes())
        if kept["hub"] == hub:
            return {str(address): str(digest) for address, digest in kept["told"].items()}, kept["trouble"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    return {}, None


def _write(file: Path, hub: str, told: Mapping[str, str], trouble: str | None) -> None:
    """Remember what was told. If that cannot be written the hub is told again, which does no harm."""
    text = json.dumps({"hub": hub, "trouble": trouble, "told": told}, ensure_ascii=False, sort_keys=True, indent=0)
    with suppress(OSError):
        kept_files.keep(file, text)

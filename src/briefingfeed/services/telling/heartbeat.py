"""`heartbeat_url`: asked after each run that went well, so that a watcher elsewhere notices when none comes.

Its address is a secret: whoever knows it can keep the watcher quiet. No word of it, its host included, is ever written
down or told. And whatever is wrong with it, a run ends as it would have ended without.
"""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta
from http import HTTPStatus

from sqlalchemy import Connection

from briefingfeed.services.telling.notices import Notice
from briefingfeed.services.telling.words import ADVICE
from briefingfeed.storage import meta

PATIENCE = 10.0
"""Seconds, for the connection and again for the answer."""
TOLD_AFTER = timedelta(days=1)
_MARK = "heartbeat"


def beat(url: str, *, allow_loopback: bool, patience: float = PATIENCE) -> str | None:
    """Ask for `url` by GET; return in words what went wrong, or None. Never raises."""
    from briefingfeed.http import PrivateAddressError  # brings httpx, which most runs do without

    try:
        status = asyncio.run(_status(url, patience, allow_loopback=allow_loopback))
    except PrivateAddressError:
        return "its address is not on the public internet"
    except TimeoutError:
        return "it doesn't answer"
    except Exception as error:  # whatever it is: no watcher may fail a run
        return _kind(error)
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return None
    moved = HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST
    return f"it answers {status}{' and leads elsewhere, where we do not follow' * moved}"


async def _status(url: str, patience: float, *, allow_loopback: bool) -> int:
    from briefingfeed.http import open_client

    async with (
        asyncio.timeout(2 * patience),
        open_client(connect_seconds=patience, read_seconds=patience, allow_loopback=allow_loopback) as client,
        client.stream("GET", url) as response,
    ):
        return response.status_code


def _kind(error: Exception) -> str:
    """Name what happened by its kind only: its words may hold the address."""
    name = type(error).__name__
    if "Timeout" in name:
        return "it doesn't answer"
    return "it can't be reached" if "Connect" in name else f"the connection broke ({name})"


def remember(connection: Connection, trouble: str | None, now: datetime) -> None:
    """Keep since when it fails; forget it once it doesn't."""
    kept = _read(connection)
    if trouble is not None:
        since = min(datetime.fromisoformat(kept["since"]), now) if kept else now
        meta.set_mark(connection, _MARK, json.dumps({"since": since.isoformat(), "words": trouble}))
    elif kept is not None:
        meta.set_mark(connection, _MARK, "null")


def heartbeat_trouble(connection: Connection) -> tuple[datetime, str] | None:
    """Return since when and why it fails."""
    kept = _read(connection)
    return (datetime.fromisoformat(kept["since"]), kept["words"]) if kept else None


def heartbeat_notices(connection: Connection, now: datetime) -> tuple[Notice, ...]:
    """Return what is to be told: that it fails, once it has done so for a day."""
    trouble = heartbeat_trouble(connection)
    if trouble is None or now - trouble[0] < TOLD_AFTER:
        return ()
    since, words = trouble
    return (
        Notice(
            topic=f"{ADVICE}heartbeat",
            text=f"heartbeat_url has not worked since {since:%d %B %Y, %H:%M} UTC: {words}.",
            remedy="Look at it there, or correct it in [newsletter]. Everything else goes on as ever.",
            awaits=False,
        ),
    )


def _read(connection: Connection) -> dict[str, str] | None:
    kept: dict[str, str] | None = json.loads(meta.get_mark(connection, _MARK) or "null")
    return kept

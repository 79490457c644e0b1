"""What was published last: every entry that readers were shown, from the state folder, the output, or an address."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from briefingfeed.errors import StorageError
from briefingfeed.feeds.reading import ReadEntry, ReadFeed, UnreadableFeedError, instant, read_feed
from briefingfeed.services.publishing import kept_files

FEED = "feed.json"
"""The document by which the output folder is known again; of the three formats the one that is read fastest."""

HISTORY = "feed-history.json"
"""In the state folder: the entries of all documents that went out with that feed.json."""

_MOST_DOCUMENTS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What readers were shown by now."""

    entries: tuple[ReadEntry, ...] = ()
    """Those that the last build published."""
    gone: tuple[ReadEntry, ...] = ()
    """Those that an earlier one published: a post that comes back has had its id."""


def recall(output: Path, state: Path) -> History:
    """Return every entry that was published, by the state folder if that knows what stands in the output folder.

    If it does not (lost, or restored from a backup that is older), the documents themselves are read, and count where
    both know an id. Nothing is found before the first build. A document that cannot be read tells nothing.
    """
    content = _read(output / FEED)
    digest, kept = _recall(state / HISTORY)
    if content is None or digest == _digest(content):
        return kept
    seen = read_folder(output)
    entries = {entry.id: entry for entry in (*kept.entries, *seen)}
    return History(entries=tuple(entries.values()), gone=kept.gone)


def keep(history: History, output: Path, state: Path) -> None:
    """Remember what was published just now. Raises StorageError."""
    content = _read(output / FEED)
    kept = {
        "feed": _digest(content) if content is not None else "",
        "entries": [_row(entry) for entry in history.entries],
        "gone": [_row(entry) for entry in history.gone],
    }
    text = json.dumps(kept, ensure_ascii=False, separators=(",", ":"))
    file = state / HISTORY
    try:
        kept_files.keep(file, text)
    except OSError as error:
        raise StorageError(
            f"what was published cannot be remembered: {(error.strerror or str(error)).lower()}",
            where=str(file),
            remedy="make room on the disk, or correct the folder's permissions, and build again",
        ) from error


def read_folder(output: Path) -> tuple[ReadEntry, ...]:
    """Return the entries of a published feed and of all its older documents, which stand below the same folder."""
    found: dict[str, ReadEntry] = {}
    seen: set[str] = set()
    path: str | None = FEED
    base: str | None = None
    while path is not None and path not in seen and len(seen) < _MOST_DOCUMENTS:
        seen.add(path)
        content = _read(output / path)
        feed = _feed(content) if content is not None else None
        if feed is None:
            break
        for entry in feed.entries:
            found.setdefault(entry.id, entry)
        base = base if base is not None else (feed.address or "").removesuffix(FEED)
        path = _below(base, feed.older)
    return tuple(found.values())


def _below(base: str, address: str | None) -> str | None:
    """Return the path of an address below `base`, whatever host it names; None if it lies elsewhere."""
    if not address:
        return None
    root, path = urlsplit(base).path, urlsplit(address).path
    inside = path.removeprefix(root).lstrip("/")
    return inside if path.startswith(root) and ".." not in inside.split("/") else None


def _feed(content: bytes) -> ReadFeed | None:
    with suppress(UnreadableFeedError):
        return read_feed(content)
    return None


def _recall(file: Path) -> tuple[str, History]:
    try:
        kept = json.loads(file.read_bytes())
        return kept["feed"], History(entries=tuple(_entries(kept["entries"])), gone=tuple(_entries(kept["gone"])))
    except (OSError, ValueError, KeyError, TypeError):
        return "", History()


def _entries(rows: Iterable[list[Any]]) -> Iterator[ReadEntry]:
    for id_, url, title, published, updated in rows:
        yield ReadEntry(id=id_, url=url, title=title, published=instant(published), updated=instant(updated))


def _row(entry: ReadEntry) -> list[str | None]:
    instants = (at.isoformat() if at else None for at in (entry.published, entry.updated))
    return [entry.id, entry.url, entry.title, *instants]


def _read(file: Path) -> bytes | None:
    with suppress(OSError):
        return file.read_bytes()
    return None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

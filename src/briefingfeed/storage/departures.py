"""Whoever leaves or comes is noted on the connection, and written into the journal just before the commit.

Before, so that no departure is lost with the database. Should the commit then fail, the journal says too much: whoever
clicked is taken at their word all the same, by the next `replay`. If the journal can't be written the departure counts
nevertheless; its line waits in the database for the next try.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from briefingfeed.storage import meta
from briefingfeed.storage.journal import Entry, Journal, Kind, Span, id_mark, lines_of

log = logging.getLogger("briefingfeed.journal")

_NOTED: Final = "briefingfeed_noted"
_UNWRITTEN: Final = "unjournalled"
_POSITION: Final = "journal:"
"""Begins the mark, before the journal's identity, that tells up to which byte the database knows all it says."""


def note(
    c: Connection, kind: Kind, address_hash: str, at: datetime, *, reason: str = "", subscriber_id: str | None = None
) -> None:
    """Have it written into the journal when this transaction is committed, if the database has one.

    `subscriber_id`: of somebody who comes, so that they can leave even if the database forgets them.
    """
    noted: list[Entry] | None = c.info.get(_NOTED)
    if noted is not None:
        who = id_mark(subscriber_id) if subscriber_id else ""
        noted.append(Entry(at=at, kind=kind, hash=address_hash, reason=reason, who=who))


def begin(c: Connection) -> None:
    """Note from now on; what was noted before is dropped: it was rolled back, or the journal has it already."""
    c.info[_NOTED] = []


def are_noted(c: Connection) -> bool:
    return bool(c.info.get(_NOTED))


def write_noted(c: Connection, journal: Journal) -> None:
    """Append what was noted, and whatever waits since an earlier failure."""
    noted: list[Entry] = c.info.pop(_NOTED, [])
    if noted:
        _write(c, journal, lines_of(noted).decode())


def write_late(c: Connection, journal: Journal) -> None:
    """Try again to append what could not be written before."""
    if meta.get_mark(c, _UNWRITTEN):
        _write(c, journal, "")


def unwritten(c: Connection) -> int:
    """Return how many departures stand in the database only, because the journal could not be written."""
    came = f'"kind": "{Kind.JOINED}"'
    return sum(came not in line for line in (meta.get_mark(c, _UNWRITTEN) or "").splitlines())


def position(c: Connection, journal: str) -> int:
    """Return up to which byte the database knows all that this journal says."""
    return int(meta.get_mark(c, _POSITION + journal) or 0)


def set_position(c: Connection, span: Span) -> None:
    """Note that the database knows what stands in `span`, if it knew all before it."""
    if span.start <= position(c, span.journal) < span.end:
        meta.set_mark(c, _POSITION + span.journal, str(span.end))


def _write(c: Connection, journal: Journal, lines: str) -> None:
    waiting = meta.get_mark(c, _UNWRITTEN) or ""
    try:
        span = journal.append((waiting + lines).encode())
    except OSError as error:
        meta.set_mark(c, _UNWRITTEN, waiting + lines)
        log.error(
            "%s: who left or came cannot be written down: %s. It counts, but a restored database would not know.",
            journal.file,
            (error.strerror or str(error)).lower(),
        )
    else:
        if waiting:
            meta.set_mark(c, _UNWRITTEN, "")
        set_position(c, span)

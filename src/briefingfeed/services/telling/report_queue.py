"""Mails to `report_to` that are still to go: what each is about, and how it went with each person.

They are queued in the transaction that remembers the news as told, and leave the queue only once it is known what
became of them: at least once, whatever dies in between. What may have arrived is given time before it is tried again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from briefingfeed.models.delivery import Result
from briefingfeed.models.settings import Mailbox
from briefingfeed.services.telling.notices import Notice
from briefingfeed.storage import meta

LIFETIME = timedelta(days=5)
"""An older one is dropped: whoever should have read it has been told by the exit code all the while."""
FIRST_WAIT = timedelta(minutes=10)
LONGEST_WAIT = timedelta(hours=4)
UNCLEAR_WAIT = timedelta(hours=1)
MOST_UNCLEAR = 3
"""So many may have arrived; then it is enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """A time in which nothing could be handed over."""

    since: datetime
    words: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """How far a mail came with one person."""

    count: int = 0
    unclear: int = 0
    again_at: datetime | None = None
    """None: it is over, whether taken or refused for good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One mail, to everyone in `report_to`."""

    id: str
    at: datetime
    edition: str | None = None
    """The edition that it reports on; None: it is only about the rest."""
    events: tuple[Notice, ...] = ()
    """What has happened."""
    matters: tuple[Notice, ...] = ()
    """What stood open then. What no longer does when the mail goes is left out."""
    outage: Outage | None = None
    tries: Mapping[str, Try] = field(default_factory=dict)
    """By person: see `person`."""

    @property
    def is_void(self) -> bool:
        return self.edition is None and self.outage is None and not self.events and not self.matters

    def is_due(self, who: str, now: datetime) -> bool:
        tried = self.tries.get(who)
        if tried is None or tried.again_at is None:
            return tried is None
        # Further ahead than any wait: the clock was set back since.
        return not now < tried.again_at <= now + LONGEST_WAIT

    def is_over(self, people: Iterable[str], now: datetime) -> bool:
        everybody = all(who in self.tries and self.tries[who].again_at is None for who in people)
        return everybody or now - self.at > LIFETIME


def person(mailbox: Mailbox) -> str:
    """Return a name for an address under which the database may keep how it went."""
    return hashlib.sha256(mailbox.address.strip().lower().encode()).hexdigest()[:16]


def after(entry: Entry, who: str, result: Result, now: datetime) -> Entry:
    """Return the entry after a try. Pure."""
    before = entry.tries.get(who, Try())
    tried = replace(before, count=before.count + 1, again_at=None)
    if result in (Result.DEFERRED, Result.RETURNED):
        tried = replace(tried, again_at=now + min(FIRST_WAIT * 2 ** min(before.count, 10), LONGEST_WAIT))
    elif result is Result.UNCERTAIN:
        tried = replace(tried, unclear=before.unclear + 1)
        if tried.unclear < MOST_UNCLEAR:
            tried = replace(tried, again_at=now + UNCLEAR_WAIT * 2**before.unclear)
    return replace(entry, tries={**entry.tries, who: tried})


def still_open(entries: Iterable[Entry], standing: Sequence[Notice]) -> tuple[Entry, ...]:
    """Return the entries without the matters that are settled by now, or stand in other words. Pure.

    A mail that somebody has already stays as it is for the others.
    """
    left = []
    for entry in entries:
        if not entry.tries:
            entry = replace(entry, matters=tuple(notice for notice in entry.matters if notice in standing))
        if not entry.is_void:
            left.append(entry)
    return tuple(left)


def read(connection: Connection, mark: str) -> tuple[Entry, ...]:
    """Return what is queued, oldest first."""
    return tuple(_entry(each) for each in json.loads(meta.get_mark(connection, mark) or "[]"))


def write(connection: Connection, mark: str, entries: Iterable[Entry]) -> None:
    meta.set_mark(connection, mark, json.dumps([asdict(entry) for entry in entries], default=_plain))


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)


def _entry(kept: Mapping[str, Any]) -> Entry:
    outage = kept["outage"]
    return Entry(
        id=kept["id"],
        at=datetime.fromisoformat(kept["at"]),
        edition=kept["edition"],
        events=tuple(Notice(**each) for each in kept["events"]),
        matters=tuple(Notice(**each) for each in kept["matters"]),
        outage=outage and Outage(since=_moment(outage["since"]), until=_maybe(outage["until"]), words=outage["words"]),
        tries={
            who: Try(count=each["count"], unclear=each["unclear"], again_at=_maybe(each["again_at"]))
            for who, each in kept["tries"].items()
        },
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _maybe(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None

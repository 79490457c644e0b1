"""Do again what the journal tells and the database doesn't know: people who left must not come back with a restore.

Nobody is subscribed by it. Whoever came back since is only named: the proof of their wish is gone with the database.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, func, select

from briefingfeed.errors import StorageError
from briefingfeed.models.subscriber import (
    ConsentKind,
    SubscriberState,
    Suppression,
    SuppressionReason,
)
from briefingfeed.storage import departures, erasure, subscribers, suppressions
from briefingfeed.storage.guard import guard_of
from briefingfeed.storage.journal import Entry, Journal, Kind
from briefingfeed.storage.schema import consent, subscriber

SOURCE: Final = "journal"
"""Source of the consent rows that are written again."""

_GIVEN: Final = [ConsentKind.ADDED, ConsentKind.IMPORTED, ConsentKind.RENEWED]


@dataclass(slots=True, kw_only=True)
class Replayed:
    """How many people the journal told the database about."""

    left: int = 0
    suppressed: int = 0
    allowed: int = 0
    """No longer suppressed."""
    erased: int = 0
    came_back: list[str] = field(default_factory=list)
    """Ids of those who left before the copy was made and came back after it; they stay unsubscribed."""
    until: datetime | None = None
    """The last entry; None: there is none, or no journal."""
    unreadable: int = 0
    """Lines that make no sense."""

    def followed_by(self, other: Replayed) -> Replayed:
        """Return what two journals told together, the later one second."""
        return Replayed(
            left=self.left + other.left,
            suppressed=self.suppressed + other.suppressed,
            allowed=self.allowed + other.allowed,
            erased=self.erased + other.erased,
            came_back=list(dict.fromkeys([*self.came_back, *other.came_back])),
            until=max(filter(None, (self.until, other.until)), default=None),
            unreadable=self.unreadable + other.unreadable,
        )


def replay(c: Connection, journal: Journal, now: datetime, *, from_start: bool = False) -> Replayed:
    """Bring the database up to what the journal says; any number of times. Raises OSError if it can't be read.

    Reads on from where the database knew all of it, or `from_start`. What somebody decided later than an entry stands.
    """
    done = Replayed()
    identity = journal.identity()
    if identity is None:
        return done
    reading = journal.read(0 if from_start else departures.position(c, identity))
    if reading is None:
        return done
    done.until = max((entry.at for entry in reading.entries), default=None)
    done.unreadable = reading.unreadable
    for address_hash, entries in _by_person(reading.entries).items():
        _Person(c, address_hash, now).learn(entries, done)
    # The journal has it all already.
    departures.begin(c)
    departures.set_position(c, reading.span)
    return done


def catch_up(c: Connection, now: datetime) -> Replayed:
    """Take in what the journal knows and the database doesn't, and give it what it lacks: for the start of a run.

    Mostly there is nothing. But a database that was restored alone, before the next edition, is not noticed by its
    counter. Raises StorageError if the journal can't be read.
    """
    guard = guard_of(c)
    if guard is None:
        return Replayed()
    try:
        done = replay(c, guard.journal, now)
    except OSError as error:
        raise unreadable(guard.journal, error) from error
    departures.write_late(c, guard.journal)
    return done


def unreadable(journal: Journal, error: OSError) -> StorageError:
    return StorageError(
        f"who left cannot be read: {(error.strerror or str(error)).lower()}",
        where=str(journal.file),
        remedy="see that the user who runs briefingfeed owns it; without it, people who left might be mailed again",
    )


def _by_person(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        found.setdefault(entry.hash, []).append(entry)
    return found


class _Person:
    """An address known by its hash, and what the database holds about it."""

    def __init__(self, c: Connection, address_hash: str, now: datetime) -> None:
        self._c = c
        self._hash = address_hash
        self._now = now

    def learn(self, entries: Sequence[Entry], done: Replayed) -> None:
        """Take in `entries`, in their order: of each matter the last one counts."""
        erased = _last(entries, Kind.ERASED)
        allowed = _last(entries, Kind.SUPPRESSED, Kind.UNSUPPRESSED, Kind.ERASED)
        member = _last(entries, Kind.UNSUBSCRIBED, Kind.RESUBSCRIBED)
        if erased:
            done.erased += self._erase(erased)
        if allowed and allowed.kind is Kind.UNSUPPRESSED:
            done.allowed += self._allow(allowed)
        elif allowed and allowed.kind is Kind.SUPPRESSED:
            done.suppressed += self._suppress(allowed)
        if member and member.kind is Kind.UNSUBSCRIBED:
            done.left += self._unsubscribe(member) or self._keep_away(entries, member)
        elif member and self._is(SubscriberState.UNSUBSCRIBED):
            done.came_back.append(self._id() or "")

    def _erase(self, entry: Entry) -> bool:
        """Erase whoever was here before the erasure, not whoever came after it."""
        query = select(subscriber.c.id).where(subscriber.c.address_hash == self._hash)
        before = self._c.scalar(query.where(subscriber.c.created_at <= entry.at))
        if before is not None:
            return erasure.erase(self._c, before, self._now, source=SOURCE)
        if self._id() is not None:
            return False
        return suppressions.add(
            self._c, Suppression(address_hash=self._hash, reason=SuppressionReason.ERASED, at=entry.at)
        )

    def _suppress(self, entry: Entry) -> bool:
        if self._wished_after(entry):
            return False
        reason = entry.reason if entry.reason in set(SuppressionReason) else SuppressionReason.BOUNCED
        new = Suppression(address_hash=self._hash, reason=SuppressionReason(reason), at=entry.at, note=SOURCE)
        return suppressions.add(self._c, new)

    def _allow(self, entry: Entry) -> bool:
        known = suppressions.get(self._c, self._hash)
        return known is not None and known.at <= entry.at and suppressions.remove(self._c, self._hash, self._now)

    def _unsubscribe(self, entry: Entry) -> bool:
        found = self._id()
        if found is None or self._wished_after(entry):
            return False
        return subscribers.withdraw(self._c, found, entry.at, source=SOURCE)

    def _keep_away(self, entries: Sequence[Entry], entry: Entry) -> bool:
        """Keep somebody away who came and left after this database was copied, so that no import brings them back."""
        if self._id() is not None or _last(entries, *Kind, but=Kind.SUPPRESSED) is not entry:
            return False
        new = Suppression(address_hash=self._hash, reason=SuppressionReason.LEFT, at=entry.at, note=SOURCE)
        return suppressions.add(self._c, new)

    def _wished_after(self, entry: Entry) -> bool:
        """Whether they asked for mail after that, as far as the database knows."""
        query = select(func.max(consent.c.at, type_=consent.c.at.type)).where(
            consent.c.subscriber_id == self._id(), consent.c.kind.in_(_GIVEN)
        )
        last = self._c.scalar(query)
        return last is not None and last > entry.at

    def _is(self, state: SubscriberState) -> bool:
        query = select(subscriber.c.state).where(subscriber.c.address_hash == self._hash)
        return self._c.scalar(query) is state

    def _id(self) -> str | None:
        return self._c.scalar(select(subscriber.c.id).where(subscriber.c.address_hash == self._hash))


def _last(entries: Sequence[Entry], *kinds: Kind, but: Kind | None = None) -> Entry | None:
    return next((entry for entry in reversed(entries) if entry.kind in kinds and entry.kind is not but), None)

"""How many copies may still go, by a provider's limits per hour and day. The counting itself is `storage.pace`'s.

Windows slide: a limit of 100 per hour means that no sixty minutes ever see more than 100. Minutes are counted whole,
so a place comes free up to a minute late, never early.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from briefingfeed.providers.base import Limits
from briefingfeed.storage import pace
from briefingfeed.storage.pace import Minutes

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Full:
    """A limit is reached."""

    limit: str
    """In words: `100 per hour`."""
    until: datetime
    """When the next place comes free."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    places: int
    """How many copies may go now."""
    full: Full
    """What holds if more than that were to go."""


def room(limits: Limits, minutes: Minutes, now: datetime) -> Room | None:
    """Return how much room there is at `now`; None: there is no limit. Pure."""
    found = [_room(most, span, words, minutes, now) for most, span, words in _windows(limits)]
    # The narrowest window decides; among those that are full, the one that opens last.
    return min(found, key=lambda each: (each.places, -each.full.until.timestamp()), default=None)


def _room(most: int, span: timedelta, words: str, minutes: Minutes, now: datetime) -> Room:
    this = now.replace(second=0, microsecond=0)
    # What a clock counted that was ahead is taken to have gone now: or it would keep the way closed until then.
    inside = [(min(minute, this) + _MINUTE + span, copies) for minute, copies in minutes]
    inside = [(leaves, copies) for leaves, copies in inside if leaves > now]
    left = sum(copies for _, copies in inside)
    places = max(most - left, 0)
    until = this + _MINUTE + span
    for leaves, copies in inside:
        left -= copies
        if left < most:
            until = leaves
            break
    return Room(places=places, full=Full(limit=words, until=until))


def _windows(limits: Limits) -> Iterator[tuple[int, timedelta, str]]:
    if limits.per_hour is not None:
        yield limits.per_hour, timedelta(hours=1), f"{limits.per_hour} per hour"
    if limits.per_day is not None:
        yield limits.per_day, timedelta(days=1), f"{limits.per_day} per day"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The limits of one provider, kept in the transaction that arms its copies.

    What was armed counts, whatever became of it: the other side counts refused messages too.
    """

    provider: str
    limits: Limits

    def room(self, connection: Connection, now: datetime) -> Room | None:
        """Return how much room there is; nobody else is told the same until the transaction ends."""
        if not self.limits.are_set:
            return None
        return room(self.limits, pace.handed_over_lately(connection, self.provider, now), now)

    def count(self, connection: Connection, copies: int, now: datetime) -> None:
        if self.limits.are_set:
            pace.count(connection, self.provider, copies, now)

    def full(self, connection: Connection, now: datetime) -> Full | None:
        """Return the limit that is reached, if one is. Only looks."""
        found = room(self.limits, pace.recorded(connection, self.provider), now)
        return found.full if found is not None and not found.places else None

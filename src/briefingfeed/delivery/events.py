"""What follows from a bounce or a complaint. Pure; docs/bounces.md has the same rules as a table.

A bounce weighs by its code. One that says that the address doesn't exist is enough. The others must come back for
several editions before the address is given up, and what arrived in between wipes the slate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from briefingfeed.delivery.outcomes import BOUNCE_LIMIT
from briefingfeed.delivery.weights import Weight, weight_of
from briefingfeed.models.delivery import DeliveryEvent, EventKind
from briefingfeed.models.subscriber import SuppressionReason

ANY_LIMIT = 5
"""Editions that came back, whatever kind of bounce, after which an address is suppressed."""
LONG_ENOUGH = timedelta(days=21)
"""These five must be spread over this time: a mail server may be out of order for a week of daily mails."""
FORGOTTEN = timedelta(days=180)
"""A bounce that is older no longer counts."""
UNDISPUTED = timedelta(days=7)
"""What was accepted so long ago and didn't come back has arrived: servers give up after five days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What became of one edition for a subscriber."""

    at: datetime
    """When the edition was frozen."""
    accepted: bool
    weight: Weight | None = None
    """Of the heaviest bounce; None: nothing came back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequence:
    suppress: SuppressionReason | None = None
    unsubscribe: bool = False
    why: str = ""
    """For people."""


NOTHING_FOLLOWS = Consequence()


def weigh(event: DeliveryEvent) -> Weight | None:
    """Return what a bounce weighs; None for anything else."""
    if event.kind is not EventKind.BOUNCED:
        return None
    return weight_of(event.enhanced_code, permanent=event.permanent)


def follows(event: DeliveryEvent, history: Sequence[Past], *, is_proven: bool, now: datetime) -> Consequence:
    """Return what follows from an event.

    `history` holds the subscriber's editions, this one included; those before a return to the list are left out.
    `is_proven`: the event named a copy by a mark that only we can make. Nothing follows from any other.
    """
    if not is_proven:
        return NOTHING_FOLLOWS
    if event.kind is EventKind.COMPLAINED:
        return Consequence(suppress=SuppressionReason.COMPLAINED, unsubscribe=True, why="reported our mail as spam")
    if event.kind is EventKind.UNSUBSCRIBED:
        return Consequence(unsubscribe=True)
    weight = weigh(event)
    if weight is Weight.FATAL:
        return Consequence(suppress=SuppressionReason.BOUNCED, why=f"{event.enhanced_code}: there is no such address")
    return _counted(history, now) if weight else NOTHING_FOLLOWS


def _counted(history: Sequence[Past], now: datetime) -> Consequence:
    bounced = since_arrival(history, now)
    permanent = sum(past.weight is Weight.PERMANENT for past in bounced)
    if permanent >= BOUNCE_LIMIT:
        return Consequence(suppress=SuppressionReason.BOUNCED, why=f"{permanent} editions were refused for good")
    if len(bounced) >= ANY_LIMIT and bounced[0].at - bounced[-1].at >= LONG_ENOUGH:
        return Consequence(suppress=SuppressionReason.BOUNCED, why=f"{len(bounced)} editions in a row came back")
    return NOTHING_FOLLOWS


def since_arrival(history: Sequence[Past], now: datetime) -> list[Past]:
    """Return the editions that bounced since the last one that arrived, newest first."""
    found = []
    for past in sorted(history, key=lambda each: each.at, reverse=True):
        if past.at < now - FORGOTTEN:
            break
        if past.weight:
            found.append(past)
        elif past.accepted and past.weight is None and past.at <= now - UNDISPUTED:
            break
    return found

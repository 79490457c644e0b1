"""The instants of entries: no two posts of a publication share one, whatever order their files are read in. Pure.

Feed readers sort and remember by these instants; many posts of one day would otherwise all stand at midnight.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from briefingfeed.posts.memory import IdMemory

SPREAD = 3600
"""Seconds after midnight over which the posts of a day are spread."""
_ONE = timedelta(seconds=1)
_NEAR_TIME, _NEAR_DAY = timedelta(seconds=60), timedelta(seconds=SPREAD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a post's head says about its time. Both aware."""

    post_id: str
    published: datetime
    time_given: bool
    updated: datetime | None
    draft: bool = False


@dataclass(frozen=True, slots=True)
class Instants:
    """Aware UTC, whole seconds; `updated` equals `published` if there was no change."""

    published: datetime
    updated: datetime


def offset(post_id: str) -> timedelta:
    """Return the seconds that a post without a time of day lies after midnight: always the same for an id."""
    return timedelta(seconds=int.from_bytes(hashlib.sha256(post_id.encode()).digest()[:8]) % SPREAD)


def assign(wishes: Iterable[Wish], memory: IdMemory) -> dict[str, Instants]:
    """Return each post's instants by id.

    What is remembered stays, as long as it still fits the date in the head. The others take the next free second, in
    the order of their ids, drafts last.
    """
    taken: set[datetime] = set()
    given: dict[str, Instants] = {}
    ordered = sorted(wishes, key=lambda wish: (wish.draft, memory.get(wish.post_id) is None, wish.post_id))
    for wish in ordered:
        row = memory.get(wish.post_id)
        published = _instant(wish.published, wish.time_given, wish.post_id, row.published if row else None, taken)
        updated = published
        if wish.updated is not None:
            wanted = max(wish.updated, published + _ONE)
            exact = wish.updated.timetz().replace(tzinfo=None) != datetime.min.time() or wanted != wish.updated
            updated = _instant(wanted, exact, wish.post_id, row.updated if row else None, taken)
        given[wish.post_id] = Instants(published, updated)
    return given


def _instant(at: datetime, exact: bool, post_id: str, remembered: datetime | None, taken: set[datetime]) -> datetime:
    """Return a free instant at or soon after `at`, and take it."""
    wanted = at.astimezone(UTC) if exact else at.astimezone(UTC) + offset(post_id)
    near = _NEAR_TIME if exact else _NEAR_DAY
    if remembered is not None and wanted <= remembered < wanted + near and remembered not in taken:
        wanted = remembered
    while wanted in taken:
        wanted += _ONE
    taken.add(wanted)
    return wanted

"""The instants of entries: no two posts of a publication share one, whatever order their files are read in. Pure.

Feed readers sort and remember by these instants; many posts of one day would otherwise all stand at midnight.
"""

from __future__ import annotations

import hashlib
from collections import Counter
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
    wishes = list(wishes)
    seconds = _Seconds(at for wish in wishes for at in (wish.published, wish.updated) if at)
    given: dict[str, Instants] = {}
    ordered = sorted(wishes, key=lambda wish: (wish.draft, memory.get(wish.post_id) is None, wish.post_id))
    for wish in ordered:
        row = memory.get(wish.post_id)
        published = seconds.take(wish.published, wish.time_given, wish.post_id, row.published if row else None)
        updated = published
        if wish.updated is not None:
            wanted = max(wish.updated, published + _ONE)
            exact = wish.updated.timetz().replace(tzinfo=None) != datetime.min.time() or wanted != wish.updated
            updated = seconds.take(wanted, exact, wish.post_id, row.updated if row else None)
        given[wish.post_id] = Instants(published, updated)
    return given


class _Seconds:
    """The seconds that are given away. `wanted` are all that will be asked for."""

    def __init__(self, wanted: Iterable[datetime]) -> None:
        self._crowds = Counter(at.astimezone(UTC).date() for at in wanted)
        self._taken: set[datetime] = set()
        self._next: dict[datetime, datetime] = {}
        """Behind a second that was asked for before, where to look on: whole archives may ask for the same."""

    def take(self, at: datetime, exact: bool, post_id: str, remembered: datetime | None) -> datetime:
        """Return a free second at or soon after `at`, the remembered one if it fits, and take it."""
        wanted = at.astimezone(UTC) if exact else at.astimezone(UTC) + offset(post_id)
        # In a crowd each may have been pushed on by all the others of its day.
        near = (_NEAR_TIME if exact else _NEAR_DAY) + self._crowds[at.astimezone(UTC).date()] * _ONE
        if remembered is not None and wanted <= remembered < wanted + near and remembered not in self._taken:
            found = remembered
        else:
            found = self._next.get(wanted, wanted)
            while found in self._taken:
                found += _ONE
            self._next[wanted] = found + _ONE
        self._taken.add(found)
        return found

"""Which subscriber gets which posts of an edition. Pure.

Nobody gets a post twice, whatever cadence brought it first; and nobody loses one by changing from one to another.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

PostIds = frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Readers who get the same posts, and so the same rendition."""

    post_ids: PostIds
    count: int
    named: tuple[str, ...] | None = None
    """Their ids; None: everybody whom no other group names, and who isn't left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    groups: tuple[Group, ...]
    """At least one, the largest first."""
    without: tuple[str, ...] = ()
    """Subscribers who get no copy: they have all of its posts."""

    @property
    def recipients(self) -> int:
        return sum(group.count for group in self.groups)


def divide(
    post_ids: PostIds,
    subscribers: int,
    had: Iterable[tuple[str, PostIds]] = (),
    missed: Mapping[str, PostIds] | None = None,
) -> Audience:
    """Divide the subscribers of an edition by the posts they get.

    `post_ids` are the edition's own; `had` tells which posts subscribers had before, by id, and `missed` what somebody
    gets besides, having come from another cadence. There are as many groups as different sets: a few, since people who
    changed in the same period have the same.
    """
    missed = missed or {}
    had_by: defaultdict[str, PostIds] = defaultdict(frozenset)
    for who, posts in had:
        had_by[who] |= posts
    named: defaultdict[PostIds, list[str]] = defaultdict(list)
    for who in sorted(had_by.keys() | missed.keys()):
        gets = (post_ids | missed.get(who, frozenset())) - had_by[who]
        if gets != post_ids:
            named[gets].append(who)
    left_out = tuple(named.pop(frozenset(), ()))
    others = [Group(post_ids=gets, count=len(who), named=tuple(who)) for gets, who in named.items()]
    rest = subscribers - len(left_out) - sum(group.count for group in others)
    groups = [Group(post_ids=post_ids, count=rest)] if rest or not others else []
    ordered = sorted([*groups, *others], key=lambda group: (-group.count, sorted(group.post_ids)))
    return Audience(groups=tuple(ordered), without=left_out)

"""Which subscriber gets which posts of an edition, and which corrections of what they had before. Pure.

Nobody gets a post twice, whatever cadence brought it first; and nobody loses one by changing from one to another.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from briefingfeed.models.archive import CorrectionMark

PostIds = frozenset[str]
Corrections = frozenset[CorrectionMark]
_NO_POSTS: PostIds = frozenset()
_NO_CORRECTIONS: Corrections = frozenset()


class Portion(NamedTuple):
    """What a rendition is made of."""

    post_ids: PostIds
    corrections: Corrections = frozenset()
    """Of posts that these readers had before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Readers who get the same posts and corrections, and so the same rendition."""

    post_ids: PostIds
    corrections: Corrections = frozenset()
    count: int
    named: tuple[str, ...] | None = None
    """Their ids; None: everybody whom no other group names, and who isn't left out."""

    @property
    def portion(self) -> Portion:
        return Portion(self.post_ids, self.corrections)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    groups: tuple[Group, ...]
    """The largest first. None: there is nothing for anybody."""
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
    untold: Mapping[str, Corrections] | None = None,
) -> Audience:
    """Divide the subscribers of an edition by what they get.

    `post_ids` are the edition's own; `had` tells which posts subscribers had before, by id, `missed` what somebody
    gets besides, having come from another cadence, and `untold` of which corrections they are to hear. There are as
    many groups as different portions: a few, since people who changed in the same period have the same, and so have
    those who got the same edition. An edition without posts goes to those only whom it tells of corrections.
    """
    missed = missed if missed and post_ids else {}
    untold = untold or {}
    had_by: dict[str, PostIds] = {}
    for who, posts in had:
        had_by[who] = had_by[who] | posts if who in had_by else posts
    # A hundred thousand people, and few histories: a portion is worked out for each of these.
    alike: defaultdict[tuple[PostIds, PostIds, Corrections], list[str]] = defaultdict(list)
    for who in had_by.keys() | missed.keys() | untold.keys():
        alike[missed.get(who, _NO_POSTS), had_by.get(who, _NO_POSTS), untold.get(who, _NO_CORRECTIONS)].append(who)
    named: defaultdict[Portion, list[str]] = defaultdict(list)
    for (besides, before, corrections), people in alike.items():
        portion = Portion((post_ids | besides) - before, corrections)
        if portion != Portion(post_ids):
            named[portion] += people
    left_out = tuple(sorted(named.pop(Portion(frozenset()), ())))
    others = [
        Group(post_ids=gets, corrections=corrections, count=len(who), named=tuple(sorted(who)))
        for (gets, corrections), who in named.items()
    ]
    rest = subscribers - len(left_out) - sum(group.count for group in others)
    groups = [Group(post_ids=post_ids, count=rest)] if post_ids and (rest or not others) else []
    ordered = sorted(
        [*groups, *others], key=lambda group: (-group.count, sorted(group.post_ids), sorted(group.corrections))
    )
    return Audience(groups=tuple(ordered), without=left_out)

"""Group: the posts of one topic or one author, with the slug that its feed is found under."""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from briefingfeed.feeds.characters import one_line
from briefingfeed.models.post import Post
from briefingfeed.posts.slugs import LONGEST, slugify


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    name: str
    slug: str
    posts: tuple[Post, ...]
    """Newest first."""


def group_posts(posts: Sequence[Post], names: Callable[[Post], Iterable[str]]) -> list[Group]:
    """Group `posts` (newest first) by each of their `names`, sorted by slug.

    Names that differ in capitals and spaces only are one name, shown as it is written most often. Of two names with one
    slug the one that came first keeps it, whatever is published later; the other's ends in a hash of the name.
    """
    members: dict[str, list[Post]] = {}
    spellings: dict[str, Counter[str]] = {}
    for post in reversed(posts):
        named = {_folded(name): one_line(name) for name in names(post)}
        for folded, name in named.items():
            if folded:
                members.setdefault(folded, []).append(post)
                spellings.setdefault(folded, Counter())[name] += 1
    slugs = _slugs(members)
    groups = [
        Group(name=spellings[folded].most_common(1)[0][0], slug=slugs[folded], posts=tuple(reversed(found)))
        for folded, found in members.items()
    ]
    return sorted(groups, key=lambda group: group.slug)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", one_line(name)).casefold()


def _slugs(names: Iterable[str]) -> dict[str, str]:
    """Give each name a slug of its own; the earlier names choose first."""
    slugs: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        slug = slugify(name)
        if slug in taken:
            digits = hashlib.sha256(name.encode()).hexdigest()[:8]
            slug = f"{slug[: LONGEST - 9].rstrip('-')}-{digits}"
        slugs[name] = slug
        taken.add(slug)
    return slugs

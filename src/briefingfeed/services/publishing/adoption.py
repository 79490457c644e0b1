"""`ids adopt`: posts that came from another program keep the ids under which feed readers know them.

The old feed tells address, title and date of each entry with its id; each is matched with the post that it became, and
what is found goes into ids.toml. Posts are never written to.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from briefingfeed.errors import ContentError
from briefingfeed.feeds.matching import Sighting, pair
from briefingfeed.feeds.reading import ReadEntry
from briefingfeed.models.post import Post
from briefingfeed.models.settings import Settings
from briefingfeed.posts.insertion import insert_id
from briefingfeed.posts.kept_ids import FILE, KeptIds, add_kept_ids, is_usable, load_kept_ids


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    adopted: dict[str, str]
    """Old ids by the path of the post; these are new in ids.toml."""
    settled: int
    """Entries whose post has the old id anyway, by an `id:` of its own, by ids.toml, or by the rule."""
    unmatched: tuple[ReadEntry, ...]
    """Entries of the old feed that no post is known for."""
    unfit: tuple[ReadEntry, ...]
    """Entries whose id may not stand in a feed of ours: no whole address."""
    stubborn: dict[str, str]
    """Old ids by path of posts that have another `id:` of their own, or another in ids.toml, which counts."""
    strangers: tuple[str, ...]
    """Paths of posts that no entry is known for; new posts are among them."""


def adopt(entries: Iterable[ReadEntry], posts: Collection[Post], settings: Settings, *, dry_run: bool) -> Adoption:
    """Match the entries of an old feed with posts, and write what is found into ids.toml unless `dry_run`.

    Raises ContentError if ids.toml is wrong, StorageError.
    """
    file = settings.paths.root / FILE
    kept, problems = load_kept_ids(file)
    if problems:
        raise ContentError(problems)
    found = match(entries, posts, kept, settings.publication.timezone)
    own = {path for path, id_ in found.adopted.items() if _has_own_id(settings, path, id_)}
    adoption = Adoption(
        adopted={path: id_ for path, id_ in found.adopted.items() if path not in own},
        settled=found.settled,
        unmatched=found.unmatched,
        unfit=found.unfit,
        stubborn=found.stubborn | {path: found.adopted[path] for path in own},
        strangers=found.strangers,
    )
    if adoption.adopted and not dry_run:
        add_kept_ids(file, adoption.adopted)
    return adoption


def match(entries: Iterable[ReadEntry], posts: Collection[Post], kept: KeptIds, zone: ZoneInfo) -> Adoption:
    """Find the post of each entry. Pure."""
    by_id = {entry.id: entry for entry in entries}
    fit = [entry for entry in by_id.values() if is_usable(entry.id)]
    have = {post.id for post in posts}
    pairs = pair(
        [_of_post(post) for post in posts if post.id not in by_id],
        [_of_entry(entry, zone) for entry in fit if entry.id not in have],
    )
    stubborn = {path: id_ for path, id_ in pairs.items() if path in kept.ids or id_ in kept.ids.values()}
    matched = set(pairs.values()) | have
    return Adoption(
        adopted={path: id_ for path, id_ in pairs.items() if path not in stubborn},
        settled=sum(entry.id in have for entry in fit),
        unmatched=tuple(entry for entry in fit if entry.id not in matched),
        unfit=tuple(entry for entry in by_id.values() if not is_usable(entry.id)),
        stubborn=stubborn,
        strangers=tuple(sorted(post.path for post in posts if post.path not in pairs and post.id not in by_id)),
    )


def _of_post(post: Post) -> Sighting:
    return Sighting(key=post.path, addresses=(post.url, *post.aliases), title=post.title, day=post.published.date())


def _of_entry(entry: ReadEntry, zone: ZoneInfo) -> Sighting:
    return Sighting(
        key=entry.id,
        addresses=tuple(dict.fromkeys((entry.url, entry.id) if "://" in entry.id else (entry.url,))),
        title=entry.title,
        day=entry.published.astimezone(zone).date() if entry.published else None,
    )


def _has_own_id(settings: Settings, path: str, id_: str) -> bool:
    """Whether a post's file names its id itself, so that nothing would be written into it."""
    try:
        content = (settings.paths.root / path).read_bytes()
    except OSError:  # its last good version is published
        return False
    return insert_id(content, id_) == content

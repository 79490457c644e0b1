"""The feed guard: no build may show readers an old entry as new, unless somebody says that it shall. Pure.

A feed reader knows an entry by its id. If ids change, or many dates at once, everything old is unread again, for
everyone, and nothing can call it back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from briefingfeed.errors import RefusedError
from briefingfeed.feeds.matching import Sighting, pair
from briefingfeed.feeds.reading import ReadEntry
from briefingfeed.models.post import Post
from briefingfeed.models.problem import Problem, Severity
from briefingfeed.services.publishing.feed_history import History

STILL = timedelta(hours=1)
"""A date that moves by no more is no change: posts without a time of day lie up to an hour after midnight."""

STILL_ELSEWHERE = timedelta(days=1)
"""The same for a feed from elsewhere: another program knew the hour of a post, its file here may know the day only."""

FEW = 2
"""So many dates are corrected by hand on any day; fewer than this is never bulk."""

SHARE = 0.1
"""More than this part of all entries is bulk: a changed time zone or a script moves them all, a person does not."""

MANY = 20
"""More than this is bulk in a history of any length."""

_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What readers would see of the entries they know already."""

    renamed: tuple[tuple[ReadEntry, ReadEntry], ...]
    """As they were, as they would be: the same posts under other ids."""
    redated: tuple[tuple[ReadEntry, ReadEntry], ...]
    vanished: tuple[ReadEntry, ...]
    """Published by the last build, and not by this one."""
    gone: tuple[ReadEntry, ...]
    """These, and those that vanished earlier."""
    known: int

    @property
    def is_bulk_redated(self) -> bool:
        return _is_bulk(len(self.redated), self.known)

    @property
    def is_bulk_vanished(self) -> bool:
        return _is_bulk(len(self.vanished), self.known)

    @property
    def shows_old_as_new(self) -> bool:
        """One changed id is enough: nobody changes an id by hand except by mistake."""
        return bool(self.renamed) or self.is_bulk_redated


def entries_of(posts: Iterable[Post], now: datetime) -> tuple[ReadEntry, ...]:
    """Return the whole history as the feeds of `now` tell it."""
    return tuple(
        ReadEntry(
            id=post.id,
            url=post.url,
            title=post.title,
            published=post.entry_published,
            updated=post.entry_updated,
        )
        for post in posts
        if post.in_feed_at(now)
    )


def judge(new: Iterable[ReadEntry], history: History, zone: ZoneInfo, still: timedelta = STILL) -> Verdict:
    """Compare what would be published with what was. A date that moves by no more than `still` has not changed."""
    now_there = {entry.id: entry for entry in new}
    was_there = {entry.id: entry for entry in history.entries}
    gone = {entry.id: entry for entry in history.gone if entry.id not in was_there}
    unknown = [entry for id_, entry in now_there.items() if id_ not in was_there and id_ not in gone]
    missing = {id_: entry for id_, entry in (gone | was_there).items() if id_ not in now_there}
    pairs: dict[str, str] = {}
    if unknown and missing:
        pairs = pair(
            [_sighting(entry, zone) for entry in unknown], [_sighting(entry, zone) for entry in missing.values()]
        )
    renamed = [(missing[before], now_there[after]) for after, before in pairs.items()]
    redated = [
        (was_there[id_], entry)
        for id_, entry in now_there.items()
        if id_ in was_there and _moved(was_there[id_], entry, still)
    ]
    matched = set(pairs.values())
    left = [entry for id_, entry in missing.items() if id_ not in matched]
    return Verdict(
        renamed=tuple(sorted(renamed, key=_newest_first)),
        redated=tuple(sorted(redated, key=_newest_first)),
        vanished=tuple(entry for entry in left if entry.id in was_there),
        gone=tuple(left),
        known=len(was_there),
    )


def refuse(verdict: Verdict, paths: Mapping[str, str]) -> None:
    """Raise RefusedError if old entries would be shown as new. `paths` has the posts' files by id."""
    if not verdict.shows_old_as_new:
        return
    pairs = verdict.renamed or verdict.redated
    tell = _told_id if verdict.renamed else _told_date
    lines = [f"  {paths.get(new.id, new.url)}: {tell(old, new)}" for old, new in pairs[:_NAMED]]
    if len(pairs) > _NAMED:
        lines.append(f"  … and {len(pairs) - _NAMED} more")
    what = "ids" if verdict.renamed else "dates"
    count = "1 old post" if len(pairs) == 1 else f"{len(pairs)} old posts"
    head = f"feed readers would show {count} as new, because their {what} changed"
    raise RefusedError("\n".join((head, *lines)), remedy=_ID_REMEDY if verdict.renamed else _DATE_REMEDY)


def warnings(verdict: Verdict, folder: str) -> Iterator[Problem]:
    """Yield what somebody should look at although it is published. `folder` is that of the posts."""
    if verdict.is_bulk_vanished:
        names = ", ".join(f"“{entry.title}”" for entry in verdict.vanished[:_NAMED])
        yield Problem(
            path=folder,
            message=f"{len(verdict.vanished)} posts that were in the feeds are gone, among them {names}.",
            remedy="If that is not meant, look whether files are missing. Readers keep what they have.",
            severity=Severity.WARNING,
        )


_ID_REMEDY = (
    "write the old id into each post (id: …), or bring back the state folder from a backup; "
    "if readers shall see them again: briefingfeed build --accept-as-new"
)
_DATE_REMEDY = (
    "set the dates, or the time zone in briefingfeed.toml, as they were; "
    "if the new ones are meant: briefingfeed build --accept-as-new"
)


def _told_id(old: ReadEntry, new: ReadEntry) -> str:
    return f"was {old.id} and would be {new.id}"


def _told_date(old: ReadEntry, new: ReadEntry) -> str:
    before, after = (
        (old.published, new.published) if _apart(old.published, new.published) else (old.updated, new.updated)
    )
    return f"was of {before:%Y-%m-%d %H:%M} and would be of {after:%Y-%m-%d %H:%M}"


def _sighting(entry: ReadEntry, zone: ZoneInfo) -> Sighting:
    day = entry.published.astimezone(zone).date() if entry.published else None
    return Sighting(key=entry.id, addresses=(entry.url,), title=entry.title, day=day)


def _moved(old: ReadEntry, new: ReadEntry, still: timedelta) -> bool:
    return _apart(old.published, new.published, still) or _apart(old.updated, new.updated, still)


def _apart(a: datetime | None, b: datetime | None, still: timedelta = STILL) -> bool:
    return a is not None and b is not None and abs(a - b) > still


def _is_bulk(count: int, known: int) -> bool:
    return count > MANY or (count > FEW and count > known * SHARE)


def _newest_first(pair_: tuple[ReadEntry, ReadEntry]) -> float:
    return -(pair_[1].published.timestamp() if pair_[1].published else 0.0)

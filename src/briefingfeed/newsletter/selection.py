"""Which posts an edition takes. Pure.

A set, not a time window: whatever this cadence has neither carried nor passed over goes, so that a post committed late
is not lost; and a limit of age keeps an archive from being mailed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from briefingfeed.models.edition import Cadence, Slot
from briefingfeed.models.post import Post
from briefingfeed.models.settings import Settings
from briefingfeed.newsletter.schedule import PERIOD_DAYS

WINDOW_DAYS = 30
"""A post dated longer ago waits for `email: true`; two periods of the cadence if that is longer: see `days_back`."""

MOST_OLD_POSTS = 10
"""An edition with more posts older than a period is held, for somebody to look at it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What a cadence has done so far; the posts by their ids."""

    carried: frozenset[str] = frozenset()
    passed_over: frozenset[str] = frozenset()
    first: bool
    """Whether no edition of this cadence was ever recorded."""
    since: datetime | None = None
    """The slot before the first that was missed, if the first edition makes up for missed ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What an edition does with the posts it found."""

    posts: tuple[Post, ...]
    """Those it carries, newest first."""
    passed_over: tuple[Post, ...] = ()
    """Those to record now as passed over: they go only if `email: true` is set afterwards."""
    waiting: tuple[Post, ...] = ()
    """Those too old to go by themselves, to be reported."""
    hold_reason: str | None = None
    """Why the edition must be frozen as held, for people."""


def days_back(cadence: Cadence) -> int:
    """Return how many days before the day of its slot an edition looks for posts."""
    return max(WINDOW_DAYS, 2 * PERIOD_DAYS[cadence])


def select(posts: Iterable[Post], history: History, slot: Slot, now: datetime, settings: Settings) -> Selection:
    """Decide about every post that is visible at `now` and that the cadence has not carried yet.

    Ages are counted in whole days of the publication's zone, back from the day of the slot.
    """
    zone = settings.publication.timezone
    period_start = slot.previous.astimezone(zone).date()
    oldest = window_start = _window_start(slot, settings)
    if history.first:
        oldest = max(window_start, history.since.astimezone(zone).date()) if history.since else period_start

    chosen, passed_over, waiting = [], [], []
    for post in sorted(posts, key=lambda post: post.published, reverse=True):
        if post.id in history.carried or not post.visible_at(now):
            continue
        asked_for = post.email is True
        settled = post.email is False or (post.id in history.passed_over and not asked_for)
        recent = post.published.astimezone(zone).date() >= oldest
        if not settled and (recent or asked_for):
            chosen.append(post)
        elif history.first:
            passed_over.append(post)
        elif not settled:
            waiting.append(post)

    return Selection(
        posts=tuple(chosen),
        passed_over=tuple(passed_over),
        waiting=tuple(waiting),
        hold_reason=_hold_reason(chosen, period_start, slot.cadence, settings),
    )


def missed_since(
    posts: Iterable[Post], left: History, slot: Slot, now: datetime, settings: Settings
) -> tuple[Post, ...]:
    """Return what somebody who came from another cadence missed: posts that the other still had before it.

    `left` is what that had carried by the last edition they had of it, and all it has passed over.
    """
    zone, oldest = settings.publication.timezone, _window_start(slot, settings)
    return tuple(
        post
        for post in posts
        if post.visible_at(now)
        and post.email is not False
        and post.published.astimezone(zone).date() >= oldest
        and post.id not in left.carried
        and (post.id not in left.passed_over or post.email is True)
    )


def _window_start(slot: Slot, settings: Settings) -> date:
    return slot.at.astimezone(settings.publication.timezone).date() - timedelta(days=days_back(slot.cadence))


def _hold_reason(chosen: Iterable[Post], period_start: date, cadence: Cadence, settings: Settings) -> str | None:
    zone = settings.publication.timezone
    old = sum(post.published.astimezone(zone).date() < period_start for post in chosen)
    if old <= MOST_OLD_POSTS:
        return None
    what = "posts came at once that" if cadence is Cadence.POSTS else "of its posts"
    since = "a day" if cadence is Cadence.POSTS else "the last edition"
    return f"{old} {what} are older than {since}; nothing goes out until somebody has looked at them"

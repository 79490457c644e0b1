"""Which readers are to hear of which corrections: those whose copy held the wrong text, once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection

from briefingfeed.delivery.audience import Corrections
from briefingfeed.models.archive import CorrectionMark
from briefingfeed.models.corrections import known_by_date, mark_of, news
from briefingfeed.models.edition import Cadence, Edition, Mentions
from briefingfeed.models.post import Post
from briefingfeed.models.settings import Settings
from briefingfeed.newsletter.digest import Corrected
from briefingfeed.storage import corrected


def untold(
    connection: Connection, edition: Edition, posts: Iterable[Post], settings: Settings, now: datetime
) -> Mapping[str, Corrections]:
    """Return the corrections that the readers of an edition's cadence have yet to hear of, by subscriber.

    Each had a post before it was corrected, with an edition of any cadence, and was not told since. A post that nobody
    can look at any more tells nothing.
    """
    found: defaultdict[str, Corrections] = defaultdict(frozenset)
    for post in posts:
        if post.corrections and post.visible_at(now):
            for who, marks in _of_post(connection, edition, post, settings).items():
                # One set for all who hear the same: a set for each of a million readers is hundreds of megabytes.
                found[who] = found[who] | marks if who in found else marks
    if found and edition.cadence is Cadence.POSTS:
        # Cancelled, it has no next edition to go with: it would be back within minutes.
        settled = corrected.called_off(connection, edition)
        return {who: marks - settled for who, marks in found.items() if marks - settled}
    return found


def _of_post(connection: Connection, edition: Edition, post: Post, settings: Settings) -> Mapping[str, Corrections]:
    zone = settings.publication.timezone
    known: dict[str, frozenset[str]] = {}
    tellers: Mapping[int, frozenset[str]] | None = None
    for wrong in corrected.held(connection, edition, post.id):
        shown = wrong.corrections
        if shown is None:
            shown = known_by_date(post.corrections, wrong.frozen_at.astimezone(zone).date())
        if not news(post.corrections, shown):
            continue
        if tellers is None:
            tellers = corrected.told(connection, edition, post.id)
        enough = [each for each, marks in tellers.items() if not news(post.corrections, shown | marks)]
        readers = corrected.readers_of(connection, wrong, edition.cadence, tellers=tellers, enough=enough)
        for who, teller in readers:
            known[who] = known.get(who, frozenset()) | shown | tellers.get(teller or 0, frozenset())
    fresh = {marks: news(post.corrections, marks) for marks in set(known.values())}
    told = {marks: frozenset(CorrectionMark(post.id, mark_of(each)) for each in of) for marks, of in fresh.items()}
    return {who: told[marks] for who, marks in known.items() if told[marks]}


def corrections_for(marks: Collection[CorrectionMark], posts: Iterable[Post]) -> tuple[Corrected, ...]:
    """Return what these marks stand for, the newest first."""
    found = [
        Corrected(post=post, correction=each)
        for post in posts
        if any(mark.post_id == post.id for mark in marks)
        for each in post.corrections
        if CorrectionMark(post.id, mark_of(each)) in marks
    ]
    return tuple(sorted(found, key=lambda each: each.correction.date, reverse=True))


def still_told(marks: Collection[CorrectionMark], posts: Iterable[Post], now: datetime) -> tuple[Corrected, ...]:
    """Return the same for marks from a time when the notes may have been worded otherwise."""
    days = {(mark.post_id, mark.mark.partition(" ")[0]) for mark in marks}
    current = frozenset(
        CorrectionMark(post.id, mark_of(each))
        for post in posts
        if post.visible_at(now)
        for each in post.corrections
        if (post.id, each.date.isoformat()) in days
    )
    return corrections_for(current, posts)


def mentions(posts: Iterable[Post], corrections: Iterable[Corrected]) -> Mentions:
    """Return what is remembered of a rendition, so that later corrections find their readers."""
    its = tuple(posts)
    return Mentions(
        titles={post.id: post.title for post in its},
        shown={post.id: tuple(mark_of(each) for each in post.corrections) for post in its},
        told=tuple(dict.fromkeys((each.post.id, mark_of(each.correction)) for each in corrections)),
    )

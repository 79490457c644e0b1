"""What is due, and making editions of it: once for a slot, or for each post that goes by itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import islice
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from briefingfeed.delivery.plan import Decision, decide, decide_rehearsal, is_silent
from briefingfeed.models.edition import Cadence, Edition, EditionState, Slot, scope_of
from briefingfeed.models.post import Post
from briefingfeed.newsletter.schedule import latest_slot, moment_of, previous_slot, require, slot_for_post
from briefingfeed.newsletter.selection import History, Selection
from briefingfeed.services.sending.basis import basis
from briefingfeed.services.sending.drafting import Draft, complete, select_posts
from briefingfeed.services.sending.freezing import Frozen, begun_mark, freeze_draft, freeze_slot, note_posts
from briefingfeed.services.sending.send_context import SendContext
from briefingfeed.services.telling.cron_words import why_missed
from briefingfeed.services.telling.notices import note
from briefingfeed.services.telling.words import ahead, gone, missed, silence
from briefingfeed.storage import editions, meta

if TYPE_CHECKING:
    from briefingfeed.posts.store import Library

_LAST_RUN_OF_POSTS = "last_run:posts"
"""The mark of the last real run for posts that go by themselves: they have no slots to go by."""

_RECENT = 50
"""So many editions back there is nothing that could decide about what is due."""


def look_ahead(context: SendContext, cadence: Cadence, *, at_once: bool, force: bool) -> Decision:
    """Return which slot is due, without doing anything; posts that go by themselves have none.

    Raises ConfigurationError if the cadence isn't set up.
    """
    require(context.settings, cadence)
    if cadence is Cadence.POSTS:
        return Decision()
    with context.database.read() as connection:
        return _decide(context, cadence, connection, context.now(), at_once=at_once, force=force)


def freeze_due(context: SendContext, cadence: Cadence, *, at_once: bool, force: bool) -> Frozen:
    """Record slots that were missed, and freeze the edition of the slot that is due, if any; or of each post."""
    now = context.now()
    if cadence is Cadence.POSTS:
        return _freeze_posts(context, now, at_once=at_once, force=force)
    with context.database.write() as connection:
        decision = _decide(context, cadence, connection, now, at_once=at_once, force=force)
        if decision.begin_after is not None:
            meta.set_mark(connection, begun_mark(cadence), decision.begin_after.isoformat())
        for slot in decision.missed:
            _record_missed(connection, slot)
        if decision.missed:
            why = why_missed(connection, context.settings, decision.missed[-1], now)
            note(connection, missed([slot.key for slot in decision.missed], cadence, why))
    if decision.silent_since is not None:
        return Frozen(standing=(silence(decision.silent_since, cadence),))
    if decision.ahead is not None:
        return Frozen(standing=(ahead(decision.ahead, cadence),))
    if decision.due is None:
        return Frozen()
    try:
        return freeze_slot(context, decision.due, now)
    except editions.DealtWithError:  # somebody held or cancelled it, or another machine was quicker
        return Frozen()


def draft_posts(context: SendContext, now: datetime, *, at_once: bool, most: int | None = None) -> tuple[Draft, ...]:
    """Return what would be frozen now of posts that go by themselves, or so many of it at `most`.

    Nothing is written, no page is asked.
    """
    library = context.load_posts()
    with context.database.read() as connection:
        history = _history_of_posts(context, connection, library, now, at_once=at_once)
        known = _known(connection, rehearsal=context.rehearses)
    selection, _ = select_posts(context, library, moment_of(now), history, now)
    due = [post.id for post in selection.posts]
    drafts = tuple(
        complete(context, library, slot, _alone(post, selection), now, due=due, offline=True)
        for post, slot in islice(known.slots(reversed(selection.posts), now), most)
    )
    return drafts or _correcting(context, library, known, now, offline=True)


def _freeze_posts(context: SendContext, now: datetime, *, at_once: bool, force: bool) -> Frozen:
    with context.database.read() as connection:
        last_run = None if context.rehearses else _instant(connection, _LAST_RUN_OF_POSTS)
        if last_run is not None and is_silent(Cadence.POSTS, last_run, now) and not force:
            return Frozen(standing=(silence(last_run, Cadence.POSTS),))
    library = context.load_posts()
    with context.database.write() as connection:
        history = _history_of_posts(context, connection, library, now, at_once=at_once)
        _begin_posts(context, connection, history, now)
        known = _known(connection, rehearsal=context.rehearses)
    selection, renamed = select_posts(context, library, moment_of(now), history, now)
    due = [post.id for post in selection.posts]
    frozen, keys = Frozen(), set()
    for post, slot in known.slots(reversed(selection.posts), now):
        keys.add(slot.key)
        draft = complete(context, library, slot, _alone(post, selection), now, due=due, renamed=renamed)
        with suppress(editions.DealtWithError):  # as above
            frozen = frozen.plus(freeze_draft(context, draft, now))
    for draft in _correcting(context, library, known, now):
        keys.add(draft.slot.key)
        with suppress(editions.DealtWithError):
            frozen = frozen.plus(freeze_draft(context, draft, now))
    with context.database.write() as connection:  # there may be no edition that could tell it
        if not library.unreadable and not context.rehearses:
            _record_gone(connection, keys)
        note_posts(connection, Cadence.POSTS, library, selection, renamed)
    return frozen


def _correcting(
    context: SendContext, library: Library, known: _Known, now: datetime, *, offline: bool = False
) -> tuple[Draft, ...]:
    """Return the edition that tells corrections, if there is somebody whom no post's edition has told."""
    slot = known.slot_for_corrections(now.astimezone(context.settings.publication.timezone).date(), now)
    draft = complete(context, library, slot, Selection(posts=()), now, due=(), offline=offline)
    return (draft,) if draft.rendition else ()


def _record_gone(connection: Connection, keys: Container[str]) -> None:
    """Record as missed what was stopped and is no longer to go: without its post nothing will ever make it."""
    for each in editions.list_of(connection, Cadence.POSTS, rehearsal=False):
        if each.state is EditionState.BLOCKED and each.key not in keys:
            editions.create(connection, replace(each, state=EditionState.MISSED, note=f"it was stopped: {each.note}"))
            note(connection, gone(each.key))


def _alone(post: Post, selection: Selection) -> Selection:
    return replace(selection, posts=(post,), passed_over=())


def _history_of_posts(
    context: SendContext, connection: Connection, library: Library, now: datetime, *, at_once: bool
) -> History:
    """Return what went before. At the beginning all that is visible is passed over; but the newest goes at once in a
    rehearsal, or if the operator says so."""
    history = basis(context, connection, Cadence.POSTS)
    visible = [post for post in library.posts if post.visible_at(now)]
    begun = not history.first or bool(history.passed_over)
    if not context.rehearses:
        begun = meta.get_mark(connection, begun_mark(Cadence.POSTS)) is not None
    if not begun:
        history = replace(history, passed_over=frozenset(post.id for post in visible))
    if history.first and (at_once or (context.rehearses and not begun)):
        newest = next((post.id for post in visible if post.email is not False), "")
        history = replace(history, passed_over=history.passed_over - {newest})
    return replace(history, first=False)


def _begin_posts(context: SendContext, connection: Connection, history: History, now: datetime) -> None:
    scope = scope_of(Cadence.POSTS, rehearsal=context.rehearses)
    known = editions.history(connection, scope).passed_over
    editions.pass_over(connection, scope, history.passed_over - known, now)
    if not context.rehearses:
        begun = begun_mark(Cadence.POSTS)
        meta.set_mark(connection, begun, meta.get_mark(connection, begun) or now.isoformat())
        meta.set_mark(connection, _LAST_RUN_OF_POSTS, now.isoformat())


@dataclass(frozen=True, slots=True)
class _Known:
    """The editions of single posts so far, by their keys without `rehearsal/`."""

    over: frozenset[str]
    """Made, or at their end: no other post may have these keys. A blocked edition is tried again."""
    held: frozenset[str]
    """Held before they were made."""
    cancelled: frozenset[str]
    """Cancelled before they were made."""

    def slots(self, posts: Iterable[Post], now: datetime) -> Iterator[tuple[Post, Slot]]:
        """Yield the posts that may go, each with its slot. Left out is whichever somebody has stopped by its key."""
        taken = set(self.over)
        for post in posts:
            slot = slot_for_post(post, now, taken)
            taken.add(slot.key)
            if slot.key not in self.held | self.cancelled:
                yield post, slot

    def slot_for_corrections(self, day: date, now: datetime) -> Slot:
        key = f"{Cadence.POSTS}/{day}-corrections"
        taken = self.over | self.held | self.cancelled
        keys = (key, *(f"{key}-{number}" for number in range(2, len(taken) + 3)))
        return replace(moment_of(now), key=next(each for each in keys if each not in taken))


def _known(connection: Connection, *, rehearsal: bool) -> _Known:
    found = editions.list_of(connection, Cadence.POSTS, rehearsal=rehearsal)
    by_state: defaultdict[EditionState | None, set[str]] = defaultdict(set)
    for each in found:
        by_state[None if each.is_made else each.state].add(each.key.removeprefix("rehearsal/"))
    return _Known(
        over=frozenset(by_state[None] | by_state[EditionState.EMPTY] | by_state[EditionState.MISSED]),
        held=frozenset(by_state[EditionState.HELD]),
        cancelled=frozenset(by_state[EditionState.CANCELLED]),
    )


def _decide(
    context: SendContext, cadence: Cadence, connection: Connection, now: datetime, *, at_once: bool, force: bool
) -> Decision:
    settings = context.settings
    latest = latest_slot(settings, cadence, now)
    known = editions.list_of(connection, cadence, rehearsal=context.rehearses, most=_RECENT)
    if context.rehearses:
        return decide_rehearsal(latest, known)
    return decide(
        latest,
        known,
        begun_after=_instant(connection, begun_mark(cadence)),
        previous=lambda slot: previous_slot(settings, slot),
        now=now,
        catch_up=settings.newsletter.catch_up,
        at_once=at_once,
        force=force,
    )


def _instant(connection: Connection, mark: str) -> datetime | None:
    noted = meta.get_mark(connection, mark)
    return datetime.fromisoformat(noted) if noted else None


def _record_missed(connection: Connection, slot: Slot) -> None:
    stopped = editions.get(connection, slot.key)
    editions.create(
        connection,
        Edition(
            key=slot.key,
            cadence=slot.cadence,
            rehearsal=False,
            slot_at=slot.at,
            state=EditionState.MISSED,
            note=f"it was stopped: {stopped.note}" if stopped else "no run sent it in time",
        ),
    )

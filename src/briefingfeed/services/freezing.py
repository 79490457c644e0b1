"""From a due slot to a frozen edition: nothing of it changes afterwards, whatever happens to the posts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from briefingfeed.delivery import batches
from briefingfeed.delivery.audience import count_recipients
from briefingfeed.delivery.failpoints import BEFORE_FREEZE
from briefingfeed.delivery.plan import Decision, decide, decide_rehearsal, edition_key
from briefingfeed.models.edition import Cadence, Edition, EditionState, Rendition, Slot
from briefingfeed.newsletter.preflight import Finding
from briefingfeed.newsletter.schedule import latest_slot, previous_slot, slot_for_key
from briefingfeed.newsletter.selection import History
from briefingfeed.services.drafting import Draft, draft_edition
from briefingfeed.services.notices import Notice, note, tell
from briefingfeed.services.send_context import SendContext
from briefingfeed.services.words import about_posts, ahead, blocked, missed, rehearsed, silence, unreadable
from briefingfeed.storage import editions, meta, posts

LIFETIME = timedelta(days=5)
"""Rows that still wait this long after the freeze expire; a digest is worth little next week."""
BEGUN_AFTER = "begun_after"
"""The mark of the first real run of a cadence: slots up to this instant have no edition. Of the weekly one bare, of the
others with `/` and the cadence behind it."""
_TOLD_POSTS = "told_posts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """What became of what was due: one edition for a slot, one for each post that goes by itself."""

    editions: tuple[Edition, ...] = ()
    titles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Of the posts that each carries, by its key."""
    standing: tuple[Notice, ...] = ()
    """What stands until somebody repairs it; looked at again by each run."""
    warnings: tuple[Finding, ...] = ()
    """What preflight found in the edition's content without stopping it."""


def look_ahead(context: SendContext, cadence: Cadence, *, at_once: bool, force: bool) -> Decision:
    """Return what is due, without doing it. Raises ConfigurationError if the cadence isn't set up."""
    with context.database.read() as connection:
        return _decide(context, cadence, connection, context.now(), at_once=at_once, force=force)


def freeze_due(context: SendContext, cadence: Cadence, *, at_once: bool, force: bool) -> Frozen:
    """Record slots that were missed, and freeze the edition of the slot that is due, if any."""
    now = context.now()
    with context.database.write() as connection:
        decision = _decide(context, cadence, connection, now, at_once=at_once, force=force)
        if decision.begin_after is not None:
            meta.set_mark(connection, _mark(BEGUN_AFTER, cadence), decision.begin_after.isoformat())
        for slot in decision.missed:
            _record_missed(connection, slot)
        if decision.missed:
            note(connection, missed([slot.key for slot in decision.missed]))
    if decision.silent_since is not None:
        return Frozen(standing=(silence(decision.silent_since),))
    if decision.ahead is not None:
        return Frozen(standing=(ahead(decision.ahead),))
    if decision.due is None:
        return Frozen()
    try:
        return freeze_slot(context, decision.due, now)
    except editions.DealtWithError:  # somebody held or cancelled it, or another machine was quicker
        return Frozen()


def _mark(name: str, cadence: Cadence) -> str:
    return name if cadence is Cadence.WEEKLY else f"{name}/{cadence}"


def _decide(
    context: SendContext, cadence: Cadence, connection: Connection, now: datetime, *, at_once: bool, force: bool
) -> Decision:
    settings = context.settings
    latest = latest_slot(settings, cadence, now)
    scope = new_edition(context, latest).scope
    known = [edition for edition in editions.list_all(connection) if edition.scope == scope]
    if context.rehearses:
        return decide_rehearsal(latest, known)
    mark = meta.get_mark(connection, _mark(BEGUN_AFTER, cadence))
    return decide(
        latest,
        known,
        begun_after=datetime.fromisoformat(mark) if mark else None,
        previous=lambda slot: previous_slot(settings, slot),
        now=now,
        catch_up=settings.newsletter.catch_up,
        at_once=at_once,
        force=force,
    )


def freeze_slot(context: SendContext, slot: Slot, now: datetime) -> Frozen:
    """Put the edition of `slot` together and freeze it, or record that it is empty or blocked.

    Raises RefusedError if that edition was dealt with before.
    """
    edition = new_edition(context, slot)
    with context.database.read() as connection:
        history = basis(context, connection, slot)
        readers = count_recipients(connection)
    draft = draft_edition(context, slot, history, now)
    if draft.rendition is None:
        return _record_empty(context, draft, edition, "no post was due", now)
    if not readers:
        return _record_empty(context, draft, edition, "there was no confirmed subscriber", now)
    if draft.stops:
        return _record_blocked(context, draft, edition)
    return _record_frozen(context, draft, draft.rendition, edition, now)


def new_edition(context: SendContext, slot: Slot) -> Edition:
    """Return the edition of `slot` as it is before anything is known of it."""
    bounces = context.settings.bounces
    return Edition(
        key=edition_key(slot, rehearsal=context.rehearses),
        cadence=slot.cadence,
        rehearsal=context.rehearses,
        slot_at=slot.at,
        state=EditionState.FROZEN,
        signing_key=context.keyring.current,
        sender=bounces.address if bounces.address and not bounces.verp else context.settings.newsletter.from_.address,
        return_path=bounces.address if bounces.verp else None,
        public_url=context.settings.public_url,
        unsubscribe_address=bounces.unsubscribe_address,
    )


def basis(context: SendContext, connection: Connection, slot: Slot) -> History:
    """Return what went before `slot`, which decides about the posts of its edition.

    If slots were missed before the first edition, it reaches back as far as the first of them would have.
    """
    scope = new_edition(context, slot).scope
    past = editions.history(connection, scope)
    history = History(carried=past.carried, passed_over=past.passed_over, first=not past.edition_before)
    unsent = [each for each in editions.list_all(connection) if each.scope == scope and _is_missed(each)]
    if history.first and unsent:
        first = min(unsent, key=lambda edition: edition.slot_at)
        history = replace(history, since=slot_for_key(context.settings, first.key).previous)
    return history


def _is_missed(edition: Edition) -> bool:
    """Whether the slot passed without a word to anybody; its posts were left for the next."""
    return edition.state is EditionState.MISSED or (edition.state is EditionState.CANCELLED and not edition.is_made)


def _record_frozen(context: SendContext, draft: Draft, rendition: Rendition, edition: Edition, now: datetime) -> Frozen:
    reason = draft.selection.hold_reason
    edition = replace(
        edition,
        state=EditionState.HELD if reason else EditionState.FROZEN,
        frozen_at=now,
        expires_at=now + LIFETIME,
        held_at=now if reason else None,
        note=reason or "",
    )
    with context.database.write() as connection:
        _remember(connection, draft)
        editions.freeze(
            connection,
            edition,
            rendition,
            [post.id for post in draft.selection.posts],
            draft.passed_over_ids,
            now,
        )
        batches.set_first_batch_apart(connection, edition.key, context.settings.newsletter.first_batch)
        _note_posts(connection, draft)
        if edition.rehearsal:
            note(connection, rehearsed(edition.key))
        context.failpoint(BEFORE_FREEZE)
    titles = tuple(post.title for post in draft.selection.posts)
    return Frozen(editions=(edition,), titles={edition.key: titles}, warnings=draft.warnings)


def _record_empty(context: SendContext, draft: Draft, edition: Edition, reason: str, now: datetime) -> Frozen:
    """Record that nobody is mailed; but never while a file is broken: it might be the very post."""
    if draft.library.unreadable:
        return Frozen(standing=(unreadable(edition.key, draft.library.problems),))
    edition = replace(edition, state=EditionState.EMPTY, note=reason)
    with context.database.write() as connection:
        _remember(connection, draft)
        editions.create(connection, edition, passed_over_ids=draft.passed_over_ids)
        _note_posts(connection, draft)
    return Frozen(editions=(edition,))


def _record_blocked(context: SendContext, draft: Draft, edition: Edition) -> Frozen:
    """Record what stopped the edition; each run looks again until the next slot."""
    reason = " ".join(finding.message for finding in draft.stops)
    edition = replace(edition, state=EditionState.BLOCKED, note=reason)
    with context.database.write() as connection:
        editions.create(connection, edition)
    return Frozen(editions=(edition,), standing=(blocked(edition.key, draft.stops),))


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


def _note_posts(connection: Connection, draft: Draft) -> None:
    """Note what the editor should know about the posts: once, though each edition finds it again."""
    found = about_posts(draft.library.problems, draft.selection.waiting, draft.renamed)
    note(connection, *tell(connection, found, memory=_TOLD_POSTS))


def _remember(connection: Connection, draft: Draft) -> None:
    """Keep the posts' ids with the edition that carries them, in one transaction."""
    posts.remember(
        connection,
        (
            posts.RememberedRow(row.post_id, row.path, row.date, row.body_digest, row.published, row.updated)
            for row in draft.library.memory
        ),
    )

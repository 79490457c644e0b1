"""From a slot to a frozen edition: nothing of it changes afterwards, whatever happens to the posts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from briefingfeed.delivery import batches
from briefingfeed.delivery.failpoints import BEFORE_FREEZE
from briefingfeed.errors import TemporaryError
from briefingfeed.models.edition import Cadence, Edition, EditionState, Slot
from briefingfeed.models.post import Post
from briefingfeed.newsletter.finding import Finding
from briefingfeed.newsletter.selection import Selection
from briefingfeed.services.sending.basis import gather, new_edition
from briefingfeed.services.sending.coming import planned_edition
from briefingfeed.services.sending.drafting import Draft, complete, draft_edition
from briefingfeed.services.sending.introductions import use_up
from briefingfeed.services.sending.proofs import note_what_changed
from briefingfeed.services.sending.send_context import SendContext
from briefingfeed.services.telling.notices import Notice, note, tell
from briefingfeed.services.telling.words import about_posts, blocked, rehearsed, unreadable
from briefingfeed.storage import editions, posts
from briefingfeed.storage.audience import Share

if TYPE_CHECKING:
    from briefingfeed.posts.store import Library

LIFETIME = timedelta(days=5)
"""Rows that still wait this long after the freeze expire; a digest is worth little next week."""
_TOLD_POSTS = "told_posts"
_TRIES = 5
"""How often readers may change their cadence while an edition is put together, before the next run takes over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """What became of what was due: one edition for a slot, one for each post that goes by itself."""

    editions: tuple[Edition, ...] = ()
    titles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Of the posts that each carries, by its key."""
    without: Mapping[str, int] = field(default_factory=dict)
    """How many of its readers have all of an edition's posts and get no copy, by its key."""
    standing: tuple[Notice, ...] = ()
    """What stands until somebody repairs it; looked at again by each run."""
    warnings: tuple[Finding, ...] = ()
    """What preflight found in the edition's content without stopping it."""

    def plus(self, other: Frozen) -> Frozen:
        return Frozen(
            editions=(*self.editions, *other.editions),
            titles={**self.titles, **other.titles},
            without={**self.without, **other.without},
            standing=(*self.standing, *other.standing),
            warnings=(*self.warnings, *other.warnings),
        )


def begun_mark(cadence: Cadence) -> str:
    """Return the mark of the first real run of a cadence: slots up to that instant have no edition."""
    # There was a time when all editions were weekly.
    return "begun_after" if cadence is Cadence.WEEKLY else f"begun_after:{cadence}"


def freeze_slot(context: SendContext, slot: Slot, now: datetime) -> Frozen:
    """Put the edition of `slot` together and freeze it, or record that it is empty or blocked.

    Raises RefusedError if that edition was dealt with before.
    """
    return freeze_draft(context, draft_edition(context, slot, now), now)


def freeze_draft(context: SendContext, draft: Draft, now: datetime) -> Frozen:
    """Freeze an edition that was put together, or record that it is empty or blocked. Raises as `freeze_slot` does."""
    edition = new_edition(context, draft.slot)
    for _ in range(_TRIES):
        if draft.rendition is None or draft.waits_for_posts:
            return _record_empty(context, draft, edition, "no post was due", now)
        if not draft.audience.recipients and not draft.audience.without:
            return _record_empty(context, draft, edition, "there was no confirmed subscriber", now)
        if draft.stops:
            return _record_blocked(context, draft, edition)
        frozen = _record_frozen(context, draft, edition, now)
        if frozen is not None:
            return frozen
        draft = complete(context, draft.library, draft.slot, draft.selection, now, due=draft.due, renamed=draft.renamed)
    raise TemporaryError(f"The readers of {edition.key} keep changing while it is put together; nothing was sent yet.")


def _record_frozen(context: SendContext, draft: Draft, edition: Edition, now: datetime) -> Frozen | None:
    """Freeze it; None if a reader has changed so that there is nothing yet that would be right for them."""
    chosen, reason = draft.selection.posts, draft.selection.hold_reason
    edition = replace(
        edition,
        state=EditionState.HELD if reason else EditionState.FROZEN,
        frozen_at=now,
        expires_at=now + LIFETIME,
        held_at=now if reason else None,
        note=reason or "",
    )
    with context.database.write() as connection:
        audience = gather(
            context, connection, draft.slot, chosen, draft.library.posts, now, due=draft.due, renamed=draft.renamed
        )
        if not draft.is_for(audience):
            return None
        _remember(connection, draft)
        editions.freeze(
            connection,
            edition,
            [Share(draft.contents[group.portion], group.named) for group in audience.groups],
            [post.id for post in chosen],
            draft.passed_over_ids,
            now,
            without=audience.without,
        )
        batches.set_first_batch_apart(connection, edition.key, context.settings.newsletter.first_batch)
        note_posts(connection, draft.slot.cadence, draft.library, draft.selection, draft.renamed)
        note_what_changed(connection, edition.key, chosen)
        if edition.rehearsal:
            note(connection, rehearsed(edition.key))
        elif draft.introduction is not None:
            use_up(connection, draft.introduction, edition.key)
        context.failpoint(BEFORE_FREEZE)
    return Frozen(
        editions=(edition,),
        titles={edition.key: tuple(post.title for post in chosen)},
        without={edition.key: len(audience.without)},
        warnings=draft.warnings,
    )


def _record_empty(context: SendContext, draft: Draft, edition: Edition, reason: str, now: datetime) -> Frozen:
    """Record that nobody is mailed; but never while a file is broken: it might be the very post."""
    if draft.library.unreadable and not draft.selection.posts:
        return Frozen(standing=(unreadable(edition.key, draft.library.problems),))
    edition = replace(edition, state=EditionState.EMPTY, note=reason)
    passed_over_ids = draft.passed_over_ids
    if edition.cadence is Cadence.POSTS:  # there is no next edition that the post could go with
        passed_over_ids += [post.id for post in draft.selection.posts]
    with context.database.write() as connection:
        _remember(connection, draft)
        editions.create(connection, edition, passed_over_ids=passed_over_ids)
        note_posts(connection, draft.slot.cadence, draft.library, draft.selection, draft.renamed)
    return Frozen(editions=(edition,))


def _record_blocked(context: SendContext, draft: Draft, edition: Edition) -> Frozen:
    """Record what stopped the edition; each run looks again until the next slot."""
    reason = " ".join(finding.message for finding in draft.stops)
    with context.database.write() as connection:
        planned = editions.get(connection, edition.key) or _planned(context, draft.slot)
        until = planned.expires_at if planned else None
        edition = replace(edition, state=EditionState.BLOCKED, note=reason, expires_at=until)
        editions.create(connection, edition)
    return Frozen(editions=(edition,), standing=(blocked(edition.key, draft.stops),))


def _planned(context: SendContext, slot: Slot) -> Edition | None:
    """Return the edition as it would have been planned; a post that goes by itself never is."""
    if slot.cadence is Cadence.POSTS:
        return None
    return planned_edition(context.settings, slot, rehearses=context.rehearses)


def note_posts(
    connection: Connection, cadence: Cadence, library: Library, selection: Selection, renamed: Sequence[Post]
) -> None:
    """Note what the editor should know about the posts: once, though each edition finds it again."""
    found = about_posts(library.problems, selection.waiting, renamed)
    note(connection, *tell(connection, found, memory=f"{_TOLD_POSTS}:{cadence}"))


def _remember(connection: Connection, draft: Draft) -> None:
    """Keep the posts' ids with the edition that carries them, in one transaction."""
    posts.remember(
        connection,
        (
            posts.RememberedRow(row.post_id, row.path, row.date, row.body_digest, row.published, row.updated)
            for row in draft.library.memory
        ),
    )

"""The editions that come next, as they would be if nothing changed before they go: one of each cadence, and one of each
post that goes by itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime

from briefingfeed.delivery.plan import edition_key
from briefingfeed.models.edition import Cadence
from briefingfeed.models.output import key_of
from briefingfeed.newsletter.schedule import moment_of, set_up, slot_for_post, upcoming_slot
from briefingfeed.newsletter.selection import Selection
from briefingfeed.posts.store import Library
from briefingfeed.services.previewing.renditions import files_mark
from briefingfeed.services.previewing.views import EditionView
from briefingfeed.services.sending.basis import basis
from briefingfeed.services.sending.drafting import Draft, complete, draft_edition
from briefingfeed.services.sending.due import draft_posts
from briefingfeed.services.sending.send_context import SendContext

_MOST_SINGLE = 10
"""More posts that go by themselves are not drafted: nobody looks at them all, and each is a mail to be made."""


def upcoming(context: SendContext, library: Library, now: datetime) -> Iterator[EditionView]:
    """Yield the next edition of each cadence that the publication has."""
    context = replace(context, load_posts=lambda: library)
    for cadence in set_up(context.settings):
        if cadence is Cadence.POSTS:
            yield from _single(context, library, now)
        else:
            slot = upcoming_slot(context.settings, cadence, now)
            draft = draft_edition(context, slot, max(now, slot.at), offline=True)
            yield _seen(context, draft, str(cadence), slot.at)


def _single(context: SendContext, library: Library, now: datetime) -> Iterator[EditionView]:
    """Yield the mails of posts that go with the next run, then those of posts that are dated later."""
    due = draft_posts(context, now, at_once=False, most=_MOST_SINGLE)
    later = _later(context, library, now, taken={draft.slot.key for draft in due}, most=_MOST_SINGLE - len(due))
    for draft, goes_at in [*((each, None) for each in due), *later]:
        yield _seen(context, draft, draft.slot.key, goes_at)
    if not due and not later:
        nothing = complete(context, library, moment_of(now), Selection(posts=()), now, due=(), offline=True)
        yield _seen(context, nothing, str(Cadence.POSTS), None)


def _later(
    context: SendContext, library: Library, now: datetime, *, taken: Collection[str], most: int
) -> list[tuple[Draft, datetime]]:
    """Return the mails of posts that are still to appear, the next first, each as it will be at its own time."""
    with context.database.read() as connection:
        carried = basis(context, connection, Cadence.POSTS).carried
    coming = [
        post
        for post in reversed(library.posts)
        if not post.draft and not post.visible_at(now) and post.email is not False and post.id not in carried
    ]
    drafts, keys = [], set(taken)
    for post in coming[:most]:
        slot = slot_for_post(post, post.published, keys)
        keys.add(slot.key)
        alone = Selection(posts=(post,))
        draft = complete(context, library, slot, alone, post.published, due=[post.id], offline=True)
        drafts.append((draft, post.published))
    return drafts


def _seen(context: SendContext, draft: Draft, name: str, goes_at: datetime | None) -> EditionView:
    audience, selection = draft.audience, draft.selection
    about = (audience.recipients, len(audience.without), len(audience.groups), selection.hold_reason)
    waiting = [post.path for post in selection.waiting]
    files = [files_mark(post) for post in selection.posts]
    mails = [
        draft.rendition.content_hash if draft.rendition else "",
        *(each.content_hash for each in draft.contents.values()),
    ]
    return EditionView(
        name=name,
        cadence=draft.slot.cadence,
        key=edition_key(draft.slot, rehearsal=context.rehearses),
        goes_at=goes_at,
        draft=draft,
        mark=key_of(f"{mails}", f"{about}", f"{waiting}", f"{files}", context.look.mark()),
        budget=context.settings.newsletter.size_budget_kb * 1024,
    )

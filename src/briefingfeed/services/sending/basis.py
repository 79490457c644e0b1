"""What an edition is built on: what went before it, and who there is to get it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from briefingfeed.delivery.audience import Audience, PostIds, divide
from briefingfeed.delivery.plan import edition_key
from briefingfeed.models.edition import Cadence, Edition, EditionState, Slot, scope_of
from briefingfeed.models.post import Post
from briefingfeed.newsletter.schedule import slot_for_key
from briefingfeed.newsletter.selection import History, days_back, missed_since
from briefingfeed.services.sending.corrections import untold
from briefingfeed.services.sending.send_context import SendContext
from briefingfeed.storage import audience, editions, renditions


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


def basis(context: SendContext, connection: Connection, cadence: Cadence) -> History:
    """Return what a cadence has done so far, which decides about the posts of its next edition.

    If slots were missed before the first edition, it reaches back as far as the first of them would have.
    """
    scope = scope_of(cadence, rehearsal=context.rehearses)
    past = editions.history(connection, scope)
    history = History(carried=past.carried, passed_over=past.passed_over, first=not past.edition_before)
    if cadence is Cadence.POSTS:
        # Cancelled before anybody had it, a post has no next edition to go with: it would be back within minutes. It
        # counts as carried, not as passed over: that would let it go if it asks to be mailed.
        called_off = renditions.posts_of(connection, cadence, EditionState.CANCELLED, rehearsal=context.rehearses)
        return replace(history, carried=history.carried | called_off)
    if history.first:
        past_slots = editions.list_of(connection, cadence, rehearsal=context.rehearses)
        first = next((each for each in reversed(past_slots) if _is_missed(each)), None)
        since = slot_for_key(context.settings, first.key).previous if first else None
        history = replace(history, since=since)
    return history


def _is_missed(edition: Edition) -> bool:
    """Whether the slot passed without a word to anybody; its posts were left for the next."""
    return edition.state is EditionState.MISSED or (edition.state is EditionState.CANCELLED and not edition.is_made)


def gather(
    context: SendContext,
    connection: Connection,
    slot: Slot,
    chosen: Iterable[Post],
    posts: Collection[Post],
    now: datetime,
    *,
    due: Collection[str],
    renamed: Collection[Post] = (),
) -> Audience:
    """Return who gets which posts and corrections, were the edition of `slot` with the posts `chosen` frozen now.

    Somebody who changed to this cadence may have missed others of `posts`: none that is in `due`, the ids of those that
    this run mails anyway, and none that is `renamed`.
    """
    edition = new_edition(context, slot)
    post_ids = frozenset(post.id for post in chosen)
    left: dict[str, audience.LeftAt] = {}
    for each in audience.switched(connection, edition, slot.at - timedelta(days=days_back(slot.cadence))):
        if each.subscriber_id not in left or each.at > left[each.subscriber_id].at:
            left[each.subscriber_id] = each
    settled = {*due, *(post.id for post in renamed)}
    candidates = tuple(post for post in posts if post.id not in settled)
    missed: dict[tuple[Cadence, datetime], PostIds] = {}
    for _, cadence, at in left.values():
        if (cadence, at) not in missed:
            had = _as_they_left(connection, scope_of(cadence, rehearsal=edition.rehearsal), at)
            found = missed_since(candidates, had, slot, now, context.settings)
            missed[cadence, at] = frozenset(post.id for post in found)
    return divide(
        post_ids,
        audience.count(connection, slot.cadence),
        audience.had(connection, edition, post_ids.union(*missed.values())),
        {who: missed[each.cadence, each.at] for who, each in left.items()},
        untold(connection, edition, posts, context.settings, now),
    )


def _as_they_left(connection: Connection, scope: str, at: datetime) -> History:
    """Return what a cadence had carried in editions frozen up to then, and what it has passed over to this day."""
    carried = audience.carried_when(connection, scope)
    return History(
        carried=frozenset(post_id for post_id, when in carried.items() if when <= at),
        passed_over=editions.history(connection, scope).passed_over,
        first=False,
    )

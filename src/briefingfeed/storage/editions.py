"""Editions: one row for each slot that passed, what it carried, and the freeze."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, RowMapping, and_, delete, exists, or_, select, update

from briefingfeed.errors import RefusedError
from briefingfeed.models.edition import Cadence, Edition, EditionState, Rendition, scope_of
from briefingfeed.storage import audience, guard, renditions
from briefingfeed.storage.audience import Share
from briefingfeed.storage.copies_out import MAY_BE_OUT
from briefingfeed.storage.schema import delivery, edition, edition_post, passed_over, rendition_post
from briefingfeed.storage.statements import batches, upsert

_MAY_BECOME: Final = {
    EditionState.PLANNED: {EditionState.HELD, EditionState.CANCELLED},
    EditionState.BLOCKED: {EditionState.MISSED, EditionState.EMPTY, EditionState.HELD, EditionState.CANCELLED},
    EditionState.FROZEN: {EditionState.SENDING, EditionState.HELD, EditionState.DONE, EditionState.CANCELLED},
    EditionState.SENDING: {EditionState.HELD, EditionState.DONE, EditionState.CANCELLED},
    EditionState.HELD: {EditionState.FROZEN, EditionState.SENDING, EditionState.CANCELLED, EditionState.DONE},
    # The operator has resolved an uncertain row: it is to be sent again.
    EditionState.DONE: {EditionState.SENDING},
}
"""Which state may follow which, apart from the freeze. Empty, missed and cancelled editions stay as they are, but for
the mail of a single post."""

_IS_UNMADE: Final = edition.c.state.in_([EditionState.PLANNED, EditionState.BLOCKED])
_IS_HELD_UNMADE: Final = and_(edition.c.state == EditionState.HELD, edition.c.frozen_at.is_(None))
_KEPT: Final = frozenset({"key", "proof_hash", "proof_sent_at"})
"""What an edition keeps when it gets its content."""


class PostHistory(NamedTuple):
    """What was mailed before within a scope, such as `weekly`; posts by their ids."""

    carried: frozenset[str]
    passed_over: frozenset[str]
    edition_before: bool
    """Whether there was ever an edition, or nothing to put into one. What never came so far does not count."""


class DealtWithError(RefusedError):
    """Somebody was quicker: the edition has its content, or an end, already."""


def get(c: Connection, key: str, *, for_update: bool = False) -> Edition | None:
    """Return an edition. `for_update`: nobody else changes it before the end of this transaction."""
    query = select(edition).where(edition.c.key == key)
    row = c.execute(query.with_for_update() if for_update else query).mappings().one_or_none()
    return _edition(row) if row else None


def state(c: Connection, key: str, *, for_update: bool = False) -> EditionState | None:
    """Return the state of an edition. `for_update`: it stays so until this transaction changes it, or ends."""
    query = select(edition.c.state).where(edition.c.key == key)
    return c.scalar(query.with_for_update() if for_update else query)


def list_all(c: Connection, states: Collection[EditionState] | None = None) -> list[Edition]:
    """Return every edition, or those in some states, newest slot first; a rehearsal after the real one."""
    query = select(edition) if states is None else select(edition).where(edition.c.state.in_(states))
    query = query.order_by(edition.c.slot_at.desc(), edition.c.rehearsal, edition.c.key)
    return [_edition(row) for row in c.execute(query).mappings()]


def list_of(c: Connection, cadence: Cadence, *, rehearsal: bool, most: int | None = None) -> list[Edition]:
    """Return the editions of a cadence, real ones or rehearsals, newest slot first: all, or so many."""
    its = (edition.c.cadence == cadence, edition.c.rehearsal == rehearsal)
    query = select(edition).where(*its).order_by(edition.c.slot_at.desc(), edition.c.key)
    return [_edition(row) for row in c.execute(query.limit(most)).mappings()]


def create(c: Connection, new: Edition, *, passed_over_ids: Collection[str] = ()) -> None:
    """Record an edition that has no content: `planned`, `empty`, `missed` or `blocked`, or held or cancelled so early.

    One that is planned or blocked may be recorded again, with another note or state; one held without content only as
    `missed`. Raises DealtWithError if there is another.
    """
    _put(c, new)
    pass_over(c, new.scope, passed_over_ids, new.slot_at)


def freeze(
    c: Connection,
    new: Edition,
    shares: Sequence[Share],
    post_ids: Iterable[str],
    passed_over_ids: Collection[str],
    now: datetime,
    *,
    without: Collection[str] = (),
) -> int:
    """Store an edition with its content and one row for each subscriber of its cadence; return how many.

    Only whoever is confirmed and not suppressed counts. The first of `shares` is what people call the edition by; those
    named in `without` get no row: they had all of it.
    `new` has its state (`frozen`, or `held`), expiry and signing key; `frozen_at` and `recipients` are set here.
    Raises DealtWithError if this edition was dealt with already, RefusedError if one of its posts was carried before.
    """
    _put(c, new, frozen_at=now, held_at=now if new.state is EditionState.HELD else None)
    ids = [renditions.add(c, new.key, share.rendition, number=number) for number, share in enumerate(shares, start=1)]
    _carry(c, new, post_ids)
    pass_over(c, new.scope, passed_over_ids, now)
    named: dict[str, int | None] = {
        who: stored for stored, share in zip(ids, shares, strict=True) for who in share.subscriber_ids or ()
    }
    # An edition that holds corrections alone goes to those whom they concern.
    rest = next((stored for stored, share in zip(ids, shares, strict=True) if share.subscriber_ids is None), None)
    recipients = audience.add_rows(c, new, now, named=named | dict.fromkeys(without), everybody_else=rest)
    c.execute(update(edition).where(edition.c.key == new.key).values(recipients=recipients))
    return recipients


def rendition(c: Connection, key: str) -> Rendition:
    """Return what most readers of an edition get, checked against its hash. Raises StorageError: `renditions.get`."""
    return renditions.first(c, key)


def set_state(c: Connection, key: str, to: EditionState, now: datetime, note: str = "") -> Edition:
    """Move an edition to another state and return it; setting the same state again only changes the note.

    Time spent in `held` moves the expiry on. Raises RefusedError if there is no such edition, or it can't go there;
    like everything here that changes an edition, RestoredError for what may be an older copy of the database.
    """
    guard.advance(c)
    found = get(c, key, for_update=True)
    if found is None:
        raise RefusedError(f"there is no edition {key}", remedy="see them all with: briefingfeed editions list")
    if to is not found.state and not _may_become(found, to):
        raise RefusedError(f"the edition {key} is {found.state}; it cannot become {to}")
    values: dict[str, Any] = {"state": to, "note": note}
    if to is EditionState.HELD:
        values["held_at"] = found.held_at or now
    elif found.held_at is not None:
        values["held_at"] = None
        if found.expires_at is not None:
            values["expires_at"] = found.expires_at + max(now - found.held_at, timedelta(0))
    changed = c.execute(update(edition).where(edition.c.key == key).values(values).returning(edition))
    return _edition(changed.mappings().one())


def _may_become(found: Edition, to: EditionState) -> bool:
    if found.state is EditionState.HELD and not found.is_made:
        return to in (EditionState.PLANNED, EditionState.CANCELLED)
    if found.state is EditionState.CANCELLED and found.cadence is Cadence.POSTS:  # somebody asked for it again
        return to is (EditionState.MISSED if found.is_made else EditionState.PLANNED)
    return to in _MAY_BECOME.get(found.state, ())


def note_proof(c: Connection, key: str, content: str, now: datetime) -> None:
    """Write down that somebody has a proof of an edition with this content (a hash)."""
    c.execute(update(edition).where(edition.c.key == key).values(proof_hash=content, proof_sent_at=now))


def history(c: Connection, scope: str) -> PostHistory:
    """Return what was mailed before. `scope` is `Edition.scope`."""
    carried = c.scalars(select(edition_post.c.post_id).where(edition_post.c.scope == scope))
    passed = c.scalars(select(passed_over.c.post_id).where(passed_over.c.scope == scope))
    made = or_(edition.c.frozen_at.is_not(None), edition.c.state == EditionState.EMPTY)
    before = c.execute(select(edition.c.cadence, edition.c.rehearsal).where(made).distinct())
    scopes = {scope_of(cadence, rehearsal=rehearsal) for cadence, rehearsal in before}
    return PostHistory(frozenset(carried), frozenset(passed), scope in scopes)


def post_ids(c: Connection, key: str) -> set[str]:
    """Return the posts that an edition has carried; none once they were released."""
    return set(c.scalars(select(edition_post.c.post_id).where(edition_post.c.edition_key == key)))


def release_posts(c: Connection, key: str) -> int:
    """Free the posts of a cancelled edition for the next; return how many. None if anybody may have a copy."""
    handed = exists().where(delivery.c.edition_key == key, MAY_BE_OUT)
    return c.execute(delete(edition_post).where(edition_post.c.edition_key == key, ~handed)).rowcount


def leave_out(c: Connection, key: str, ids: Collection[str]) -> None:
    """Free those posts that an edition no longer holds, unless somebody may have had them with it."""
    handed = exists().where(
        delivery.c.edition_key == key,
        MAY_BE_OUT,
        rendition_post.c.rendition_id == delivery.c.rendition_id,
        rendition_post.c.post_id == edition_post.c.post_id,
    )
    for some in batches(ids):
        c.execute(
            delete(edition_post).where(edition_post.c.edition_key == key, edition_post.c.post_id.in_(some), ~handed)
        )


def _put(c: Connection, new: Edition, **changes: Any) -> None:
    guard.advance(c)
    row = {name: getattr(new, name) for name in edition.columns.keys()} | changes  # noqa: SIM118 - not a dict
    statement = upsert(c, edition)
    put = c.execute(
        statement.on_conflict_do_update(
            index_elements=["key"],
            set_={name: statement.excluded[name] for name in row if name not in _KEPT},
            where=or_(_IS_UNMADE, _IS_HELD_UNMADE) if new.state is EditionState.MISSED else _IS_UNMADE,
        ),
        row,
    )
    if put.rowcount != 1:
        raise DealtWithError(f"the edition {new.key} was dealt with already: it is {state(c, new.key)}")


def _carry(c: Connection, new: Edition, ids: Iterable[str]) -> None:
    rows = [{"scope": new.scope, "post_id": each, "edition_key": new.key} for each in dict.fromkeys(ids)]
    if not rows:
        return
    stored = c.execute(upsert(c, edition_post).on_conflict_do_nothing(), rows)
    if stored.rowcount != len(rows):
        raise RefusedError(f"the edition {new.key} cannot be frozen: one of its posts was mailed before")


def pass_over(c: Connection, scope: str, ids: Collection[str], now: datetime) -> None:
    """Record posts that a scope leaves out: only `email: true` sends them afterwards."""
    rows = [{"scope": scope, "post_id": each, "at": now} for each in ids]
    if rows:
        c.execute(upsert(c, passed_over).on_conflict_do_nothing(), rows)


def _edition(row: RowMapping) -> Edition:
    return Edition(**row)

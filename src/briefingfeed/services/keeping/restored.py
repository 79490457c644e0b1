"""`db adopt`: go on with a database that was restored or copied, so that nobody gets anything twice.

It can't know what was mailed after the copy was made. So it takes everything that might have been for done: copies that
wait become unclear, editions that were due are recorded as missed, posts that are visible as passed over. Who left
meanwhile stands in the journal, if the state folder still has it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from briefingfeed.delivery.plan import decide
from briefingfeed.errors import RefusedError
from briefingfeed.models.edition import Cadence, Edition, EditionState, Slot
from briefingfeed.models.post import Post
from briefingfeed.models.settings import Settings
from briefingfeed.newsletter.schedule import latest_slot, previous_slot, set_up, slot_for_post
from briefingfeed.services.sending.freezing import begun_mark
from briefingfeed.storage import adopting, departures, editions, guard, meta
from briefingfeed.storage.database import Database
from briefingfeed.storage.guard import Guard
from briefingfeed.storage.instance import Doubt
from briefingfeed.storage.journal import COPY_NAME, Journal
from briefingfeed.storage.lock import run_lock
from briefingfeed.storage.replay import Replayed, replay, unreadable

if TYPE_CHECKING:
    from briefingfeed.posts.store import Library

_NOTE = "the database was restored; it may have gone out before"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptContext:
    settings: Settings
    database: Database
    load_posts: Callable[[], Library]
    now: Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """What was done, or would be."""

    doubt: Doubt | None
    """Why it is needed; None: it isn't, and nothing was done."""
    known_until: datetime | None = None
    """The last moment of which the database knows anything."""
    copied_at: datetime | None = None
    """When `db backup` made it."""
    unclear: int = 0
    """Copies that waited, and that somebody may have."""
    missed: tuple[str, ...] = ()
    passed_over: int = 0
    """Posts that no edition takes any more."""
    has_journal: bool = False
    replayed: Replayed = field(default_factory=Replayed)

    @property
    def since(self) -> datetime | None:
        """From when on nobody knows what happened."""
        return self.copied_at or self.known_until

    def as_dict(self) -> dict[str, object]:
        replayed = self.replayed
        return {
            "doubt": self.doubt,
            "known_until": self.since.isoformat() if self.since else None,
            "unclear": self.unclear,
            "missed": list(self.missed),
            "passed_over": self.passed_over,
            "journal": self.has_journal,
            "left": replayed.left,
            "erased": replayed.erased,
            "suppressed": replayed.suppressed,
            "unsuppressed": replayed.allowed,
            "came_back": list(replayed.came_back),
        }


class _OnlyLooking(Exception):  # noqa: N818 - no error: it rolls back
    pass


def look_at_restored(context: AdoptContext, *, resend: bool = False) -> Adopted:
    """Return what `adopt_restored` would do. Writes nothing; raises what that would raise."""
    found: list[Adopted] = []
    library = _library(context, resend=resend)
    with suppress(_OnlyLooking), context.database.write() as connection:
        found.append(_adopt(context, connection, library, resend=resend))
        raise _OnlyLooking
    return found[0]


def adopt_restored(context: AdoptContext, *, resend: bool = False) -> Adopted:
    """Take the database for the one to go on with, in one transaction; doing it again does nothing.

    `resend`: nothing was mailed since the copy was made, the operator says: then what waits goes on waiting, and what
    is due is due. Raises LockedError while a run is at work, RefusedError while a post can't be read, StorageError.
    """
    library = _library(context, resend=resend)
    with run_lock(context.database.lock_file), context.database.write() as connection:
        return _adopt(context, connection, library, resend=resend)


def _library(context: AdoptContext, *, resend: bool) -> Library | None:
    if resend:
        return None
    library = context.load_posts()
    if library.unreadable:
        broken = "\n".join(f"  {problem}" for problem in library.problems if problem.is_error)
        raise RefusedError(
            f"a post can't be read, so it can't be passed over, and might be mailed a second time later:\n{broken}",
            remedy="Repair it first, or remove it.",
        )
    return library


def _adopt(context: AdoptContext, connection: Connection, library: Library | None, *, resend: bool) -> Adopted:
    keeper = context.database.guard
    if keeper is None:
        raise ValueError("the database was opened without its state folder")
    # A missing file is a reason here, on a shared database too: whoever removed it wants this.
    doubt = keeper.doubt(connection, is_shared=False)
    if doubt is None:
        return Adopted(doubt=None)
    now = context.now()
    copied = guard.read_marks(connection).copied
    known_until = adopting.known_until(connection)
    keeper.adopt(connection)
    replayed = _replay(connection, keeper, now)
    done = Adopted(
        doubt=doubt,
        known_until=known_until,
        copied_at=datetime.fromisoformat(copied) if copied else None,
        unclear=adopting.settle_rows(connection, now, resend=resend),
        has_journal=keeper.journal.identity() is not None,
        replayed=replayed,
    )
    if library is None:
        return done
    visible = [post for post in library.posts if post.visible_at(now)]
    asking = [post for post in visible if post.email is True]
    missed = [*_miss_slots(context, connection, asking, now), *_miss_posts(context, connection, asking, now)]
    known = [row.post_id for row in library.memory if row.published <= now]
    ids = [*(post.id for post in visible), *known]
    passed_over = max(adopting.pass_over(connection, str(cadence), ids, now) for cadence in Cadence)
    return replace(done, missed=tuple(slot.key for slot in missed), passed_over=passed_over)


def _replay(connection: Connection, keeper: Guard, now: datetime) -> Replayed:
    """Take in the journal, and before it the older one that a backup brought along."""
    done = Replayed()
    for journal in (Journal(keeper.file.with_name(COPY_NAME)), keeper.journal):
        try:
            done = done.followed_by(replay(connection, journal, now, from_start=True))
        except OSError as error:
            raise unreadable(journal, error) from error
    departures.write_late(connection, keeper.journal)
    return done


def _miss_slots(context: AdoptContext, connection: Connection, asking: Sequence[Post], now: datetime) -> Sequence[Slot]:
    """Record every slot since the last edition that the database knows of as missed; return them.

    Posts that ask to be mailed (`email: true`) would go although they are passed over: the latest of these slots counts
    as having carried them.
    """
    missed: list[Slot] = []
    for cadence in set_up(context.settings):
        mark = meta.get_mark(connection, begun_mark(cadence))
        if mark is None:  # whatever was begun since, it is not begun again with what lies behind
            meta.set_mark(connection, begun_mark(cadence), now.isoformat())
        if cadence is Cadence.POSTS:
            continue
        latest = latest_slot(context.settings, cadence, now)
        begun_after = datetime.fromisoformat(mark) if mark else latest.previous
        slots = _slots_since(context.settings, connection, latest, begun_after, now)
        for slot in slots:
            _miss(connection, slot, asking if slot is slots[-1] else ())
        missed += slots
    return missed


def _miss_posts(context: AdoptContext, connection: Connection, asking: Sequence[Post], now: datetime) -> Sequence[Slot]:
    """Do the same for posts that go by themselves: each that asks to be mailed may have been an edition."""
    if Cadence.POSTS not in set_up(context.settings):
        return ()
    carried = editions.history(connection, str(Cadence.POSTS)).carried
    taken = {each.key for each in editions.list_all(connection)}
    missed = []
    for post in asking:
        if post.id not in carried:
            slot = slot_for_post(post, now, taken)
            _miss(connection, slot, [post])
            taken.add(slot.key)
            missed.append(slot)
    return missed


def _miss(connection: Connection, slot: Slot, carried: Sequence[Post]) -> None:
    missed = Edition(
        key=slot.key,
        cadence=slot.cadence,
        rehearsal=False,
        slot_at=slot.at,
        state=EditionState.MISSED,
        note=_NOTE,
    )
    editions.create(connection, missed)
    adopting.carry(connection, missed.scope, [post.id for post in carried], missed.key)


def _slots_since(
    settings: Settings, connection: Connection, latest: Slot, begun_after: datetime, now: datetime
) -> Sequence[Slot]:
    decision = decide(
        latest,
        [each for each in editions.list_all(connection) if each.scope == str(latest.cadence)],
        begun_after=begun_after,
        previous=lambda slot: previous_slot(settings, slot),
        now=now,
        catch_up=timedelta(days=-1),  # none may be made now, not even the latest
        force=True,
    )
    return (*decision.missed, *([decision.due] if decision.due else []))

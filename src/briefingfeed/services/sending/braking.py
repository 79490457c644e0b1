"""Hold, release and cancel an edition: whatever is being handed over this moment goes, nothing after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from briefingfeed.errors import RefusedError
from briefingfeed.models.edition import Cadence, Edition, EditionState
from briefingfeed.services.sending.editions import EditionView, found_edition, view_of
from briefingfeed.services.telling.notices import TOLD, forget
from briefingfeed.services.telling.reporting import Marks
from briefingfeed.services.telling.words import HELD
from briefingfeed.storage import batches, copies_out, deliveries, editions
from briefingfeed.storage.database import Database

Coming = Callable[[str], Edition | None]
"""Returns the edition of a slot that is still to come, by its key; None if the key names none."""

_UNMADE = (EditionState.PLANNED, EditionState.BLOCKED)
_GOING = (EditionState.FROZEN, EditionState.SENDING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a decision about an edition led to."""

    view: EditionView
    words: str

    def as_dict(self) -> dict[str, object]:
        return {**self.view.as_dict(), "words": self.words}


def nothing_to_come(_key: str) -> Edition | None:
    return None


def hold_edition(database: Database, key: str, now: datetime, coming: Coming = nothing_to_come) -> Change:
    """Let nothing more of an edition go until it is released, or stop one that is still to come.

    Raises UsageError if there is no such edition, RefusedError if it is over.
    """
    with database.write() as connection:
        edition = _found(connection, key, coming)
        return _changed(connection, key, _hold(connection, edition, now))


def release_edition(database: Database, key: str, now: datetime) -> Change:
    """Let a held edition go on; the time in which it was held doesn't count.

    If it was held before it was made, it is made of the posts as they are then. If its first batch has been tried,
    everybody else follows without a further pause: somebody has looked at it. A single post whose mail was cancelled
    may go again. Raises RefusedError if the edition is neither held nor such a mail, or if somebody had that.
    """
    with database.write() as connection:
        edition = _found(connection, key, nothing_to_come)
        if edition.state is EditionState.CANCELLED and edition.cadence is Cadence.POSTS:
            return _changed(connection, key, _ask_again(connection, edition, now))
        must_be(edition, EditionState.HELD)
        return _changed(connection, key, release(connection, edition, now))


def cancel_edition(database: Database, key: str, now: datetime, coming: Coming = nothing_to_come) -> Change:
    """Give an edition up, one that is still to come too. Raises UsageError, or RefusedError if it is over already.

    If nobody was handed it, its posts go with the next one; otherwise those who wait never get it.
    """
    with database.write() as connection:
        edition = _found(connection, key, coming)
        return _changed(connection, key, _cancel(connection, edition, now))


def _found(connection: Connection, key: str, coming: Coming) -> Edition:
    """Return the edition, for this transaction to decide about; record one that is to come, as planned."""
    new = coming(key)
    if new is not None and editions.get(connection, key) is None:
        editions.create(connection, new)
    found_edition(connection, key)
    found = editions.get(connection, key, for_update=True)
    if found is None:
        raise LookupError(key)
    return found


def _changed(connection: Connection, key: str, words: str) -> Change:
    return Change(view=view_of(connection, found_edition(connection, key)), words=words)


def _hold(connection: Connection, edition: Edition, now: datetime) -> str:
    key = edition.key
    if edition.state is EditionState.HELD:
        return f"{key} is held already. {_progress(connection, edition)}"
    must_be(edition, *_UNMADE, *_GOING)
    editions.set_state(connection, key, EditionState.HELD, now, "somebody asked for it")
    return f"{key} is held. {_progress(connection, edition)}"


def release(connection: Connection, edition: Edition, now: datetime) -> str:
    """Release a held edition within a transaction, and say so."""
    key = edition.key
    for memory in (TOLD, Marks(rehearses=False).told, Marks(rehearses=True).told):
        forget(connection, f"{HELD}{key}", memory=memory)
    if not edition.is_made:
        editions.set_state(connection, key, EditionState.PLANNED, now)
        when = "when its hour comes" if now < edition.slot_at else "with the next run"
        return f"{key} goes out {when}, with the posts as they are then."
    state = EditionState.SENDING if view_of(connection, edition).have_it else EditionState.FROZEN
    editions.set_state(connection, key, state, now)
    if edition.open_batch == batches.FIRST and batches.is_tried(connection, key):
        batches.let_follow(connection, key)
    return f"{key} goes on with the next run. {_progress(connection, edition)}"


def _cancel(connection: Connection, edition: Edition, now: datetime) -> str:
    key = edition.key
    if edition.state is EditionState.CANCELLED:
        return f"{key} is cancelled already."
    check_cancellable(edition)
    had = copies_out.count(connection, key)
    editions.set_state(connection, key, EditionState.CANCELLED, now, "somebody cancelled it")
    lost = deliveries.cancel(connection, key, now)
    if had:
        return (
            f"{key} is cancelled. {readers(had)} had it; {readers(lost)} will never get it: "
            f"briefingfeed deliveries list --edition {key} --state skipped"
        )
    editions.release_posts(connection, key)
    if edition.cadence is Cadence.POSTS:
        return (
            f"{key} is cancelled. Nobody had it, and nobody is mailed it, not even if `email: true` stands at its "
            f"head, until somebody asks for it: briefingfeed editions release {key}"
        )
    return f"{key} is cancelled. Nobody had it; its posts go with the next edition."


def _ask_again(connection: Connection, edition: Edition, now: datetime) -> str:
    """Let the next run mail what was cancelled as if nothing had been: made anew, for nobody had it."""
    key = edition.key
    if had := copies_out.count(connection, key):
        raise RefusedError(f"{key} is cancelled, and {readers(had)} had it: nobody else gets it any more.")
    # A copy that was on its way when it was cancelled, and came back since, may still wait.
    deliveries.cancel(connection, key, now)
    editions.release_posts(connection, key)
    to = EditionState.MISSED if edition.is_made else EditionState.PLANNED
    editions.set_state(connection, key, to, now, "it was cancelled, and then asked for again")
    return f"{key} goes out with the next run, as its post is then."


def check_cancellable(edition: Edition) -> None:
    """Raise RefusedError if the edition is over; one that is cancelled already may be cancelled."""
    if edition.state is not EditionState.CANCELLED:
        must_be(edition, *_UNMADE, *_GOING, EditionState.HELD)


def must_be(edition: Edition, *states: EditionState) -> None:
    """Raise RefusedError unless the edition is in one of these states."""
    if edition.state not in states:
        raise RefusedError(
            f"{edition.key} is {edition.state}, not {' or '.join(states)}.",
            remedy="See them all: briefingfeed editions list",
        )


def _progress(connection: Connection, edition: Edition) -> str:
    if not edition.is_made and edition.cadence is Cadence.POSTS:
        return "Nobody has it. Once released it goes out with the next run, as its post is then."
    if not edition.is_made:
        return (
            "Nobody has it. Once released it goes out with the posts as they are then; if it is still held at the hour "
            "of the next edition, its posts go with that."
        )
    view = view_of(connection, edition)
    return f"{readers(view.have_it)} had it, {view.wait} wait."


def readers(count: int) -> str:
    return "1 reader" if count == 1 else f"{count} readers"

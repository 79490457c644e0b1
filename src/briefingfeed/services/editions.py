"""Look at editions; hold, release and cancel them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from briefingfeed.errors import RefusedError, UsageError
from briefingfeed.models.delivery import DeliveryState
from briefingfeed.models.edition import Edition, EditionState
from briefingfeed.storage import deliveries, editions
from briefingfeed.storage.database import Database
from briefingfeed.storage.schema import rendition

_HANDED_OVER = (DeliveryState.ACCEPTED, DeliveryState.UNCERTAIN, DeliveryState.SUBMITTING)


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionView:
    """An edition and what became of its deliveries; the counts add up to its recipients."""

    edition: Edition
    counts: Mapping[DeliveryState, int]
    subject: str | None = None
    """None: it was never frozen."""

    @property
    def have_it(self) -> int:
        """Readers whose copy was handed over, or may have been."""
        return sum(self.counts.get(state, 0) for state in _HANDED_OVER)

    @property
    def wait(self) -> int:
        """Readers whose copy may still go."""
        return sum(count for state, count in self.counts.items() if state.waits and state not in _HANDED_OVER)

    def as_dict(self) -> dict[str, object]:
        edition = self.edition
        return {
            "key": edition.key,
            "state": edition.state,
            "rehearsal": edition.rehearsal,
            "subject": self.subject,
            "slot_at": edition.slot_at.isoformat(),
            "frozen_at": edition.frozen_at.isoformat() if edition.frozen_at else None,
            "expires_at": edition.expires_at.isoformat() if edition.expires_at else None,
            "recipients": edition.recipients,
            "deliveries": {state.value: self.counts.get(state, 0) for state in DeliveryState},
            "note": edition.note,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a decision about an edition led to."""

    view: EditionView
    words: str

    def as_dict(self) -> dict[str, object]:
        return {**self.view.as_dict(), "words": self.words}


def list_editions(database: Database) -> tuple[EditionView, ...]:
    """Return every edition, newest first."""
    with database.read() as connection:
        return tuple(_view(connection, edition) for edition in editions.list_all(connection))


def show_edition(database: Database, key: str) -> EditionView:
    """Return one edition. Raises UsageError if there is none."""
    with database.read() as connection:
        return _view(connection, _get(connection, key))


def hold_edition(database: Database, key: str, now: datetime) -> Change:
    """Let nothing more of an edition go until it is released. Raises RefusedError unless it is being sent."""
    return _change(database, key, now, _hold)


def release_edition(database: Database, key: str, now: datetime) -> Change:
    """Let a held edition go on; the time in which it was held doesn't count. Raises RefusedError unless it is held."""
    return _change(database, key, now, _release)


def cancel_edition(database: Database, key: str, now: datetime) -> Change:
    """Give an edition up. Raises RefusedError if it is over already.

    If nobody was handed it, its posts go with the next one; otherwise those who wait never get it.
    """
    return _change(database, key, now, _cancel)


def _change(
    database: Database, key: str, now: datetime, decision: Callable[[Connection, EditionView, datetime], str]
) -> Change:
    with database.write() as connection:
        words = decision(connection, _view(connection, _get(connection, key)), now)
        return Change(view=_view(connection, _get(connection, key)), words=words)


def _hold(connection: Connection, view: EditionView, now: datetime) -> str:
    key = view.edition.key
    if view.edition.state is EditionState.HELD:
        return f"{key} is held already. {_progress(view)}"
    _must_be(view, EditionState.FROZEN, EditionState.SENDING)
    editions.set_state(connection, key, EditionState.HELD, now, "somebody asked for it")
    return f"{key} is held. {_progress(view)}"


def _release(connection: Connection, view: EditionView, now: datetime) -> str:
    _must_be(view, EditionState.HELD)
    state = EditionState.SENDING if view.have_it else EditionState.FROZEN
    editions.set_state(connection, view.edition.key, state, now)
    return f"{view.edition.key} goes on with the next run. {_progress(view)}"


def _cancel(connection: Connection, view: EditionView, now: datetime) -> str:
    key = view.edition.key
    if view.edition.state is EditionState.CANCELLED:
        return f"{key} is cancelled already."
    editions.set_state(connection, key, EditionState.CANCELLED, now, "somebody cancelled it")
    lost = deliveries.cancel(connection, key, now)
    if view.have_it:
        return f"{key} is cancelled. {_readers(view.have_it)} had it; {_readers(lost)} will never get it."
    editions.release_posts(connection, key)
    return f"{key} is cancelled. Nobody had it; its posts go with the next edition."


def _must_be(view: EditionView, *states: EditionState) -> None:
    if view.edition.state not in states:
        raise RefusedError(
            f"{view.edition.key} is {view.edition.state}, not {' or '.join(states)}.",
            remedy="See them all: briefingfeed editions list",
        )


def _progress(view: EditionView) -> str:
    return f"{_readers(view.have_it)} had it, {view.wait} wait."


def _readers(count: int) -> str:
    return "1 reader" if count == 1 else f"{count} readers"


def _get(connection: Connection, key: str) -> Edition:
    found = editions.get(connection, key)
    if found is None:
        raise UsageError(f"There is no edition {key}.", remedy="See them all: briefingfeed editions list")
    return found


def subject_of(connection: Connection, key: str) -> str | None:
    """Return what the mail says in its subject, to most readers; None if the edition was never frozen."""
    first = select(rendition.c.subject).where(rendition.c.edition_key == key).order_by(rendition.c.number)
    return connection.scalar(first.limit(1))


def _view(connection: Connection, edition: Edition) -> EditionView:
    return EditionView(
        edition=edition,
        counts=deliveries.counts(connection, edition.key),
        subject=subject_of(connection, edition.key),
    )

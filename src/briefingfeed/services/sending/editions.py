"""Look at editions, and at what became of their copies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from briefingfeed.errors import UsageError
from briefingfeed.models.delivery import DeliveryState
from briefingfeed.models.edition import Edition
from briefingfeed.storage import batches, deliveries, editions
from briefingfeed.storage.database import Database
from briefingfeed.storage.schema import rendition

_HANDED_OVER = (DeliveryState.ACCEPTED, DeliveryState.UNCERTAIN, DeliveryState.SUBMITTING)


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionView:
    """An edition and what became of its deliveries; the counts add up to its recipients."""

    edition: Edition
    counts: Mapping[DeliveryState, int]
    batches: Mapping[int, Mapping[DeliveryState, int]] = field(default_factory=dict)
    """The same counts for each batch."""
    subject: str | None = None
    """None: it was never frozen."""

    @property
    def have_it(self) -> int:
        """Readers whose copy was handed over, or may have been."""
        return count_had(self.counts)

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
            "deliveries": by_name(self.counts),
            "batches": {str(batch): by_name(counts) for batch, counts in self.batches.items()},
            "open_batch": edition.open_batch,
            "pause_until": edition.pause_until.isoformat() if edition.pause_until else None,
            "proof_sent_at": edition.proof_sent_at.isoformat() if edition.proof_sent_at else None,
            "note": edition.note,
        }


def by_name(counts: Mapping[DeliveryState, int]) -> dict[str, int]:
    """Return the counts for `--json`, states without any included."""
    return {state.value: counts.get(state, 0) for state in DeliveryState}


def count_had(counts: Mapping[DeliveryState, int]) -> int:
    """Return how many copies were handed over, or may have been."""
    return sum(counts.get(state, 0) for state in _HANDED_OVER)


def list_editions(database: Database) -> tuple[EditionView, ...]:
    """Return every edition, newest first."""
    with database.read() as connection:
        return tuple(view_of(connection, edition) for edition in editions.list_all(connection))


def show_edition(database: Database, key: str) -> EditionView:
    """Return one edition. Raises UsageError if there is none."""
    with database.read() as connection:
        return view_of(connection, found_edition(connection, key))


def found_edition(connection: Connection, key: str) -> Edition:
    """Return an edition. Raises UsageError if there is none."""
    found = editions.get(connection, key)
    if found is None:
        raise UsageError(f"There is no edition {key}.", remedy="See them all: briefingfeed editions list")
    return found


def subject_of(connection: Connection, key: str) -> str | None:
    """Return what the mail says in its subject, to most readers; None if the edition was never frozen."""
    first = select(rendition.c.subject).where(rendition.c.edition_key == key).order_by(rendition.c.number)
    return connection.scalar(first.limit(1))


def view_of(connection: Connection, edition: Edition) -> EditionView:
    """Return an edition with what became of its copies."""
    return EditionView(
        edition=edition,
        counts=deliveries.counts(connection, edition.key),
        batches=batches.counts(connection, edition.key),
        subject=subject_of(connection, edition.key),
    )

"""Importing a file of addresses: read it, show what it would do, do it. Three steps, so that nothing surprises."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from briefingfeed.errors import ConfigurationError
from briefingfeed.models.edition import Cadence
from briefingfeed.models.settings import Settings
from briefingfeed.models.subscriber import (
    Consent,
    ConsentKind,
    Subscriber,
    SubscriberState,
    Suppression,
    SuppressionReason,
)
from briefingfeed.newsletter.schedule import require
from briefingfeed.services.readers.subscribers import required_note
from briefingfeed.storage import subscribers, suppressions
from briefingfeed.storage.database import Database
from briefingfeed.subscribers.candidates import Candidates, read_candidates
from briefingfeed.subscribers.importing import Fate, ImportPlan, Known, PlannedRow, plan_import
from briefingfeed.subscribers.standings import Standing
from briefingfeed.subscribers.tables import ImportFileError, check_size, read_tables
from briefingfeed.tokens import address_hash

_COMING = (Fate.NEW, Fate.LEFT)
"""A row of their own is made of these."""


def read_file(file: Path, *, international: bool = False) -> Candidates:
    """Read a CSV file, a list of addresses or a zip of these. Raises ImportFileError; nothing is written.

    `international`: addresses may have letters beyond ASCII before the @.
    """
    try:
        check_size(file.name, file.stat().st_size)
        content = file.read_bytes()
    except OSError as error:
        raise ImportFileError(
            f"The file cannot be read: {error.strerror}.", where=str(file), remedy="Check its name and its permissions."
        ) from error
    return read_candidates(file.name, read_tables(file.name, content), international=international)


def check_cadences(candidates: Candidates, settings: Settings) -> None:
    """Refuse a file whose people want to be mailed as this publication doesn't: they would never be mailed.

    Raises ConfigurationError.
    """
    for cadence in dict.fromkeys(each.cadence for each in candidates.rows if each.cadence):
        try:
            require(settings, cadence)
        except ConfigurationError as error:
            count = sum(each.cadence is cadence for each in candidates.rows)
            raise ConfigurationError(
                f"{count} of these people are to be mailed “{cadence}”. {error.message}",
                where=error.where,
                remedy=f"{error.remedy}; or change the column “cadence” of the file.",
            ) from None


def preview(database: Database, candidates: Candidates, *, suppression_key: bytes) -> ImportPlan:
    """Return what an import would do now. Writes nothing."""
    hashes = _hashes(candidates, suppression_key)
    with database.read() as connection:
        return plan_import(candidates, _known(connection, candidates, hashes))


def apply(
    database: Database, candidates: Candidates, *, consent_note: str, suppression_key: bytes, now: datetime
) -> ImportPlan:
    """Do it, all or nothing, and return what was done.

    That may differ from the preview: it is decided again within the transaction, so that somebody who left in between
    stays away. `consent_note` says where the consent of these people comes from; it is kept with every one of them.
    Raises UsageError without it.
    """
    note = required_note(
        consent_note, "Say where the consent of these people came from.", 'import FILE --source "our Mailchimp list"'
    )
    hashes = _hashes(candidates, suppression_key)
    with database.write() as connection:
        plan = plan_import(candidates, _known(connection, candidates, hashes))
        _write(connection, plan, hashes, note, now)
    return plan


def _hashes(candidates: Candidates, suppression_key: bytes) -> Mapping[str, str]:
    return {each.key: address_hash(suppression_key, each.address) for each in candidates.rows if not each.reason}


def _known(connection: Connection, candidates: Candidates, hashes: Mapping[str, str]) -> Mapping[str, Known]:
    present = subscribers.by_addresses(connection, hashes)
    suppressed = suppressions.contains(connection, list(hashes.values()))
    return {
        key: Known(
            subscriber_id=person.id if person else None,
            state=person.state if person else None,
            suppressed=hashed in suppressed,
        )
        for key, hashed in hashes.items()
        if (person := present.get(key)) or hashed in suppressed
    }


def _write(connection: Connection, plan: ImportPlan, hashes: Mapping[str, str], note: str, now: datetime) -> None:
    coming = []
    for row in plan.rows:
        if row.fate in _COMING:
            coming.append(row)
        elif row.fate is Fate.LEAVES and row.known and row.known.subscriber_id:
            given = _consent(row.known.subscriber_id, row, note, now)
            subscribers.withdraw(connection, given.subscriber_id, now, source=given.source, note=given.note)
        elif row.fate is Fate.BARRED:
            suppressions.add(connection, _suppression(row, hashes[row.candidate.key], now))
    # By address, as the indexes of subscribers and of each edition have them: those of a long list are filled in order.
    coming.sort(key=lambda row: row.candidate.address)
    ids = subscribers.new_ids(now, len(coming))
    subscribers.add_many(
        connection,
        (
            (_person(new_id, row, now), _consent(new_id, row, note, now), hashes[row.candidate.key])
            for new_id, row in zip(ids, coming, strict=True)
        ),
    )


def _person(new_id: str, row: PlannedRow, now: datetime) -> Subscriber:
    has_left = row.fate is Fate.LEFT
    return Subscriber(
        id=new_id,
        address=row.candidate.address,
        state=SubscriberState.UNSUBSCRIBED if has_left else SubscriberState.CONFIRMED,
        created_at=now,
        unsubscribed_at=now if has_left else None,
        cadence=row.candidate.cadence or Cadence.WEEKLY,
    )


def _consent(subscriber_id: str, row: PlannedRow, note: str, now: datetime) -> Consent:
    is_new = row.fate is Fate.NEW
    words = (note, row.candidate.evidence) if is_new else ("the file says that they left",)
    return Consent(
        subscriber_id=subscriber_id,
        kind=ConsentKind.IMPORTED if is_new else ConsentKind.WITHDRAWN,
        at=now,
        source=f"import {row.candidate.file}",
        note="; ".join(filter(None, words)),
    )


def _suppression(row: PlannedRow, hashed: str, now: datetime) -> Suppression:
    complained = row.candidate.standing is Standing.COMPLAINED
    reason = SuppressionReason.COMPLAINED if complained else SuppressionReason.BOUNCED
    return Suppression(address_hash=hashed, reason=reason, at=now, note=f"import {row.candidate.file}")

"""What the operator does with subscribers. Each function is one transaction and returns what came of it.

Wherever an address is asked for (`who`), the subscriber's id does as well: logs and links know no other name. Nobody is
ever subscribed without a note of where their consent came from, and nobody who left comes back without their own wish.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NoReturn

from sqlalchemy import Connection

from briefingfeed.errors import RefusedError, UsageError
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
from briefingfeed.storage import erasure, subscribers, suppressions
from briefingfeed.storage.database import Database
from briefingfeed.subscribers.addresses import AddressError, normalise
from briefingfeed.subscribers.tables import printable
from briefingfeed.tokens import address_hash

COMMAND = "command"
"""Source of what the operator did at the command line."""


class Change(StrEnum):
    """What a command came to."""

    ADDED = "added"
    CONFIRMED = "confirmed"
    """It had asked but not confirmed; now it counts."""
    UNSUBSCRIBED = "unsubscribed"
    RESUBSCRIBED = "resubscribed"
    UNSUPPRESSED = "unsuppressed"
    CADENCE = "cadence"
    ERASED = "erased"
    NOTHING = "nothing"
    """It was so already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """Whom a command was about, as stored, and what it came to."""

    subscriber_id: str
    address: str = field(repr=False)
    change: Change


def add(
    database: Database,
    address: str,
    *,
    consent_note: str,
    suppression_key: bytes,
    now: datetime,
    source: str = COMMAND,
    cadence: Cadence = Cadence.WEEKLY,
    international: bool = False,
) -> Changed:
    """Subscribe one address. `consent_note` says where its consent comes from ("paper form, spring fair 2026");
    `international`, whether letters beyond ASCII may stand before its @.

    Raises AddressError for what is no address, UsageError without a note, and RefusedError, with what to do instead,
    for an address that left, bounced, complained or was erased.
    """
    address = _given(address, international=international)
    note = required_note(consent_note, "Say where the consent came from.", 'add --source "paper form, spring fair"')
    hashed = address_hash(suppression_key, address)
    with database.write() as connection:
        suppression = suppressions.get(connection, hashed)
        if suppression:
            _refuse_suppressed(address, suppression)
        known = subscribers.by_address(connection, address)
        if known is None:
            known = _store(connection, address, hashed, note, source, now, cadence)
            return Changed(subscriber_id=known.id, address=known.address, change=Change.ADDED)
        if known.state is SubscriberState.UNSUBSCRIBED:
            _refuse_left(known)
        confirmed = subscribers.set_state(connection, known.id, SubscriberState.CONFIRMED, now)
        if confirmed:
            _append(connection, known, ConsentKind.ADDED, source, note, now)
    change = Change.CONFIRMED if confirmed else Change.NOTHING
    return Changed(subscriber_id=known.id, address=known.address, change=change)


def unsubscribe(database: Database, who: str, *, now: datetime, note: str = "", source: str = COMMAND) -> Changed:
    """Unsubscribe somebody who asked for it in another way than by the link. Raises UsageError for a stranger."""
    with database.write() as connection:
        person = find(connection, who)
        left = subscribers.withdraw(connection, person.id, now, source=source, note=note.strip())
    change = Change.UNSUBSCRIBED if left else Change.NOTHING
    return Changed(subscriber_id=person.id, address=person.address, change=change)


def resubscribe(database: Database, who: str, *, wish: str, suppression_key: bytes, now: datetime) -> Changed:
    """Subscribe somebody again who left, on their own wish; `wish` says how they told us ("mail of 3 May").

    Raises UsageError for a stranger or without a wish, RefusedError for a suppressed address.
    """
    note = required_note(wish, "Say how they asked to come back.", 'resubscribe ADDRESS --wish "mail of 3 May"')
    with database.write() as connection:
        person = find(connection, who)
        suppression = suppressions.get(connection, address_hash(suppression_key, person.address))
        if suppression:
            _refuse_suppressed(person.address, suppression)
        back = subscribers.set_state(connection, person.id, SubscriberState.CONFIRMED, now)
        if back:
            _append(connection, person, ConsentKind.RENEWED, COMMAND, note, now)
    change = Change.RESUBSCRIBED if back else Change.NOTHING
    return Changed(subscriber_id=person.id, address=person.address, change=change)


def change_cadence(database: Database, who: str, cadence: Cadence, *, settings: Settings, now: datetime) -> Changed:
    """Let somebody be mailed more or less often, from the next edition on; no post comes twice, and none is lost.

    Raises UsageError for a stranger, ConfigurationError if the publication doesn't have this cadence.
    """
    require(settings, cadence)
    with database.write() as connection:
        person = find(connection, who)
        changed = subscribers.set_cadence(connection, person.id, cadence, now)
    change = Change.CADENCE if changed else Change.NOTHING
    return Changed(subscriber_id=person.id, address=person.address, change=change)


def unsuppress(database: Database, address: str, *, why: str, suppression_key: bytes, now: datetime) -> Changed:
    """Allow an address again that bounced, complained or was erased. It subscribes nobody: add or resubscribe does.

    `why` stays with the subscriber's record, if there is one. Raises UsageError without it.
    """
    address = _given(address)
    note = required_note(why, "Say why it may be mailed again.", 'unsuppress ADDRESS --why "mailbox repaired"')
    with database.write() as connection:
        allowed = suppressions.remove(connection, address_hash(suppression_key, address), now)
        person = subscribers.by_address(connection, address)
        if allowed and person and person.state is SubscriberState.CONFIRMED:
            _append(connection, person, ConsentKind.RENEWED, "unsuppress", note, now)
    change = Change.UNSUPPRESSED if allowed else Change.NOTHING
    return Changed(subscriber_id=person.id if person else "", address=address, change=change)


def erase(database: Database, who: str, *, now: datetime) -> Changed:
    """Forget a person: their row goes, their deliveries lose the address, and what was written in consent notes.

    A keyed hash stays in the suppressions, so that no import brings them back. Raises UsageError for a stranger.
    """
    with database.write() as connection:
        person = find(connection, who)
        erasure.erase(connection, person.id, now, source=COMMAND)
    return Changed(subscriber_id=person.id, address=person.address, change=Change.ERASED)


def find(connection: Connection, who: str) -> Subscriber:
    """Return the subscriber with this address or id. Raises UsageError (AddressError for what is no address)."""
    if "@" in who:
        person = subscribers.by_address(connection, _given(who))
    else:
        person = subscribers.by_id(connection, who.strip())
    if person is None:
        raise UsageError(
            "Nobody with this address or id is known here.",
            where=printable(who.strip()) or None,
            remedy="See who is: briefingfeed subscribers list.",
        )
    return person


def _given(typed: str, *, international: bool = True) -> str:
    """Normalise what the operator typed, and name it if it is wrong: there may be several on the command line."""
    try:
        return normalise(typed, international=international)
    except AddressError as error:
        raise AddressError(error.message, where=printable(typed.strip()) or None, remedy=error.remedy) from error


def required_note(note: str, message: str, example: str) -> str:
    """Return the operator's note without white space around it. Raises UsageError if nothing is left."""
    if note.strip():
        return note.strip()
    raise UsageError(
        message,
        remedy=f"It is kept as proof, and cannot be told later. For example: briefingfeed subscribers {example}",
    )


def _store(
    connection: Connection, address: str, hashed: str, note: str, source: str, now: datetime, cadence: Cadence
) -> Subscriber:
    (new_id,) = subscribers.new_ids(now)
    person = Subscriber(id=new_id, address=address, state=SubscriberState.CONFIRMED, created_at=now, cadence=cadence)
    given = Consent(subscriber_id=person.id, kind=ConsentKind.ADDED, at=now, source=source, note=note)
    subscribers.add(connection, person, given, address_hash=hashed)
    return person


def _append(
    connection: Connection, person: Subscriber, kind: ConsentKind, source: str, note: str, now: datetime
) -> None:
    consent = Consent(subscriber_id=person.id, kind=kind, at=now, source=source, note=note)
    subscribers.append_consent(connection, consent)


def _refuse_left(person: Subscriber) -> NoReturn:
    when = f" on {person.unsubscribed_at:%Y-%m-%d}" if person.unsubscribed_at else ""
    raise RefusedError(
        f"This address left{when} and stays unsubscribed.",
        where=person.address,
        remedy="Only if the person asked to come back: "
        f'briefingfeed subscribers resubscribe {person.address} --wish "how they asked".',
    )


_SUPPRESSED = {
    SuppressionReason.BOUNCED: "Mail to this address came back as undeliverable",
    SuppressionReason.COMPLAINED: "Somebody at this address reported our mail as spam",
    SuppressionReason.ERASED: "This address was erased, and promised no more mail",
    SuppressionReason.LEFT: "Whoever reads at this address asked to leave, which a restored database only half knows",
}


def _refuse_suppressed(address: str, suppression: Suppression) -> NoReturn:
    raise RefusedError(
        f"{_SUPPRESSED[suppression.reason]} ({suppression.at:%Y-%m-%d}), so nothing is sent to it.",
        where=address,
        remedy="Only if you know that this has changed: "
        f'briefingfeed subscribers unsuppress {address} --why "what changed"; then try again.',
    )

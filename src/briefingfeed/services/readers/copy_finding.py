"""Whose copy a report is about: found by what only we can have made, else by the address, which proves nothing."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from briefingfeed.delivery.copies import NOBODY
from briefingfeed.models.edition import Edition
from briefingfeed.models.report import Clues
from briefingfeed.newsletter.placeholders import SlotValueError, ascii_domain
from briefingfeed.storage import deliveries, events, subscribers
from briefingfeed.subscribers.addresses import AddressError, normalise
from briefingfeed.tokens import (
    Keyring,
    TokenError,
    bounce_row,
    is_bounce_token,
    message_id,
    read_unsubscribe_token,
)

HEARD_OF_WITHIN = timedelta(days=60)
"""Of an older edition nothing is heard any more; its Message-IDs are not looked for."""
_MOST_EDITIONS = 10
_DIGEST = 24
_ENTRY = _DIGEST + 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Whom a report is about."""

    subscriber_id: str | None = None
    """None: somebody who was erased, or the reader of a test mail. Nothing can follow."""
    delivery_id: int | None = None
    is_proven: bool = False
    """By the mark or Message-ID of a copy, which only we can make and only those who have the copy can know; or by the
    id that the provider gave it."""


class CopyFinder:
    """Finds copies for the time of one reading of the mailbox, and keeps what it had to work out for that."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._ids: dict[str, bytes] = {}

    def find(self, connection: Connection, clues: Clues, now: datetime) -> Found | None:
        """Return whom `clues` lead to; None if to nobody we know."""
        return (
            self._by_mark(connection, clues)
            or _by_provider_id(connection, clues, now)
            or self._by_message_id(connection, clues, now)
            or _by_address(connection, clues)
        )

    def _by_mark(self, connection: Connection, clues: Clues) -> Found | None:
        for mark in clues.marks:
            row = bounce_row(mark)
            if row == 0 and is_bounce_token(self._keyring, mark, NOBODY):
                return Found(is_proven=True)
            delivery = deliveries.get(connection, row)
            if delivery is None:
                continue
            if delivery.subscriber_id is None:
                return Found()
            if is_bounce_token(self._keyring, mark, delivery.subscriber_id):
                return Found(subscriber_id=delivery.subscriber_id, delivery_id=row, is_proven=True)
        return None

    def _by_message_id(self, connection: Connection, clues: Clues, now: datetime) -> Found | None:
        if not clues.message_ids:
            return None
        recent = events.editions_since(connection, now - HEARD_OF_WITHIN)[:_MOST_EDITIONS]
        by_key = {edition.key: edition for edition in recent}
        for subscriber_id in self._candidates(connection, clues):
            for sent in events.history(connection, subscriber_id, now - HEARD_OF_WITHIN):
                edition = by_key.get(sent.edition_key)
                if edition and self._message_id(edition, subscriber_id) in clues.message_ids:
                    return Found(subscriber_id=subscriber_id, delivery_id=sent.delivery_id, is_proven=True)
        # Forwarded, and the returned header says nothing else: only looking at every copy is left.
        return self._among_all(connection, clues, recent)

    def _candidates(self, connection: Connection, clues: Clues) -> Iterator[str]:
        for token in clues.tokens:
            with suppress(TokenError):
                yield read_unsubscribe_token(self._keyring, token)
        found = _by_address(connection, clues)
        if found and found.subscriber_id:
            yield found.subscriber_id

    def _among_all(self, connection: Connection, clues: Clues, recent: list[Edition]) -> Found | None:
        for each in clues.message_ids:
            local, _, domain = each.strip("<>").rpartition("@")
            for edition in recent:
                if edition.signing_key is None or domain != _domain(edition):
                    continue
                delivery_id = _look_up(self._index(connection, edition), urlsafe_b64decode(local))
                row = deliveries.get(connection, delivery_id) if delivery_id is not None else None
                if row is not None:
                    return Found(subscriber_id=row.subscriber_id, delivery_id=row.id, is_proven=True)
        return None

    def _index(self, connection: Connection, edition: Edition) -> bytes:
        """Return the Message-IDs of all copies of an edition, each with its row, sorted: 3 MB for 100,000."""
        if edition.key not in self._ids:
            entries = sorted(
                urlsafe_b64decode(self._message_id(edition, copy.subscriber_id)[1 : 1 + 32])
                + copy.delivery_id.to_bytes(_ENTRY - _DIGEST, "big")
                for copy in events.copies(connection, edition.key)
            )
            self._ids[edition.key] = b"".join(entries)
        return self._ids[edition.key]

    def _message_id(self, edition: Edition, subscriber_id: str) -> str:
        key = edition.signing_key or self._keyring.current
        return message_id(self._keyring, key, edition.key, subscriber_id, _domain(edition))


def _by_provider_id(connection: Connection, clues: Clues, now: datetime) -> Found | None:
    """Only a provider that has proven who it is gives such ids; they name a copy together with its address."""
    person = _person(connection, clues) if clues.provider_ids else None
    if person is None:
        return None
    for sent in events.history(connection, person, now - HEARD_OF_WITHIN):
        row = deliveries.get(connection, sent.delivery_id)
        if row is not None and row.provider_id in clues.provider_ids:
            return Found(subscriber_id=person, delivery_id=row.id, is_proven=True)
    return None


def _by_address(connection: Connection, clues: Clues) -> Found | None:
    person = _person(connection, clues)
    return Found(subscriber_id=person) if person is not None else None


def _person(connection: Connection, clues: Clues) -> str | None:
    """Return the id of the subscriber whose address is named."""
    for address in clues.addresses:
        try:
            person = subscribers.by_address(connection, normalise(address, international=True))
        except AddressError:
            continue
        if person is not None:
            return person.id
    return None


def _look_up(index: bytes, digest: bytes) -> int | None:
    """Find `digest` in a sorted index by halves."""

    def at(place: int) -> bytes:
        return index[place * _ENTRY : place * _ENTRY + _DIGEST]

    count = len(index) // _ENTRY
    place = bisect_left(range(count), digest, key=at)
    if place == count or at(place) != digest:
        return None
    return int.from_bytes(index[place * _ENTRY + _DIGEST : (place + 1) * _ENTRY], "big")


def _domain(edition: Edition) -> str:
    try:
        return ascii_domain((edition.sender or "").rpartition("@")[2])
    except SlotValueError:
        return ""

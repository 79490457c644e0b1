"""Forget a person: the row goes, the counts stay, and a keyed hash keeps the address from coming back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from briefingfeed.models.delivery import DeliveryState
from briefingfeed.models.subscriber import Consent, ConsentKind, Suppression, SuppressionReason
from briefingfeed.storage import departures, suppressions
from briefingfeed.storage.journal import Kind
from briefingfeed.storage.schema import attempt, consent, delivery, delivery_event, subscriber
from briefingfeed.storage.sqlite import request_checkpoint
from briefingfeed.storage.subscribers import append_consent


def erase(c: Connection, subscriber_id: str, now: datetime, *, source: str) -> bool:
    """Erase a subscriber; False if there is none.

    The address is suppressed, so that no import revives it. Rows that wait become `skipped`; all of them lose the
    address, the subscriber and what the server said. Consent rows keep what was consented to and when. What was
    deleted is overwritten in the database file, and the write-ahead log emptied once the transaction is committed.
    """
    address_hash = c.scalar(select(subscriber.c.address_hash).where(subscriber.c.id == subscriber_id))
    if address_hash is None:
        return False
    suppressions.add(c, Suppression(address_hash=address_hash, reason=SuppressionReason.ERASED, at=now))
    departures.note(c, Kind.ERASED, address_hash, now)
    append_consent(c, Consent(subscriber_id=subscriber_id, kind=ConsentKind.ERASED, at=now, source=source))
    theirs = consent.c.subscriber_id == subscriber_id
    c.execute(update(consent).where(theirs, consent.c.kind != ConsentKind.ERASED).values(source="", note=""))
    _forget_deliveries(c, subscriber_id, now)
    c.execute(delete(subscriber).where(subscriber.c.id == subscriber_id))
    request_checkpoint(c)
    return True


def _forget_deliveries(c: Connection, subscriber_id: str, now: datetime) -> None:
    theirs = delivery.c.subscriber_id == subscriber_id
    c.execute(update(attempt).where(attempt.c.delivery_id.in_(select(delivery.c.id).where(theirs))).values(note=""))
    heard = delivery_event.c.subscriber_id == subscriber_id
    c.execute(update(delivery_event).where(heard).values(subscriber_id=None, note=""))
    waiting = delivery.c.state.in_([DeliveryState.PENDING, DeliveryState.DEFERRED, DeliveryState.CLAIMED])
    c.execute(
        update(delivery)
        .where(theirs, waiting)
        .values(state=DeliveryState.SKIPPED, claim_id=None, claimed_at=None, next_attempt_at=None, updated_at=now)
    )
    c.execute(update(delivery).where(theirs).values(subscriber_id=None, address=None, provider_id=None, note=""))

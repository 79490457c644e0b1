"""People, an edition and outcomes to work with."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from briefingfeed.models.delivery import DeliveryState, Outcome, Phase, Record, Result
from briefingfeed.models.edition import (
    ByteSlot,
    Cadence,
    Edition,
    EditionState,
    Rendition,
    SlotCoding,
    SlotName,
    content_hash,
)
from briefingfeed.models.subscriber import Consent, ConsentKind, Subscriber, SubscriberState
from briefingfeed.storage import editions, subscribers
from briefingfeed.storage.audience import Share

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
KEY = "weekly/2026-W48"
RUN = "run-1"


def address_hash(address: str) -> str:
    """Stands in for the keyed hash: storage never sees the key."""
    return hashlib.sha256(address.lower().encode()).hexdigest()


def person(
    name: str, state: SubscriberState = SubscriberState.CONFIRMED, address: str | None = None
) -> tuple[Subscriber, Consent, str]:
    address = address or f"{name}@readers.example"
    return (
        Subscriber(id=f"id-{name}", address=address, state=state, created_at=NOW),
        Consent(subscriber_id=f"id-{name}", kind=ConsentKind.ADDED, at=NOW, source="command", note="paper form"),
        address_hash(address),
    )


def subscribe(c: Connection, *names: str) -> None:
    subscribers.add_many(c, [person(name) for name in names])


def edition(
    key: str = KEY, state: EditionState = EditionState.SENDING, *, rehearsal: bool = False, slot_at: datetime = NOW
) -> Edition:
    return Edition(
        key=key,
        cadence=Cadence.WEEKLY,
        rehearsal=rehearsal,
        slot_at=slot_at,
        state=state,
        expires_at=slot_at + timedelta(days=5),
        signing_key="0123456789abcdef",
    )


def rendition(text: str = "Hello") -> Rendition:
    message = (
        b"To: ",
        ByteSlot(SlotName.ADDRESS, SlotCoding.HEADER),
        b"\r\n\r\n" + text.encode(),
        ByteSlot(SlotName.UNSUBSCRIBE_URL, SlotCoding.TEXT),
        b"\r\n",
    )
    return Rendition(
        subject="Näivety – a “title”",
        html="<p>Hello</p>",
        text=text,
        headers=(("Reply-To", "desk@briefings.example"), ("List-Id", "<weekly.briefings.example>")),
        message=message,
        post_ids=("tag:a", "tag:b"),
        content_hash=content_hash(message),
    )


def freeze(c: Connection, its: Edition | None = None, posts: Sequence[str] = ("tag:a",), now: datetime = NOW) -> int:
    return editions.freeze(c, its or edition(), [Share(rendition())], posts, (), now)


def outcome(delivery_id: int, result: Result, *, phase: Phase = Phase.RCPT, note: str = "") -> Outcome:
    return Outcome(delivery_id=delivery_id, result=result, phase=phase, code=550, enhanced_code="5.1.1", note=note)


def accepted(delivery_id: int) -> Record:
    return Record(
        delivery_id=delivery_id,
        state=DeliveryState.ACCEPTED,
        outcome=Outcome(delivery_id=delivery_id, result=Result.ACCEPTED, phase=Phase.DOT, code=250, provider_id="Q1"),
    )


def refused(delivery_id: int, result: Result = Result.REJECTED, *, phase: Phase = Phase.RCPT) -> Record:
    return Record(
        delivery_id=delivery_id,
        state=DeliveryState.FAILED,
        outcome=outcome(delivery_id, result, phase=phase, note="no such user"),
    )


def deferred(delivery_id: int, due: datetime, result: Result = Result.DEFERRED) -> Record:
    return Record(
        delivery_id=delivery_id,
        state=DeliveryState.DEFERRED,
        outcome=outcome(delivery_id, result, note="try later"),
        next_attempt_at=due,
    )

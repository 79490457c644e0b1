"""The story of one subscriber in the order in which it happened, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from briefingfeed.delivery.events import ANY_LIMIT, weigh
from briefingfeed.delivery.weights import Weight
from briefingfeed.models.delivery import Attempt, Delivery, DeliveryEvent, EventKind
from briefingfeed.models.subscriber import Consent, ConsentKind, Subscriber, SubscriberState, Suppression
from briefingfeed.services.readers.mail_reports import MAIL
from briefingfeed.services.telling.figures import DELIVERY_WORDS

_CONSENTS: Mapping[ConsentKind, str] = {
    ConsentKind.ADDED: "subscribed",
    ConsentKind.IMPORTED: "subscribed by an import",
    ConsentKind.WITHDRAWN: "left",
    ConsentKind.RENEWED: "may be mailed again",
    ConsentKind.ERASED: "erased",
}
_EVENTS: Mapping[EventKind, str] = {
    EventKind.DELIVERED: "delivered",
    EventKind.DELAYED: "delayed, the other side is still trying",
    EventKind.COMPLAINED: "reported as spam",
    EventKind.UNSUBSCRIBED: "asked to leave",
}
_BOUNCES: Mapping[Weight, str] = {
    Weight.NOTHING: "came back, not for want of an address",
    Weight.TEMPORARY: "came back for now",
    Weight.PERMANENT: "came back for good",
    Weight.FATAL: "came back for good",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryLine:
    at: datetime
    """When it happened, or when we heard of it."""
    kind: str
    """`consent`, `attempt`, `delivery`, `event` or `suppression`."""
    words: str
    edition: str | None = None

    def as_dict(self) -> dict[str, object]:
        return {"at": self.at, "kind": self.kind, "edition": self.edition, "words": self.words}


def tell_story(
    consents: Sequence[Consent],
    deliveries: Sequence[Delivery],
    attempts: Mapping[int, Sequence[Attempt]],
    events: Sequence[DeliveryEvent],
    suppression: Suppression | None,
) -> tuple[StoryLine, ...]:
    """Return everything that happened, oldest first."""
    editions = {delivery.id: delivery.edition_key for delivery in deliveries}
    lines = [
        *map(_of_consent, consents),
        *(line for delivery in deliveries for line in _of_delivery(delivery, attempts.get(delivery.id, ()))),
        *(_of_event(event, editions.get(event.delivery_id or 0)) for event in events),
    ]
    if suppression:
        words = f"never mailed again: {suppression.reason}" + (f" ({suppression.note})" if suppression.note else "")
        lines.append(StoryLine(at=suppression.at, kind="suppression", words=words))
    return tuple(sorted(lines, key=lambda line: line.at))


def way_back(person: Subscriber, suppression: Suppression | None, bounced: int) -> str:
    """Say whether they are mailed, and if not, what would have to happen first. `bounced`: editions that came back
    since something arrived."""
    steps = []
    if suppression:
        steps.append(
            f"once you know that the reason has gone: briefingfeed subscribers unsuppress {person.address} "
            '--why "what changed"'
        )
    if person.state is SubscriberState.UNSUBSCRIBED:
        steps.append(
            "if they asked to come back, and only then: briefingfeed subscribers resubscribe "
            f'{person.address} --wish "how they asked"'
        )
    elif person.state is SubscriberState.UNCONFIRMED:
        steps.append("they have to confirm by the link in the mail that they were sent")
    if steps:
        return "Gets no mail. To mail them again: " + "; then, ".join(steps)
    if bounced:
        times = "1 edition" if bounced == 1 else f"{bounced} editions"
        return f"Gets the next edition. {times} came back since one arrived; {ANY_LIMIT} are too many."
    return "Gets the next edition."


def event_in_words(event: DeliveryEvent) -> str:
    """Write what was heard of a copy, with the other side's words."""
    words = _EVENTS.get(event.kind) or _BOUNCES[weigh(event) or Weight.NOTHING]
    if event.delivery_id is None and event.source != MAIL:
        words += ", says a report that proves nothing"
    return _said(words, event.code, event.enhanced_code, event.note)


def _of_consent(consent: Consent) -> StoryLine:
    note = f": {consent.note}" if consent.note else ""
    source = f" ({consent.source})" if consent.source else ""
    return StoryLine(at=consent.at, kind="consent", words=f"{_CONSENTS[consent.kind]}{source}{note}")


def _of_delivery(delivery: Delivery, attempts: Sequence[Attempt]) -> Iterator[StoryLine]:
    key = delivery.edition_key
    for attempt in attempts:
        words = _said(f"tried: {attempt.result}", attempt.code, attempt.enhanced_code, attempt.note)
        yield StoryLine(at=attempt.at, kind="attempt", edition=key, words=words)
    due = f", again from {delivery.next_attempt_at:%Y-%m-%d %H:%M}" if delivery.next_attempt_at else ""
    yield StoryLine(at=delivery.updated_at, kind="delivery", edition=key, words=DELIVERY_WORDS[delivery.state] + due)


def _of_event(event: DeliveryEvent, edition: str | None) -> StoryLine:
    return StoryLine(at=event.received_at, kind="event", edition=edition, words=event_in_words(event))


def _said(words: str, code: int | None, enhanced_code: str | None, note: str) -> str:
    said = " ".join(filter(None, [enhanced_code or (str(code) if code else ""), note]))
    return f"{words}: {said}" if said else words

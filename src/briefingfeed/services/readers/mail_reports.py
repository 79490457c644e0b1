"""Write down what a mail or a provider reports, and do what follows from it, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from briefingfeed.delivery.events import Consequence, Past, follows, weigh
from briefingfeed.delivery.history import came_back, past
from briefingfeed.models.delivery import DeliveryEvent, EventKind
from briefingfeed.models.report import Report
from briefingfeed.models.subscriber import Suppression
from briefingfeed.providers.addresses import scrub
from briefingfeed.services.readers.copy_finding import Found
from briefingfeed.storage import events, strangers, subscribers, suppressions
from briefingfeed.tokens import Keyring, TokenError, read_unsubscribe_token

MAILBOX = "mailbox"
"""Source of the events that were read in mails."""
MAIL = "mail"
"""Source of a consent withdrawn by mail to the unsubscribe address, and of the event that goes with it."""
COMPLAINT = "complaint"
_WISHES = frozenset({EventKind.COMPLAINED, EventKind.UNSUBSCRIBED})
"""What somebody wants, who may have come back and want it again."""


class Fate(StrEnum):
    """What became of a report."""

    APPLIED = "applied"
    REPEATED = "repeated"
    """It says what another, or the same one, said before."""
    UNPROVEN = "unproven"
    """Noted for an address that was named; without proof nothing follows."""
    NOBODYS = "nobody's"
    """About somebody who was erased, or a test mail."""
    STRANGE = "strange"
    """About nobody we know, or a wish that only a person may act on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    fate: Fate
    kind: EventKind
    suppressed: bool = False
    unsubscribed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a report was heard."""

    source: str
    """`MAILBOX`, or a provider's name."""
    key: str
    """Names the report there: what has the same key is the same report, told again."""


def apply(
    connection: Connection, report: Report, origin: Origin, *, found: Found | None, keyring: Keyring, now: datetime
) -> Applied:
    """Store what is reported about `found`, and what follows. Doing it again for the same report changes nothing."""
    if report.kind is EventKind.UNSUBSCRIBED and report.about.tokens:
        left = _leave_by_token(connection, report, origin, keyring, now)
        if left is not None:
            return left
    if found is None:
        return Applied(fate=Fate.STRANGE, kind=report.kind)
    person = subscribers.by_id(connection, found.subscriber_id) if found.subscriber_id else None
    if person is None:
        # Erased, or the reader of a test mail. Nothing is kept: the words may hold what was erased.
        return Applied(fate=Fate.NOBODYS, kind=report.kind)
    event = _event(report, found, person.address, origin, now)
    is_new = events.add(connection, event)
    if not found.is_proven and report.kind in (EventKind.COMPLAINED, EventKind.UNSUBSCRIBED):
        # Anybody may write a report that names somebody; a complaint or wish is still worth a person's look.
        return Applied(fate=Fate.STRANGE, kind=report.kind)
    if not is_new:
        return Applied(fate=Fate.REPEATED, kind=report.kind)
    if not found.is_proven:
        return Applied(fate=Fate.UNPROVEN, kind=report.kind)
    if found.delivery_id is not None:
        events.settle(connection, found.delivery_id, now)
    return _follow(connection, event, person.id, now)


def _leave_by_token(
    connection: Connection, report: Report, origin: Origin, keyring: Keyring, now: datetime
) -> Applied | None:
    """Unsubscribe whom the token in a mail names; None if no token is ours.

    The same mail does so once: it may be read again after the person has come back.
    """
    for token in report.about.tokens:
        try:
            subscriber_id = read_unsubscribe_token(keyring, token)
        except TokenError:
            continue
        if subscribers.by_id(connection, subscriber_id) is None:
            left = strangers.withdraw(connection, subscriber_id, now, source=MAIL)
        else:
            wish = DeliveryEvent(
                kind=EventKind.UNSUBSCRIBED,
                at=min(report.at or now, now),
                received_at=now,
                source=MAIL,
                source_key=origin.key,
                subscriber_id=subscriber_id,
            )
            left = events.add(connection, wish) and subscribers.withdraw(connection, subscriber_id, now, source=MAIL)
        return Applied(fate=Fate.APPLIED if left else Fate.REPEATED, kind=report.kind, unsubscribed=left)
    return None


def _event(report: Report, found: Found, address: str, origin: Origin, now: datetime) -> DeliveryEvent:
    """One copy bounces once by each weight: reports that say no more are one event, whoever repeats them.

    A heavier one is news in whatever order they come: an alias may lead to a server that refuses us and to one that
    doesn't know the address. A wish is not about the copy; only the same report of it is the same.
    """
    event = DeliveryEvent(
        kind=report.kind,
        at=min(report.at or now, now),
        received_at=now,
        source=origin.source,
        source_key=origin.key,
        delivery_id=found.delivery_id if found.is_proven else None,
        subscriber_id=found.subscriber_id,
        permanent=report.permanent,
        code=report.code,
        enhanced_code=report.enhanced_code,
        note=scrub(report.words, address),
    )
    if event.delivery_id is None or event.kind in _WISHES:
        return event
    weight = weigh(event)
    said = report.kind if weight is None else f"{report.kind}:{weight.name.lower()}"
    return replace(event, source_key=f"{event.delivery_id}:{said}")


def _follow(connection: Connection, event: DeliveryEvent, subscriber_id: str, now: datetime) -> Applied:
    history = past(connection, subscriber_id, now)
    if not _counts(connection, event, subscriber_id, history):
        return Applied(fate=Fate.APPLIED, kind=event.kind)
    what = follows(event, [each for _, each in history], is_proven=True, now=now)
    return Applied(
        fate=Fate.APPLIED,
        kind=event.kind,
        suppressed=_suppress(connection, subscriber_id, event, what, now),
        unsubscribed=what.unsubscribe and subscribers.withdraw(connection, subscriber_id, now, source=COMPLAINT),
    )


def _counts(
    connection: Connection, event: DeliveryEvent, subscriber_id: str, history: Sequence[tuple[int, Past]]
) -> bool:
    """Whether it wasn't settled by their coming back on their own wish, or being allowed again.

    A bounce is about the copy, and so about its day; a wish is of the day on which somebody has it, whichever copy they
    hold in their hand.
    """
    if any(delivery_id == event.delivery_id for delivery_id, _ in history):
        return True
    back = came_back(connection, subscriber_id)
    return event.kind in _WISHES and (back is None or event.at > back)


def _suppress(
    connection: Connection, subscriber_id: str, event: DeliveryEvent, what: Consequence, now: datetime
) -> bool:
    address_hash = events.address_hash(connection, subscriber_id)
    if what.suppress is None or address_hash is None:
        return False
    return suppressions.add(
        connection, Suppression(address_hash=address_hash, reason=what.suppress, at=now, note=what.why)
    )

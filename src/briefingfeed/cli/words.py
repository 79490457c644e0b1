"""What people read instead of the names of states. The names themselves stand in `--json` and the docs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from briefingfeed.services.telling.figures import DELIVERY_WORDS as DELIVERY_WORDS
from briefingfeed.services.telling.figures import counts_in_words as counts_in_words

if TYPE_CHECKING:
    from briefingfeed.models.delivery import DeliveryEvent
    from briefingfeed.services.readers.mailbox import MailboxReport


def have_all_posts(readers: int) -> str:
    """Say how many get no copy because nothing in it would be new to them."""
    return f"{'1 reader already has' if readers == 1 else f'{readers} readers already have'} these posts"


def mailbox_in_words(report: MailboxReport) -> str:
    """Write what a reading of the bounces' mailbox came to."""
    if not report.read:
        return "No new mail."
    fates = ", ".join(f"{count} {fate}" for fate, count in report.fates.items())
    kinds = ", ".join(f"{count} {kind}" for kind, count in report.kinds.items())
    lines = [f"{report.read} {'mail' if report.read == 1 else 'mails'} read: {fates}."]
    if kinds:
        lines.append(f"What they report: {kinds}.")
    if report.suppressed or report.unsubscribed:
        lines.append(f"Addresses given up: {report.suppressed}. Readers who left: {report.unsubscribed}.")
    return "\n".join(lines)


def event_as_dict(event: DeliveryEvent) -> dict[str, object]:
    return {
        "at": event.at,
        "received_at": event.received_at,
        "kind": event.kind,
        "permanent": event.permanent,
        "code": event.code,
        "enhanced_code": event.enhanced_code,
        "note": event.note,
        "source": event.source,
        "delivery_id": event.delivery_id,
        "subscriber_id": event.subscriber_id,
    }

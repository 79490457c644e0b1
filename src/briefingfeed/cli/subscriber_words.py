"""What people read of readers: what became of one, and what an import would do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from briefingfeed.cli.words import event_as_dict
from briefingfeed.services.readers.subscribers import Change
from briefingfeed.subscribers.importing import Fate, ImportPlan

if TYPE_CHECKING:
    from briefingfeed.services.readers.subscriber_records import SubscriberRecord

CHANGES: Mapping[Change, str] = {
    Change.ADDED: "is subscribed now.",
    Change.CONFIRMED: "had asked before and is subscribed now.",
    Change.UNSUBSCRIBED: "is unsubscribed now.",
    Change.RESUBSCRIBED: "is subscribed again.",
    Change.UNSUPPRESSED: "may be mailed again.",
    Change.CADENCE: "is mailed that way from the next edition on.",
    Change.ERASED: "is forgotten; only a hash stays, so that no import brings the address back.",
    Change.NOTHING: "was so already; nothing changed.",
}

_FATES: Mapping[Fate, str] = {
    Fate.NEW: "will be subscribed",
    Fate.PRESENT: "are subscribed already",
    Fate.KEPT_AWAY: "left here and stay unsubscribed",
    Fate.SUPPRESSED: "bounced, complained or were erased here and are never mailed",
    Fate.LEFT: "left elsewhere; noted, so that no later file adds them",
    Fate.LEAVES: "are subscribed here but left elsewhere; will be unsubscribed",
    Fate.BARRED: "bounced or complained elsewhere; will never be mailed",
    Fate.NOT_CONFIRMED: "never confirmed elsewhere and are left out",
    Fate.DUPLICATE: "stand twice in the file",
    Fate.INVALID: "are left out: no address, or a word that is not known",
}
_MOST_INVALID = 20


def plan_in_words(plan: ImportPlan) -> str:
    """Write what an import would do, and which lines cannot be read."""
    lines = [f"{plan.name}: {len(plan.rows)} lines with something in them."]
    lines += [f"  {count:6}  {_FATES[fate]}" for fate, count in plan.counts.items() if count]
    lines += [f"  note: {warning}" for warning in plan.warnings]
    invalid = plan.of(Fate.INVALID)
    lines += [f"  {row.place}: {row.candidate.reason}" for row in invalid[:_MOST_INVALID]]
    if len(invalid) > _MOST_INVALID:
        lines.append(f"  and {len(invalid) - _MOST_INVALID} more")
    return "\n".join(lines)


def plan_as_dict(plan: ImportPlan) -> dict[str, object]:
    return {
        "file": plan.name,
        "lines": len(plan.rows),
        "counts": {fate.value: count for fate, count in plan.counts.items()},
        "invalid": [{"place": row.place, "reason": row.candidate.reason} for row in plan.of(Fate.INVALID)],
        "warnings": list(plan.warnings),
    }


def record_as_dict(record: SubscriberRecord) -> dict[str, object]:
    """Return all that is stored about a subscriber."""
    person, suppression = record.subscriber, record.suppression
    return {
        "id": person.id,
        "address": person.address,
        "state": person.state,
        "created_at": person.created_at,
        "unsubscribed_at": person.unsubscribed_at,
        "suppressed": suppression.reason if suppression else None,
        "suppression": {"reason": suppression.reason, "at": suppression.at, "note": suppression.note}
        if suppression
        else None,
        "consents": [
            {"at": each.at, "kind": each.kind, "source": each.source, "note": each.note} for each in record.consents
        ],
        "deliveries": [
            {
                "id": each.id,
                "edition": each.edition_key,
                "state": each.state,
                "at": each.updated_at,
                "note": each.note,
                "attempts": [
                    {
                        "at": one.at,
                        "result": one.result,
                        "code": one.code,
                        "enhanced_code": one.enhanced_code,
                        "note": one.note,
                    }
                    for one in record.attempts[each.id]
                ],
            }
            for each in record.deliveries
        ],
        "events": [event_as_dict(each) for each in record.events],
        "story": [line.as_dict() for line in record.story],
        "to_mail_again": record.way_back,
    }

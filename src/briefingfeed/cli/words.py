"""What people read instead of the names of states. The names themselves stand in `--json` and the docs."""

from __future__ import annotations

from collections.abc import Mapping

from briefingfeed.services.figures import DELIVERY_WORDS as DELIVERY_WORDS
from briefingfeed.services.figures import counts_in_words as counts_in_words
from briefingfeed.services.subscribers import Change
from briefingfeed.subscribers.importing import Fate, ImportPlan

CHANGES: Mapping[Change, str] = {
    Change.ADDED: "is subscribed now.",
    Change.CONFIRMED: "had asked before and is subscribed now.",
    Change.UNSUBSCRIBED: "is unsubscribed now.",
    Change.RESUBSCRIBED: "is subscribed again.",
    Change.UNSUPPRESSED: "may be mailed again.",
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
    Fate.INVALID: "are no addresses",
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

"""`--dry-run`: what a run would do now. Writes no row, touches no network."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from briefingfeed.delivery.audience import count_recipients
from briefingfeed.models.edition import Cadence, Edition, EditionState
from briefingfeed.models.problem import Problem
from briefingfeed.newsletter.preflight import Finding
from briefingfeed.newsletter.schedule import require, upcoming_slot
from briefingfeed.services.drafting import draft_edition
from briefingfeed.services.editions import EditionView, list_editions
from briefingfeed.services.freezing import basis, look_ahead, new_edition
from briefingfeed.services.send_context import SendContext, check_as_of, check_identity

_UNFINISHED = (EditionState.FROZEN, EditionState.SENDING)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedEdition:
    """The edition that a run would freeze now."""

    key: str
    subject: str | None
    """None: no post would go, so the edition would be empty."""
    posts: tuple[str, ...]
    passed_over: int
    waiting: tuple[str, ...]
    """Files of posts too old to go by themselves."""
    recipients: int
    hold_reason: str | None
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SendPlan:
    provider: str
    rehearsal: bool
    edition: PlannedEdition | None
    """None: no slot is due."""
    missed: tuple[str, ...]
    silent_since: datetime | None
    unfinished: tuple[EditionView, ...]
    """Editions frozen before; the run would hand over their rows that are due."""
    problems: tuple[Problem, ...]
    next_slot: datetime

    def as_dict(self) -> dict[str, object]:
        planned = self.edition
        return {
            "provider": self.provider,
            "rehearsal": self.rehearsal,
            "edition": None
            if planned is None
            else {
                "key": planned.key,
                "subject": planned.subject,
                "posts": list(planned.posts),
                "passed_over": planned.passed_over,
                "too_old": list(planned.waiting),
                "recipients": planned.recipients,
                "hold_reason": planned.hold_reason,
                "findings": [{"stops": each.stops, "message": each.message} for each in planned.findings],
            },
            "missed": list(self.missed),
            "needs_force_since": self.silent_since.isoformat() if self.silent_since else None,
            "unfinished": [view.as_dict() for view in self.unfinished],
            "problems": [str(problem) for problem in self.problems],
            "next_slot": self.next_slot.isoformat(),
        }


def plan_edition(
    context: SendContext, cadence: Cadence, *, at_once: bool = False, force: bool = False, as_of: bool = False
) -> SendPlan:
    """Return what `send_edition` would do with the same arguments. Raises what it would raise at its beginning."""
    require(context.settings, cadence)
    check_identity(context)
    if as_of:
        check_as_of(context)
    now = context.now()
    decision = look_ahead(context, cadence, at_once=at_once, force=force)
    planned: PlannedEdition | None = None
    problems: tuple[Problem, ...] = ()
    if decision.due is not None:
        edition = new_edition(context, decision.due)
        with context.database.read() as connection:
            history = basis(context, connection, decision.due)
            recipients = count_recipients(connection)
        draft = draft_edition(context, decision.due, history, now, offline=True)
        problems = draft.library.problems
        planned = PlannedEdition(
            key=edition.key,
            subject=draft.rendition.subject if draft.rendition else None,
            posts=tuple(post.title for post in draft.selection.posts),
            passed_over=len(draft.selection.passed_over),
            waiting=tuple(post.path for post in draft.selection.waiting),
            recipients=recipients,
            hold_reason=draft.selection.hold_reason,
            findings=draft.findings,
        )
    return SendPlan(
        provider=context.provider.name,
        rehearsal=context.rehearses,
        edition=planned,
        missed=tuple(slot.key for slot in decision.missed),
        silent_since=decision.silent_since,
        unfinished=tuple(view for view in list_editions(context.database) if _goes_on(view.edition, context)),
        problems=problems,
        next_slot=upcoming_slot(context.settings, cadence, now).at,
    )


def _goes_on(edition: Edition, context: SendContext) -> bool:
    return edition.state in _UNFINISHED and edition.rehearsal == context.rehearses

"""`--dry-run`: what a run would do now. Writes no row, touches no network."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from briefingfeed.models.edition import Cadence, Edition, EditionState
from briefingfeed.models.problem import Problem
from briefingfeed.newsletter.finding import Finding
from briefingfeed.newsletter.schedule import require, upcoming_slot
from briefingfeed.services.sending.basis import new_edition
from briefingfeed.services.sending.drafting import Draft, draft_edition
from briefingfeed.services.sending.due import draft_posts, look_ahead
from briefingfeed.services.sending.editions import EditionView, list_editions
from briefingfeed.services.sending.send_context import SendContext, check_as_of, check_identity

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
    without: int
    """Readers of its cadence who have all of its posts, and would get no copy."""
    hold_reason: str | None
    introduced: bool
    """Whether it begins with what introduction.md says."""
    corrections: tuple[str, ...]
    """Titles of posts whose correction it tells to those who had them before."""
    told: int
    """How many these are."""
    findings: tuple[Finding, ...]

    def as_dict(self) -> dict[str, object]:
        return {
            "key": self.key,
            "subject": self.subject,
            "posts": list(self.posts),
            "passed_over": self.passed_over,
            "too_old": list(self.waiting),
            "recipients": self.recipients,
            "have_all_posts": self.without,
            "hold_reason": self.hold_reason,
            "introduction": self.introduced,
            "corrections": list(self.corrections),
            "told": self.told,
            "findings": [{"stops": each.stops, "message": each.message} for each in self.findings],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SendPlan:
    provider: str
    rehearsal: bool
    editions: tuple[PlannedEdition, ...]
    """One if a slot is due; of posts that go by themselves, one for each."""
    missed: tuple[str, ...]
    silent_since: datetime | None
    unfinished: tuple[EditionView, ...]
    """Editions frozen before; the run would hand over their rows that are due."""
    problems: tuple[Problem, ...]
    next_slot: datetime | None
    """None: posts that go by themselves have no slots."""

    def as_dict(self) -> dict[str, object]:
        return {
            "provider": self.provider,
            "rehearsal": self.rehearsal,
            "editions": [edition.as_dict() for edition in self.editions],
            "missed": list(self.missed),
            "needs_force_since": self.silent_since.isoformat() if self.silent_since else None,
            "unfinished": [view.as_dict() for view in self.unfinished],
            "problems": [str(problem) for problem in self.problems],
            "next_slot": self.next_slot.isoformat() if self.next_slot else None,
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
    drafts: tuple[Draft, ...] = ()
    if cadence is Cadence.POSTS:
        drafts = draft_posts(context, now, at_once=at_once)
    elif decision.due is not None:
        drafts = (draft_edition(context, decision.due, now, offline=True),)
    return SendPlan(
        provider=context.provider.name,
        rehearsal=context.rehearses,
        editions=tuple(_planned(context, draft) for draft in drafts),
        missed=tuple(slot.key for slot in decision.missed),
        silent_since=decision.silent_since,
        unfinished=tuple(view for view in list_editions(context.database) if _goes_on(view.edition, context)),
        problems=drafts[0].library.problems if drafts else (),
        next_slot=upcoming_slot(context.settings, cadence, now).at if cadence is not Cadence.POSTS else None,
    )


def _planned(context: SendContext, draft: Draft) -> PlannedEdition:
    return PlannedEdition(
        key=new_edition(context, draft.slot).key,
        subject=draft.rendition.subject if draft.rendition else None,
        posts=tuple(post.title for post in draft.selection.posts),
        passed_over=len(draft.selection.passed_over),
        waiting=tuple(post.path for post in draft.selection.waiting),
        recipients=draft.audience.recipients,
        without=len(draft.audience.without),
        hold_reason=draft.selection.hold_reason,
        introduced=draft.introduction is not None,
        corrections=tuple(each.post.title for each in draft.corrections),
        told=draft.told,
        findings=draft.findings,
    )


def _goes_on(edition: Edition, context: SendContext) -> bool:
    return edition.state in _UNFINISHED and edition.rehearsal == context.rehearses

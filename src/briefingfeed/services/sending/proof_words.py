"""What the box above a proof says, and what a run says about proofs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from briefingfeed.errors import BriefingfeedError
from briefingfeed.models.edition import Edition, EditionState
from briefingfeed.models.settings import Settings
from briefingfeed.newsletter.proof import Box, Command
from briefingfeed.services.sending.drafting import Draft
from briefingfeed.services.sending.proof_memory import Shown, changes
from briefingfeed.services.telling.notices import Notice
from briefingfeed.services.telling.report_queue import MOST_UNCLEAR
from briefingfeed.services.telling.status_facts import moment

_ELSEWHERE = "No post has changed, but what stands around: settings, templates, introduction, or what closes soon."


def box_for(
    edition: Edition,
    draft: Draft,
    settings: Settings,
    *,
    posts: Mapping[str, Shown],
    before: Mapping[str, Shown] | None,
    now: datetime,
) -> Box:
    """Return the box above a proof of `draft`. `before`: what the proof before this one showed."""
    what_changed = () if before is None else changes(before, posts) or (_ELSEWHERE,)
    return Box(
        headline=f"Proof of {edition.key}" if before is None else f"Proof of {edition.key}, changed",
        fate=_fate(edition, draft, settings, now),
        stops=draft.stops,
        changes=what_changed,
        broken=tuple(problem for problem in draft.library.problems if problem.is_error),
        warnings=draft.warnings,
        commands=_commands(edition),
    )


def _fate(edition: Edition, draft: Draft, settings: Settings, now: datetime) -> tuple[str, ...]:
    readers = draft.audience.recipients
    when = moment(draft.slot.at, settings.publication.timezone)
    to = "1 reader" if readers == 1 else f"{readers} readers"
    if draft.rendition is None:
        return (f"As things stand no post is due on {when}: nobody is mailed.",)
    if not readers:
        return (f"It would go out on {when}, but there is no confirmed subscriber: nobody is mailed.",)
    if edition.state is EditionState.HELD:
        return (f"It is held. When somebody releases it, it goes out as the posts are then, to {to}.",)
    if draft.stops:
        return (f"It is due on {when}, to {to}, but as it stands it will not go out.",)
    if draft.selection.hold_reason:
        reason = draft.selection.hold_reason
        return (f"It is due on {when}, to {to}, but will be held then until somebody releases it: {reason}.",)
    goes = f"It goes out on {when}, to {to}." if now < draft.slot.at else f"It goes out with the next run, to {to}."
    nobody = ("This is a rehearsal: it goes to the outbox, and nobody is mailed.",) if edition.rehearsal else ()
    return (
        goes,
        *nobody,
        *_introduced(draft),
        *_partly(draft),
        *_corrected(draft),
        *_first_batch(settings, readers),
        "If a post changes before, another proof comes.",
    )


def _introduced(draft: Draft) -> tuple[str, ...]:
    if draft.introduction is None:
        return ()
    return ("It begins with what introduction.md says; no later edition will.",)


def _partly(draft: Draft) -> tuple[str, ...]:
    everything = frozenset(post.id for post in draft.selection.posts)
    others = sum(group.count for group in draft.audience.groups if group.post_ids != everything)
    if not others:
        return ()
    return (
        f"{others} of them had some of these posts before, or missed others, when they changed how often they read.",
    )


def _corrected(draft: Draft) -> tuple[str, ...]:
    if not draft.told:
        return ()
    many = len(draft.corrections) > 1
    return (f"It tells {'corrections' if many else 'a correction'} to the {draft.told} who had the text before.",)


def _first_batch(settings: Settings, readers: int) -> tuple[str, ...]:
    first = settings.newsletter.first_batch
    if first is None or readers <= first:
        return ()
    pause = span(settings.newsletter.first_batch_pause)
    return (f"First {first} of them get it; the rest follows {pause} later, unless somebody holds it.",)


def _commands(edition: Edition) -> tuple[Command, ...]:
    if edition.state is EditionState.HELD:
        hold = Command("To let it go:", f"briefingfeed editions release {edition.key}")
    else:
        hold = Command("To stop it until you say more:", f"briefingfeed editions hold {edition.key}")
    cancel = Command("To skip it, and send its posts with the next:", f"briefingfeed editions cancel {edition.key}")
    return hold, cancel


def span(of: timedelta) -> str:
    """Write `30 minutes`, `1 hour` or `90 minutes`."""
    minutes = round(of.total_seconds() / 60)
    count, unit = (minutes // 60, "hour") if minutes and minutes % 60 == 0 else (minutes, "minute")
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def not_made(key: str, error: BriefingfeedError) -> Notice:
    return Notice(topic=f"proof:{key}", text=f"There is no proof of {key} yet.\n  {error}")


def not_taken(key: str, missing: int, of: int, reason: str) -> Notice:
    """`missing`: so many of the addresses in proof_to have no proof yet."""
    whose = (
        "Nobody in [newsletter] proof_to has"
        if missing == of
        else f"{missing} of {of} in [newsletter] proof_to have no"
    )
    what = "the proof" if missing == of else "proof"
    return Notice(
        topic=f"proof:{key}",
        text=f"{whose} {what} of {key} yet: {reason}. The edition doesn't wait for it.",
        remedy="Each run tries again until it goes out.",
        awaits=False,
    )


def changed_since(key: str, found: Sequence[str]) -> Notice:
    """`found`: what happened to the posts after the last proof."""
    lines = "\n".join(f"  {change}" for change in found)
    return Notice(
        topic=f"proof-outdated:{key}",
        text=f"{key} was made with changes that came after its last proof:\n{lines}",
        awaits=False,
    )


def refused(key: str, count: int, reason: str) -> Notice:
    return Notice(
        topic=f"proof-refused:{key}",
        text=f"The proof of {key} was refused for good by {count} of those in [newsletter] proof_to: {reason}.",
        remedy="See that the addresses there are right. The edition goes out all the same.",
    )


def enough(key: str, count: int, reason: str) -> Notice:
    """`count`: so many may have got the proof several times, and no server said whether they did."""
    return Notice(
        topic=f"proof-unclear:{key}",
        text=(
            f"Whether the proof of {key} arrived is unclear for {count} of those in [newsletter] proof_to, after "
            f"{MOST_UNCLEAR} tries: {reason}. It isn't sent there again unless it changes."
        ),
        awaits=False,
    )

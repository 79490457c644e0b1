"""The sentences a run says to the operator, and the command that settles each matter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from briefingfeed.delivery.pace import Full
from briefingfeed.errors import BriefingfeedError
from briefingfeed.models.delivery import DeliveryState
from briefingfeed.models.edition import Cadence, Edition
from briefingfeed.models.post import Post
from briefingfeed.models.problem import Problem
from briefingfeed.newsletter.finding import Finding
from briefingfeed.newsletter.schedule import EXAMPLES
from briefingfeed.services.telling.notices import Notice

WAY_OUT = "way-out"
LIMIT = "limit"
SILENCE = "silence"
CLOCK = "clock"
UNSETTLED = "unsettled"
HELD = "held:"
"""Begins the topic, before an edition's key."""
ADVICE = "advice:"
"""Begins the topic of what nobody has to decide and somebody should know all the same: it goes by mail, too."""
UNREADABLE = "unreadable:"
"""Begins the topic, before an edition's key."""
NOT_MADE = "not-made:"
"""Begins the topic, before a cadence."""


def missed(keys: Sequence[str], cadence: Cadence, why: str = "") -> Notice:
    """`keys`: at least one, oldest first. `why`: a sentence, if it is known."""
    which = keys[0] if len(keys) == 1 else f"{len(keys)} editions, {keys[0]} to {keys[-1]},"
    whose = "Its" if len(keys) == 1 else "Their"
    return Notice(
        topic=f"missed:{keys[-1]}",
        text=f"{which} did not go out in time. {why}{' ' * bool(why)}{whose} posts go with the next edition.",
        remedy=f"If nothing was said to stop it, see that cron runs `briefingfeed send-{cadence}` every 15 minutes.",
    )


def silence(since: datetime, cadence: Cadence) -> Notice:
    last = "The last run was on" if cadence is Cadence.POSTS else "The last edition was due on"
    return Notice(
        topic=f"{SILENCE}:{cadence}",
        text=f"{last} {since:%d %B %Y}. After so long nothing goes out by itself: the clock of "
        "this machine may be wrong, or the readers may have forgotten you.",
        remedy=f"If the next edition is meant: briefingfeed send-{cadence} --force",
    )


def ahead(last: datetime, cadence: Cadence) -> Notice:
    return Notice(
        topic=f"{CLOCK}:{cadence}",
        text=f"The last edition was due on {last:%d %B %Y}, which is still to come by the clock of this machine. Until "
        "then no edition goes out.",
        remedy="See that the clock is right: date. If it is, it was wrong when that edition was made.",
    )


def expired(key: str, late: int, *, freed: bool) -> Notice:
    readers = "1 reader" if late == 1 else f"{late} readers"
    end = "Nobody had it; its posts go with the next edition." if freed else "They get the next one."
    return Notice(
        topic=f"expired:{key}",
        text=f"{key} never reached {readers}: nobody took their copies within five days. {end}",
        remedy=f"See them: briefingfeed deliveries list --edition {key} --state expired",
    )


def called_off(key: str, cadence: Cadence) -> Notice:
    alone = f"To have it mailed after all: briefingfeed editions release {key}"
    end = alone if cadence is Cadence.POSTS else "Its posts go with the next edition."
    return Notice(
        topic=f"called-off:{key}",
        text=f"{key} was cancelled while a copy was on its way, but nobody had it. {end}",
        awaits=False,
    )


def left_over(key: str, cadence: Cadence) -> Notice:
    return Notice(
        topic=f"left-over:{key}",
        text=f"{key} was planned, but this publication doesn't have “{cadence}” any more: it is cancelled.",
        awaits=False,
    )


def gone(key: str) -> Notice:
    """Of an edition that something had stopped."""
    return Notice(
        topic=f"missed:{key}",
        text=f"{key} doesn't go out any more: what it was to bring is gone, or isn't for mail any more.",
        awaits=False,
    )


def blocked(key: str, findings: Iterable[Finding]) -> Notice:
    lines = [f"{key} doesn't go out yet:"]
    for finding in findings:
        lines += [f"  {finding.message}", f"    {finding.remedy}"]
    return Notice(topic=f"blocked:{key}", text="\n".join(lines), remedy="Each run tries again until the next slot.")


def blocked_before(edition: Edition) -> Notice:
    return Notice(
        topic=f"blocked:{edition.key}",
        text=f"{edition.key} doesn't go out yet: {edition.note}",
        remedy=f"Repair it; each run tries again. To see it all: briefingfeed send-{edition.cadence} --dry-run",
    )


def unreadable(key: str, problems: Iterable[Problem]) -> Notice:
    broken = "\n".join(f"  {problem}" for problem in problems if problem.is_error)
    return Notice(
        topic=f"{UNREADABLE}{key}",
        text=f"{key} has no post yet, but a file can't be read; it might be the one:\n{broken}",
        remedy="Repair it or remove it. Each run looks again.",
    )


def about_posts(
    problems: Iterable[Problem], waiting: Sequence[Post], renamed: Sequence[Post] = ()
) -> tuple[Notice, ...]:
    """Return what the editor should know when an edition is made: files left out, posts too old to go by themselves,
    posts that were mailed under another id."""
    broken = [
        Notice(topic=f"post:{problem.path}:{problem.line}", text=str(problem))
        for problem in problems
        if problem.is_error
    ]
    old = [
        Notice(
            topic=f"old:{post.id}",
            text=f"{post.path} is too old to be mailed by itself.",
            remedy="To send it with the next edition, write `email: true` at its head.",
            awaits=False,
        )
        for post in waiting
    ]
    again = [
        Notice(
            topic=f"renamed:{post.id}",
            text=f"{post.path} was mailed before, under another id, and isn't mailed again.",
            remedy="To send it once more with the next edition, write `email: true` at its head.",
            awaits=False,
        )
        for post in renamed
    ]
    return (*broken, *old, *again)


def not_made(cadence: Cadence, error: BriefingfeedError) -> Notice:
    return Notice(
        topic=f"{NOT_MADE}{cadence}",
        text=f"What is due of “{cadence}” can't be made:\n  {error}",
        remedy="Each run tries again. What was made before goes on.",
    )


def rehearsed(key: str) -> Notice:
    return Notice(
        topic=f"rehearsal:{key}",
        text=f"{key}: this is a rehearsal, nobody is mailed. The messages are in the outbox.",
        remedy="To mail people, choose a provider: docs/operations.md.",
        awaits=False,
    )


def way_out(error: BriefingfeedError) -> Notice:
    return Notice(topic=WAY_OUT, text=str(error), awaits=False, quotes=True)


def waits_for_limit(full: Full, zone: ZoneInfo) -> Notice:
    return Notice(
        topic=LIMIT,
        text=f"Waits for the limit of {full.limit}: the next copies may go on "
        f"{full.until.astimezone(zone):%A at %H:%M}. Each run goes on where the last one stopped.",
        remedy="The limit is per_hour or per_day of the provider in briefingfeed.toml.",
        awaits=False,
    )


DAMAGED = (
    "its stored content is damaged, and nothing more of it goes out; restore the database from its backup, or cancel "
    "the edition"
)
"""Why an edition is held; ends without a full stop."""


def held(edition: Edition) -> Notice:
    return Notice(
        topic=f"{HELD}{edition.key}",
        text=f"{edition.key} is held: {edition.note or 'somebody asked for it'}.",
        remedy=f"{_said(edition)}briefingfeed editions release {edition.key}, "
        f"or: briefingfeed editions cancel {edition.key}",
    )


def _said(edition: Edition) -> str:
    """Point to the servers' words, if it was they who stopped it."""
    if "refused" not in edition.note:
        return ""
    refusals = f"deliveries list --edition {edition.key} --state deferred --state failed"
    return f"What the mail server said: briefingfeed {refusals}\n  "


def never_mailed(cadence: Cadence, count: int) -> Notice:
    who = "1 reader is to be mailed" if count == 1 else f"{count} readers are to be mailed"
    return Notice(
        topic=f"cadence:{cadence}",
        text=f"{who} “{cadence}”, but this publication doesn't have that any more: nothing ever reaches them.",
        remedy=f"Write below [newsletter]: {EXAMPLES[cadence]}; or for each of them: "
        "briefingfeed subscribers cadence ADDRESS weekly",
    )


def waits_for_provider(edition: Edition, waiting: int) -> Notice:
    return Notice(
        topic=f"provider:{edition.key}",
        text=f"{edition.key} is a real edition and {waiting} of its readers wait, but the provider is outbox: "
        "nobody is mailed.",
        remedy=f"Set the provider back, or: briefingfeed editions cancel {edition.key}",
    )


def unsettled(counts: Mapping[DeliveryState, int]) -> Notice | None:
    failed, unclear = counts.get(DeliveryState.FAILED, 0), counts.get(DeliveryState.UNCERTAIN, 0)
    parts = [f"{failed} refused for good"] * bool(failed) + [f"{unclear} unclear"] * bool(unclear)
    if not parts:
        return None
    remedy = "See them: briefingfeed deliveries list. Seen and accepted: briefingfeed deliveries acknowledge"
    if unclear:
        remedy += (
            "\n  An unclear one may have arrived; it is never sent again by itself:\n"
            "  briefingfeed deliveries resolve NUMBER --accepted, or --resend, or --give-up"
        )
    return Notice(topic=UNSETTLED, text=f"Deliveries that need a decision: {' and '.join(parts)}.", remedy=remedy)

"""What is said about a restored database: that it is one, what adopting it will do, and what it did."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from sqlalchemy import Connection

from briefingfeed.errors import RestoredError
from briefingfeed.services.keeping.restored import Adopted
from briefingfeed.services.telling.notices import Notice
from briefingfeed.storage import departures, guard
from briefingfeed.storage.instance import Doubt

RESTORED = "restored"
JOURNAL = "journal"

_WHY = {
    Doubt.COPY: "This database is a copy that `briefingfeed db backup` made.",
    Doubt.OLDER: "This database is older than the state folder.",
    Doubt.FOREIGN: "This database and this state folder don't belong together.",
    Doubt.MOVED: "This state folder was used on another machine before.",
    Doubt.UNKNOWN: "This database was used before, but no instance.json tells how far it came.",
}


def restored_notices(connection: Connection) -> list[Notice]:
    """Return what makes this database doubtful, and whether departures can't be written down."""
    notices = []
    try:
        guard.check(connection)
    except RestoredError as error:
        notices.append(Notice(topic=RESTORED, text=f"{error.where}: {error.message}", remedy=error.remedy))
    if waiting := departures.unwritten(connection):
        people = "1 departure stands" if waiting == 1 else f"{waiting} departures stand"
        notices.append(
            Notice(
                topic=JOURNAL,
                text=f"unsubscribed.jsonl cannot be written: {people} in the database only. They count, but a "
                "database restored from an older backup would not know of them.",
                remedy="See that the disk has room and the file may be written; the next run tries again.",
            )
        )
    return notices


def plan_in_words(plan: Adopted, *, resend: bool) -> str:
    """Say why adopting is needed and what it will do."""
    lines = [_WHY[plan.doubt] if plan.doubt else "", _gap(plan), "", "Adopting it means:"]
    lines += [f"- {line}" for line in (*_consequences(plan, resend=resend), *_departures(plan))]
    return "\n".join(lines).strip()


def outcome_in_words(done: Adopted) -> str:
    """Say what was done, and what is left to do."""
    lines = ["The database is adopted."]
    if done.unclear:
        lines.append(f"{_copies(done.unclear)} unclear: see them with `briefingfeed deliveries list`.")
    if done.replayed.came_back:
        lines.append(_came_back(done.replayed.came_back))
    return "\n".join(lines)


def _gap(plan: Adopted) -> str:
    if plan.since is None:
        return "It holds nothing yet."
    return f"It knows nothing later than {_moment(plan.since)}: not what was mailed since, not who subscribed."


def _consequences(plan: Adopted, *, resend: bool) -> Iterator[str]:
    if plan.unclear:
        yield f"{_copies(plan.unclear)} taken for unclear and not sent by themselves: somebody may have them."
    if resend:
        yield (
            "--resend: what waits is sent, and what is due is made. Whatever went out since then, people get a second "
            "time. Only if you know that nothing did."
        )
        return
    if plan.missed:
        yield f"{', '.join(plan.missed)}: taken for missed; not made again."
    yield (
        f"{_posts(plan.passed_over)} not mailed by themselves any more: they may have been. `email: true`, written "
        "into a post afterwards, sends it with the next edition."
    )


def _departures(plan: Adopted) -> Iterator[str]:
    if not plan.has_journal:
        when = f" after {_moment(plan.since)}" if plan.since else ""
        yield (
            f"there is no unsubscribed.jsonl, so whoever left{when} is not known, and gets mail again. If the old "
            "state folder still exists, bring that file from there first."
        )
        return
    replayed = plan.replayed
    parts = [
        f"{count} {what}"
        for count, what in (
            (replayed.left, "left"),
            (replayed.erased, "erased"),
            (replayed.suppressed, "suppressed"),
            (replayed.allowed, "allowed again"),
        )
        if count
    ]
    news = ", ".join(parts) if parts else "nobody whom the database doesn't know of"
    until = f"; its last entry is of {_moment(replayed.until)}" if replayed.until else ""
    yield f"unsubscribed.jsonl is taken in: {news}{until}."
    if replayed.came_back:
        yield _came_back(replayed.came_back)
    if replayed.unreadable:
        yield f"{replayed.unreadable} of its lines cannot be read and are passed over."


def _came_back(ids: list[str]) -> str:
    who = "1 person" if len(ids) == 1 else f"{len(ids)} people"
    return (
        f"{who} came back since, but the proof of their wish is lost; they stay unsubscribed until you say "
        f"`briefingfeed subscribers resubscribe ID --wish TEXT`: {', '.join(ids)}"
    )


def _copies(count: int) -> str:
    return "1 copy that waited is" if count == 1 else f"{count} copies that waited are"


def _posts(count: int) -> str:
    return "1 post is" if count == 1 else f"{count} posts are"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%d %B %Y, %H:%M} UTC"

"""Mails to `report_to`: one for each edition that is over, and at once when something awaits a decision.

A run *takes up* what is to be mailed, here, in the same transaction in which it remembers its news as told. The mails
go last (`report_mailing`), when readers have what is theirs, and by the same provider. While that is what is broken no
mail can say so: cron's own mail and the exit code do, and the mail follows once it works again.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from briefingfeed.errors import BriefingfeedError
from briefingfeed.models.delivery import DeliveryState
from briefingfeed.models.edition import Edition, EditionState
from briefingfeed.services.sending.send_context import SendContext
from briefingfeed.services.telling import report_queue
from briefingfeed.services.telling.notices import Notice, tell
from briefingfeed.services.telling.report_queue import Entry, Outage
from briefingfeed.services.telling.report_trouble import REPORTS
from briefingfeed.services.telling.words import ADVICE, UNSETTLED
from briefingfeed.storage import deliveries, editions, meta

QUIET_FOR = timedelta(hours=3)
"""Refusals of an edition that is still on its way wait so long for its report: it says them all in one mail."""
NOTEWORTHY = timedelta(hours=1)
"""A time without a way out that is shorter is no news: the next run made up for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a run has to tell."""

    began: datetime
    """When the run did."""
    events: tuple[Notice, ...] = ()
    """What has happened since the last run."""
    standing: tuple[Notice, ...] = ()
    """What stands open, whichever cadence is run."""
    own: tuple[Notice, ...] = ()
    """What stands open and only a run of this cadence sees."""
    elsewhere: Collection[str] = ()
    """Topics that runs of other cadences found standing."""
    error: BriefingfeedError | None = None
    """Why the way out couldn't be used."""
    tried: bool = False
    """Whether there was an edition to hand over."""


def take_up(connection: Connection, context: SendContext, cadence: str, found: Findings) -> None:
    """Queue what is to be mailed, in the transaction that remembers it as told."""
    now, marks = context.now(), Marks(context.rehearses)
    outage = _outage(connection, marks, found, now)
    over = _newly_over(connection, marks, found.began)
    people = len(context.settings.newsletter.report_to)
    standing = [each for each in (*found.standing, *found.own) if _goes_by_mail(each, people)]
    if _is_on_its_way(connection, context.rehearses, now):
        told = json.loads(meta.get_mark(connection, marks.told) or "{}")
        standing = [each for each in standing if each.topic != UNSETTLED or told.get(UNSETTLED) == str(each)]
    news = (
        *tell(connection, [each for each in standing if each not in found.own], memory=marks.told),
        *tell(connection, [each for each in standing if each in found.own], memory=f"{marks.told}:{cadence}"),
    )
    queue = report_queue.read(connection, marks.queue)
    if people:
        events = tuple(each for each in found.events if _goes_by_mail(each, people))
        elsewhere = [each for entry in queue for each in entry.matters if each.topic in found.elsewhere]
        fresh = _entries(now, over, events, tuple(standing) if over else news, outage)
        changed = _joined(report_queue.still_open(queue, [*standing, *elsewhere]), fresh)
    else:
        changed = ()
    if changed != queue:
        report_queue.write(connection, marks.queue, changed)


@dataclass(frozen=True, slots=True)
class Marks:
    """A rehearsal's mails reach nobody, so what they said is still to be said."""

    rehearses: bool

    @property
    def queue(self) -> str:
        return self._name("reports")

    @property
    def told(self) -> str:
        return self._name("told_by_mail")

    @property
    def over(self) -> str:
        return self._name("reported")

    @property
    def outage(self) -> str:
        return self._name("way_out_since")

    def _name(self, name: str) -> str:
        return f"rehearsal/{name}" if self.rehearses else name


def _goes_by_mail(notice: Notice, people: int) -> bool:
    """Whoever can't be mailed isn't mailed that; there must be somebody else."""
    if notice.topic.startswith(REPORTS):
        return notice.awaits and people > 1
    return notice.awaits or notice.topic.startswith(ADVICE)


def _is_on_its_way(connection: Connection, rehearses: bool, now: datetime) -> bool:
    """Whether an edition is going out whose report is soon to come."""
    return any(
        edition.rehearsal == rehearses and edition.frozen_at is not None and now - edition.frozen_at < QUIET_FOR
        for edition in editions.list_all(connection, (EditionState.FROZEN, EditionState.SENDING))
    )


def _newly_over(connection: Connection, marks: Marks, began: datetime) -> Sequence[str]:
    """Return the editions that are over and have no report yet, oldest first; remember them.

    Those that were over before the first run that looked for them are passed over.
    """
    known = meta.get_mark(connection, marks.over)
    reported = json.loads(known or "[]")
    found = [
        edition
        for edition in reversed(editions.list_all(connection, (EditionState.DONE, EditionState.CANCELLED)))
        if edition.rehearsal == marks.rehearses and edition.key not in reported and _is_over(connection, edition)
    ]
    if found or known is None:
        meta.set_mark(connection, marks.over, json.dumps([*reported, *(edition.key for edition in found)]))
    return [edition.key for edition in found if known is not None or (edition.frozen_at or began) >= began]


def _is_over(connection: Connection, edition: Edition) -> bool:
    """Whether no row of it waits any more, and it was begun: one that was cancelled before that is no news."""
    if edition.state not in (EditionState.DONE, EditionState.CANCELLED):
        return False
    states = {state for state, count in deliveries.counts(connection, edition.key).items() if count}
    return not any(state.waits for state in states) and not states <= {DeliveryState.SKIPPED}


def _outage(connection: Connection, marks: Marks, found: Findings, now: datetime) -> Outage | None:
    """Remember since when nothing can be handed over; return it once that is over, if it lasted."""
    kept = json.loads(meta.get_mark(connection, marks.outage) or "null")
    if found.error is not None:
        since = kept["since"] if kept else now.isoformat()
        meta.set_mark(connection, marks.outage, json.dumps({"since": since, "words": str(found.error)}))
    elif kept and found.tried:
        meta.set_mark(connection, marks.outage, "null")
        since = datetime.fromisoformat(kept["since"])
        if now - since >= NOTEWORTHY:
            return Outage(since=since, until=now, words=kept["words"])
    return None


def _entries(
    now: datetime, over: Sequence[str], events: tuple[Notice, ...], matters: tuple[Notice, ...], outage: Outage | None
) -> tuple[Entry, ...]:
    """Return a mail for each edition that is over; the last of them tells the rest, too. Without one, the rest is a
    mail of its own. Pure."""
    rest = Entry(
        id=over[-1] if over else f"{now:%Y-%m-%dT%H:%M:%S}",
        at=now,
        edition=over[-1] if over else None,
        events=events,
        matters=matters,
        outage=outage,
    )
    return (*(Entry(id=key, at=now, edition=key) for key in over[:-1]), *(() if rest.is_void else (rest,)))


def _joined(queue: Sequence[Entry], fresh: Sequence[Entry]) -> tuple[Entry, ...]:
    """Queue fresh entries. What waits although nobody has it yet, and isn't about an edition, takes up what is new:
    after an hour without a mail server one mail says it all. Pure."""
    if queue and fresh and not queue[-1].tries and queue[-1].edition is None and fresh[0].edition is None:
        last, first = queue[-1], fresh[0]
        merged = replace(
            last,
            events=(*last.events, *first.events),
            matters=(*last.matters, *(each for each in first.matters if each not in last.matters)),
            outage=first.outage or last.outage,
        )
        return (*queue[:-1], merged, *fresh[1:])
    return (*queue, *fresh)

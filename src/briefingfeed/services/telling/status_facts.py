"""The lines of `status`: one function per matter, each with words for people and data for `--json`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from briefingfeed.days import time_in_words
from briefingfeed.delivery.pace import Full
from briefingfeed.delivery.plan import edition_key
from briefingfeed.models.edition import Cadence, Edition, EditionState
from briefingfeed.models.settings import Settings
from briefingfeed.models.subscriber import SubscriberState
from briefingfeed.newsletter.schedule import set_up, upcoming_slot
from briefingfeed.services.sending.batch_words import first_batch
from briefingfeed.services.sending.editions import EditionView
from briefingfeed.services.telling import report_queue, run_log
from briefingfeed.services.telling.figures import counts_in_words
from briefingfeed.services.telling.heartbeat import heartbeat_trouble
from briefingfeed.services.telling.reporting import Marks
from briefingfeed.services.telling.run_log import Run
from briefingfeed.storage import audience, deliveries, meta
from briefingfeed.storage.snapshot import BACKED_UP_AT

_ENDS = {0: "all is well", 1: "something awaits you", 75: "to be tried again", 78: "the settings need you"}
_NEXT = {Cadence.WEEKLY: "Next edition", Cadence.DAILY: "Next daily", Cadence.MONTHLY: "Next monthly"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What the facts are drawn from."""

    connection: Connection
    settings: Settings
    now: datetime
    provider: str
    rehearses: bool
    views: tuple[EditionView, ...]
    """Every edition, newest first."""
    last: EditionView | None
    full: Full | None
    """The provider's limit that is reached."""
    people: Mapping[SubscriberState, int]

    @property
    def zone(self) -> ZoneInfo:
        return self.settings.publication.timezone


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One line. Those of one `label` belong together."""

    label: str
    words: str = ""
    """Empty: there is nothing to read, only data."""
    data: Mapping[str, object] = field(default_factory=dict)
    """Put into the document of `--json` as it is."""


def survey_facts(survey: Survey) -> tuple[Fact, ...]:
    """Return all lines in the order in which people read them."""
    return tuple(fact for matter in _MATTERS for fact in matter(survey))


def next_editions(survey: Survey) -> Iterator[Fact]:
    slots = {
        cadence: upcoming_slot(survey.settings, cadence, survey.now).at
        for cadence in set_up(survey.settings)
        if cadence in _NEXT
    }
    data = {"next_slots": {str(cadence): at.isoformat() for cadence, at in slots.items()}}
    known = {view.edition.key: view.edition for view in survey.views}
    for cadence, at in slots.items():
        slot = upcoming_slot(survey.settings, cadence, survey.now)
        planned = known.get(edition_key(slot, rehearsal=survey.rehearses))
        yield Fact(label=_NEXT[cadence], words=f"{moment(at, survey.zone)}{_planned(planned, survey.zone)}", data=data)


def _planned(edition: Edition | None, zone: ZoneInfo) -> str:
    """Say what is known already of an edition that is still to come."""
    if edition is None:
        return ""
    if edition.state in (EditionState.HELD, EditionState.CANCELLED):
        return f", but {edition.key} is {edition.state}"
    return f" (proof sent at {edition.proof_sent_at.astimezone(zone):%H:%M})" if edition.proof_sent_at else ""


def provider(survey: Survey) -> Iterator[Fact]:
    rehearses = " (rehearses: nobody is mailed)" if survey.rehearses else ""
    yield Fact(label="Provider", words=f"{survey.provider}{rehearses}")


def readers(survey: Survey) -> Iterator[Fact]:
    counts = [f"{survey.people[state]} {state}" for state in SubscriberState if survey.people.get(state)]
    confirmed = survey.people.get(SubscriberState.CONFIRMED, 0)
    if never := confirmed - sum(audience.count_by_cadence(survey.connection).values()):
        counts.append(f"{never} of the confirmed never mailed: `briefingfeed subscribers list` says why")
    yield Fact(label="Subscribers", words=", ".join(counts) or "nobody yet")


def last_edition(survey: Survey) -> Iterator[Fact]:
    if survey.last is not None:
        ended = ", cancelled" * (survey.last.edition.state is EditionState.CANCELLED)
        words = f"{survey.last.edition.key}{ended}: {counts_in_words(survey.last.counts)}"
        yield Fact(label="Last edition", words=words)


def waiting(survey: Survey) -> Iterator[Fact]:
    """What is on its way, and until when it waits. What is held stands among the decisions."""
    for view in survey.views:
        edition = view.edition
        if edition.state not in (EditionState.FROZEN, EditionState.SENDING) or not view.wait:
            continue
        due = deliveries.next_due(survey.connection, edition.key)
        if due is not None and survey.full is not None and edition.rehearsal == survey.rehearses:
            due = max(due, survey.full.until)
        if due is not None and due > survey.now:
            when = f"the next from {moment(due, survey.zone)}"
        else:
            when = "with the next run"
        end = f"; given up on {moment(edition.expires_at, survey.zone)}" if edition.expires_at else ""
        readers = "1 reader waits" if view.wait == 1 else f"{view.wait} readers wait"
        yield Fact(label="On its way", words=f"{edition.key}: {readers}, {when}{end}")


def first_batches(survey: Survey) -> Iterator[Fact]:
    for view in survey.views:
        if view.edition.state in (EditionState.FROZEN, EditionState.SENDING, EditionState.HELD):
            words = first_batch(view.edition, view.batches, survey.now, survey.zone)
            if words is not None:
                yield Fact(label="First batch", words=f"{view.edition.key}: {words.removeprefix('First batch: ')}")


def last_runs(survey: Survey) -> Iterator[Fact]:
    """The last run of each cadence, and the last one that began without an end."""
    found = []
    for cadence in set_up(survey.settings):
        runs = run_log.read(survey.connection, cadence)
        if runs:
            found.append(runs[-1])
    data = {"last_runs": [run.as_dict() for run in found]}
    for run in found:
        yield Fact(label="Last run", words=_run_in_words(run, survey.zone, many=len(found) > 1), data=data)
    if not found:
        yield Fact(label="Last run", words="none yet", data=data)


def last_backup(survey: Survey) -> Iterator[Fact]:
    mark = meta.get_mark(survey.connection, BACKED_UP_AT)
    words = moment(datetime.fromisoformat(mark), survey.zone) if mark else "none yet by `briefingfeed db backup`"
    is_worth_one = any(survey.people.values())
    yield Fact(label="Last backup", words=words if mark or is_worth_one else "", data={"last_backup": mark})


def reports(survey: Survey) -> Iterator[Fact]:
    queued = len(report_queue.read(survey.connection, Marks(survey.rehearses).queue))
    words = "1 report waits to be mailed" if queued == 1 else f"{queued} reports wait to be mailed"
    yield Fact(label="Reports", words=words if queued else "", data={"reports_waiting": queued})


def watcher(survey: Survey) -> Iterator[Fact]:
    trouble = heartbeat_trouble(survey.connection) if survey.settings.newsletter.heartbeat_url else None
    if trouble is None:
        yield Fact(label="Heartbeat", data={"heartbeat_trouble": None})
    else:
        since, words = trouble
        data = {"heartbeat_trouble": {"since": since.isoformat(), "words": words}}
        yield Fact(label="Heartbeat", words=f"fails since {moment(since, survey.zone)}: {words}", data=data)


_MATTERS: tuple[Callable[[Survey], Iterator[Fact]], ...] = (
    next_editions,
    provider,
    readers,
    last_edition,
    waiting,
    first_batches,
    last_runs,
    last_backup,
    reports,
    watcher,
)


def moment(at: datetime, zone: ZoneInfo) -> str:
    """Write an instant with its weekday and zone: `Monday 23 November 2026, 08:00 GMT`."""
    local = at.astimezone(zone)
    return f"{local:%A} {time_in_words(at, zone)} {local:%Z}"


def _run_in_words(run: Run, zone: ZoneInfo, *, many: bool) -> str:
    which = f"send-{run.cadence}, " * many
    if run.ended_at is None:
        end = "did not come to its end, or is at work"
    elif run.busy:
        end = "left it to another run that was at work"
    else:
        end = f"{_ENDS.get(run.exit_code or 0, 'it was stopped')} ({run.exit_code})"
    return f"{which}{moment(run.started_at, zone)}: {end}"

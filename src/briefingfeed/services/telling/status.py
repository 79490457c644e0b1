"""`status`: where things stand, and what there is to do."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from briefingfeed.delivery.pace import Pace
from briefingfeed.delivery.plan import edition_key
from briefingfeed.models.edition import Cadence, Edition, EditionState
from briefingfeed.models.settings import Settings
from briefingfeed.models.subscriber import SubscriberState
from briefingfeed.newsletter.schedule import latest_slot, set_up, upcoming_slot
from briefingfeed.providers.base import NO_LIMITS, Limits
from briefingfeed.services.sending.editions import EditionView, list_editions
from briefingfeed.services.telling.cron_words import clock_notices, stopped_notices
from briefingfeed.services.telling.notices import Notice, told_about, told_before
from briefingfeed.services.telling.self_watch import upkeep_notices
from briefingfeed.services.telling.standing import standing_notices
from briefingfeed.services.telling.status_facts import Fact, Survey, survey_facts
from briefingfeed.services.telling.words import (
    CLOCK,
    NOT_MADE,
    SILENCE,
    UNREADABLE,
    WAY_OUT,
    blocked_before,
    waits_for_limit,
)
from briefingfeed.storage import editions, subscribers
from briefingfeed.storage.database import Database

_KEEPS_FROM_FREEZING = (SILENCE, CLOCK, UNREADABLE, NOT_MADE)
"""What stands in no table, because no edition was made: the last run has seen it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    provider: str
    rehearses: bool
    next_slot: datetime
    subscribers: Mapping[SubscriberState, int]
    last: EditionView | None
    """The newest edition that was frozen, whatever became of it."""
    unfinished: tuple[EditionView, ...]
    todo: tuple[Notice, ...]
    """What awaits the operator, each with the command that settles it."""
    facts: tuple[Fact, ...] = ()
    """All of it line by line, for people."""

    @property
    def exit_code(self) -> int:
        return 1 if any(notice.awaits for notice in self.todo) else 0

    def as_dict(self) -> dict[str, object]:
        return {
            "provider": self.provider,
            "rehearsal": self.rehearses,
            "next_slot": self.next_slot.isoformat(),
            "subscribers": {state.value: count for state, count in self.subscribers.items()},
            "last_edition": self.last.as_dict() if self.last else None,
            "unfinished": [view.as_dict() for view in self.unfinished],
            **{name: value for fact in self.facts for name, value in fact.data.items()},
            "todo": [notice.as_dict() for notice in self.todo],
        }


def read_status(
    database: Database,
    settings: Settings,
    now: datetime,
    *,
    provider: str,
    rehearses: bool,
    limits: Limits = NO_LIMITS,
) -> Status:
    """Return where things stand at `now`. Reads only the database: no post, no network."""
    views = list_editions(database)
    with database.read() as connection:
        people = subscribers.count_by_state(connection)
        slots = (latest_slot(settings, each, now) for each in set_up(settings) if each is not Cadence.POSTS)
        current = {edition_key(slot, rehearsal=rehearses) for slot in slots}
        todo = (
            *standing_notices(connection, rehearses=rehearses),
            *upkeep_notices(connection, settings, now),
            *clock_notices(connection, settings, now),
            *stopped_notices(connection, settings, now),
            *_blocked(connection, current, rehearses=rehearses),
            *(
                Notice(topic=topic, text=words)
                for topic, words in told_before(connection, *_KEEPS_FROM_FREEZING).items()
            ),
        )
        trouble = told_about(connection, WAY_OUT)
        last = next((view for view in views if _is_mail(view.edition)), None)
        full = Pace(provider=provider, limits=limits).full(connection, now)
        survey = Survey(
            connection=connection,
            settings=settings,
            now=now,
            provider=provider,
            rehearses=rehearses,
            views=views,
            last=last,
            full=full,
            people=people,
        )
        facts = survey_facts(survey)
    unfinished = tuple(view for view in views if view.edition.state in (EditionState.FROZEN, EditionState.SENDING))
    if unfinished and trouble:
        todo += (Notice(topic=WAY_OUT, text=f"The last run could not go on.\n  {trouble}", awaits=False),)
    if unfinished and full:
        todo += (waits_for_limit(full, settings.publication.timezone),)
    return Status(
        provider=provider,
        rehearses=rehearses,
        next_slot=upcoming_slot(settings, Cadence.WEEKLY, now).at,
        subscribers=people,
        last=last,
        unfinished=unfinished,
        todo=(*todo, *_beginnings(people, rehearses=rehearses)),
        facts=facts,
    )


def _is_mail(edition: Edition) -> bool:
    # What was cancelled and then asked for again goes under another key.
    return edition.is_made and edition.state is not EditionState.MISSED


def _blocked(connection: Connection, current: Collection[str], *, rehearses: bool) -> tuple[Notice, ...]:
    """Return what stops an edition that the next run tries again, or finds missed. A rehearsal misses nothing."""
    found = [edition for edition in editions.list_all(connection) if edition.state is EditionState.BLOCKED]
    return tuple(
        blocked_before(each)
        for each in found
        if each.rehearsal == rehearses and (each.key in current or not each.rehearsal)
    )


def _beginnings(people: Mapping[SubscriberState, int], *, rehearses: bool) -> tuple[Notice, ...]:
    """Return what a new publication still lacks. Nobody is waiting for it, so it doesn't count as a failure."""
    lacks = []
    if not people.get(SubscriberState.CONFIRMED):
        lacks.append(
            Notice(
                topic="subscribers",
                text="There is no confirmed subscriber.",
                remedy="briefingfeed subscribers add, or: briefingfeed subscribers import",
                awaits=False,
            )
        )
    if rehearses:
        lacks.append(
            Notice(
                topic="rehearsing",
                text="The provider is outbox: editions are rehearsed, nobody is mailed.",
                remedy="To mail people, set [newsletter] provider: docs/operations.md",
                awaits=False,
            )
        )
    return tuple(lacks)

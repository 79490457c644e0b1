"""What is said when runs don't come when they are needed, with the line for crontab."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from briefingfeed.days import time_in_words
from briefingfeed.models.edition import Cadence, Slot
from briefingfeed.models.settings import Settings
from briefingfeed.newsletter.schedule import latest_slot, set_up, upcoming_slot
from briefingfeed.services.telling import run_log
from briefingfeed.services.telling.cron_watch import Gap, ahead, came_late, never_came, stopped, will_be_late
from briefingfeed.services.telling.notices import Notice
from briefingfeed.services.telling.words import ADVICE
from briefingfeed.storage import editions

CRON = f"{ADVICE}cron:"
"""Begins the topic, before a cadence."""
_CLOCKS = "cron goes by the clock of the machine, which may show another zone or know no summer time."


def cron_notices(connection: Connection, settings: Settings, now: datetime) -> tuple[Notice, ...]:
    """Return what is wrong with the times of runs, as far as can be seen at `now`."""
    found = (_of_cadence(connection, settings, cadence, now) for cadence in _with_slots(settings))
    return tuple(notice for notice in found if notice is not None)


def stopped_notices(connection: Connection, settings: Settings, now: datetime) -> tuple[Notice, ...]:
    """Return for which cadences no run comes any more: only somebody who asks can be told."""
    found = []
    for cadence in set_up(settings):
        last = stopped(run_log.read(connection, cadence), now)
        if last is not None:
            words = f"send-{cadence} has not run since {time_in_words(last, settings.publication.timezone)}."
            found.append(_advice(settings, cadence, words))
    return tuple(found)


def clock_notices(connection: Connection, settings: Settings, now: datetime) -> tuple[Notice, ...]:
    """Return that the clock was set back, if a run began at an instant that is yet to come."""
    found = (ahead(run_log.read(connection, cadence), now) for cadence in set_up(settings))
    newest = max((began for began in found if began is not None), default=None)
    if newest is None:
        return ()
    zone = settings.publication.timezone
    return (
        Notice(
            topic=f"{ADVICE}clock",
            text=f"The clock of this machine seems to have jumped back: by it, the last run began on "
            f"{time_in_words(newest, zone)}, and now it is {time_in_words(now, zone)}.",
            remedy="See that the clock is right: date. Nobody is mailed twice because of it; who waits, waits no "
            "longer than they were to.",
            awaits=False,
        ),
    )


def why_missed(connection: Connection, settings: Settings, slot: Slot, now: datetime) -> str:
    """Say that no run came for a slot, if none did; else nothing is known."""
    gap = never_came(slot.at, run_log.read(connection, slot.cadence), now)
    return between(gap, slot.cadence, settings.publication.timezone) if gap else ""


def between(gap: Gap, cadence: Cadence, zone: ZoneInfo) -> str:
    """Say that no run came: or none that got as far as looking, which is all that can be known."""
    times = f"{time_in_words(gap.before, zone)}, and {time_in_words(gap.after, zone)}"
    return f"send-{cadence} did not run, or could not begin, between {times}."


def span_in_words(span: timedelta) -> str:
    """Write a span roughly: `23 hours`, `6 days and 23 hours`, `45 minutes`."""
    hours, minutes = divmod(round(span.total_seconds() / 60), 60)
    if hours < 2:
        return f"{hours * 60 + minutes} minutes" if hours * 60 + minutes != 60 else "an hour"
    hours += minutes >= 30
    days, rest = divmod(hours, 24)
    if days < 2:
        return f"{hours} hours"
    return f"{days} days" + (f" and {rest} hours" if rest > 1 else "")


def _with_slots(settings: Settings) -> tuple[Cadence, ...]:
    return tuple(cadence for cadence in set_up(settings) if cadence is not Cadence.POSTS)


def _of_cadence(connection: Connection, settings: Settings, cadence: Cadence, now: datetime) -> Notice | None:
    runs = run_log.read(connection, cadence)
    gap = will_be_late(upcoming_slot(settings, cadence, now).at, runs, now)
    if gap is not None:
        lead, lag = (span_in_words(span) for span in (gap.slot_at - gap.before, gap.after - gap.slot_at))
        words = f"send-{cadence} ran {lead} before the next slot, and by its habit runs again {lag} after it."
        return _advice(settings, cadence, f"{words} {_CLOCKS}")
    slot = latest_slot(settings, cadence, now)
    edition = editions.get(connection, slot.key)
    if edition is None or edition.frozen_at is None:
        return None
    gap = came_late(slot.at, edition.frozen_at, runs)
    if gap is None:
        return None
    late = f"{edition.key} began {span_in_words(edition.frozen_at - slot.at)} late:"
    return _advice(settings, cadence, f"{late} {between(gap, cadence, settings.publication.timezone)}")


def _advice(settings: Settings, cadence: Cadence, words: str) -> Notice:
    return Notice(
        topic=f"{CRON}{cadence}",
        text=words,
        remedy=f"Let cron run it every quarter of an hour, whatever the hour: {cron_line(settings, cadence)}",
        awaits=False,
    )


def cron_line(settings: Settings, cadence: Cadence) -> str:
    """Return the line for crontab."""
    return f"*/15 * * * *  briefingfeed --config {settings.file} send-{cadence}"

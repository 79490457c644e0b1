"""What a publication notices about its own upkeep: reports that don't get through, a watcher out of reach, cron, and
readers whom no edition reaches."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from briefingfeed.models.settings import Settings
from briefingfeed.newsletter.schedule import set_up
from briefingfeed.services.telling.cron_words import cron_notices
from briefingfeed.services.telling.heartbeat import heartbeat_notices
from briefingfeed.services.telling.notices import Notice
from briefingfeed.services.telling.report_queue import person
from briefingfeed.services.telling.report_trouble import trouble_notices
from briefingfeed.services.telling.words import never_mailed
from briefingfeed.storage import audience


def upkeep_notices(connection: Connection, settings: Settings, now: datetime) -> tuple[Notice, ...]:
    """Return all that stands open about it."""
    people = [person(mailbox) for mailbox in settings.newsletter.report_to]
    heartbeat = heartbeat_notices(connection, now) if settings.newsletter.heartbeat_url else ()
    return (
        *trouble_notices(connection, people, now),
        *heartbeat,
        *cron_notices(connection, settings, now),
        *_never_mailed(connection, settings),
    )


def _never_mailed(connection: Connection, settings: Settings) -> tuple[Notice, ...]:
    """Return which readers no edition will ever reach: those of a cadence that was taken out of the settings."""
    found = audience.count_by_cadence(connection)
    return tuple(never_mailed(cadence, count) for cadence, count in found.items() if cadence not in set_up(settings))

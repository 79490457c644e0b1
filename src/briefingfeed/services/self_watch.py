"""What a publication notices about its own upkeep: reports that don't get through, a watcher out of reach, cron."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from briefingfeed.models.settings import Settings
from briefingfeed.services.cron_words import cron_notices
from briefingfeed.services.heartbeat import heartbeat_notices
from briefingfeed.services.notices import Notice
from briefingfeed.services.report_queue import person
from briefingfeed.services.report_trouble import trouble_notices


def upkeep_notices(connection: Connection, settings: Settings, now: datetime) -> tuple[Notice, ...]:
    """Return all that stands open about it."""
    people = [person(mailbox) for mailbox in settings.newsletter.report_to]
    heartbeat = heartbeat_notices(connection, now) if settings.newsletter.heartbeat_url else ()
    return (
        *trouble_notices(connection, people, now),
        *heartbeat,
        *cron_notices(connection, settings, now),
    )

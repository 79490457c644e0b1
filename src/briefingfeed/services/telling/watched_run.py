"""A run as those who keep the machine see it: noted with its time and end, and told to the watcher if all is well."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import Connection

from briefingfeed.errors import BriefingfeedError
from briefingfeed.hosts import is_loopback
from briefingfeed.models.edition import Cadence
from briefingfeed.services.sending.send_context import SendContext
from briefingfeed.services.sending.send_report import SendReport
from briefingfeed.services.telling import heartbeat, run_log
from briefingfeed.services.telling.run_log import Run

LONGEST_RUN = timedelta(hours=6)
"""While another run has been at work for longer, ours is no sign that all is well."""


def watched_run(
    context: SendContext, cadence: Cadence, send: Callable[[], SendReport], *, by_hand: bool = False
) -> SendReport:
    """Do `send` and note how it went; return its report. `by_hand`: somebody sits at a terminal.

    Raises what `send` raises. The watcher at `heartbeat_url` is asked after a run that ended with 0, or with a 1 whose
    reason was told before; that it can't be asked changes nothing but `heartbeat_trouble` in the report.
    """
    with context.database.write() as connection:
        run = run_log.begin(connection, cadence, context.now(), by_hand=by_hand)
    try:
        report = send()
    except BriefingfeedError as error:
        _end(context, run, error.exit_code)
        raise
    _end(context, run, report.exit_code, busy=report.busy)
    return _beat(context, run, report)


def is_well(report: SendReport) -> bool:
    """Whether a run ended with 0, or with a 1 whose reason was told before. Pure."""
    return report.exit_code == 0 or (report.exit_code == 1 and not any(notice.awaits for notice in report.news))


def is_stuck(run: Run, others: tuple[Run, ...], now: datetime) -> bool:
    """Whether the run that kept `run` from its work has been at it for too long. Pure."""
    at_work = [each.started_at for each in others if each.ended_at is None and each.id != run.id]
    return bool(at_work) and now - max(at_work) > LONGEST_RUN


def _end(context: SendContext, run: Run, exit_code: int, *, busy: bool = False) -> None:
    with suppress(BriefingfeedError), context.database.write() as connection:
        run_log.end(connection, run, context.now(), exit_code, busy=busy)


def _beat(context: SendContext, run: Run, report: SendReport) -> SendReport:
    url = context.settings.newsletter.heartbeat_url
    if url is None or not is_well(report):
        return report
    if report.busy:
        with context.database.read() as connection:
            if is_stuck(run, _all(connection), context.now()):
                return report
    host = urlsplit(context.settings.public_url).hostname or ""
    trouble = heartbeat.beat(url, allow_loopback=is_loopback(host))
    with suppress(BriefingfeedError):
        _remember(context, trouble, context.now())
    return replace(report, heartbeat_trouble=trouble)


def _all(connection: Connection) -> tuple[Run, ...]:
    return tuple(run for cadence in Cadence for run in run_log.read(connection, cadence))


def _remember(context: SendContext, trouble: str | None, now: datetime) -> None:
    with context.database.read() as connection:
        before = heartbeat.heartbeat_trouble(connection)
    if trouble is not None or before is not None:
        with context.database.write() as connection:
            heartbeat.remember(connection, trouble, now)

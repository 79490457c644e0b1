"""`send-weekly` and its siblings: bring the editions to where they should be by now. Any number of runs, at any time.

Under the lock: repair what a dead run left, freeze the edition whose slot is due, hand over what is due, say what is
news. Each step is committed before the next begins, so a run killed anywhere is carried on by the next one.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from briefingfeed.delivery.contents import Contents
from briefingfeed.delivery.copies import Copies
from briefingfeed.delivery.failpoints import AFTER_FREEZE, AFTER_RELEASE, BEFORE_DONE, BEFORE_RELEASE
from briefingfeed.delivery.run import RunResult, RunSetup, run_edition
from briefingfeed.errors import BriefingfeedError, RestoredError, StorageError
from briefingfeed.models.delivery import DeliveryState
from briefingfeed.models.edition import Cadence, Edition, EditionState
from briefingfeed.newsletter.schedule import require, set_up, upcoming_slot
from briefingfeed.services.readers.mailbox import MOST_BEFORE_SENDING, read_mailbox
from briefingfeed.services.sending.batch_words import first_batch
from briefingfeed.services.sending.due import freeze_due, look_ahead
from briefingfeed.services.sending.editions import subject_of
from briefingfeed.services.sending.freezing import LIFETIME, Frozen
from briefingfeed.services.sending.proofs import send_proofs
from briefingfeed.services.sending.send_context import SendContext, check_as_of, check_identity
from briefingfeed.services.sending.send_report import EditionReport, SendReport
from briefingfeed.services.sending.turns import turn
from briefingfeed.services.telling.notices import note, take_noted, tell_all, told_elsewhere
from briefingfeed.services.telling.report_mailing import send_reports
from briefingfeed.services.telling.reporting import Findings, take_up
from briefingfeed.services.telling.self_watch import upkeep_notices
from briefingfeed.services.telling.standing import standing_notices
from briefingfeed.services.telling.words import (
    DAMAGED,
    called_off,
    expired,
    left_over,
    not_made,
    waits_for_limit,
    way_out,
)
from briefingfeed.storage import batches, deliveries, editions, set_back
from briefingfeed.storage.events import settle_heard_of
from briefingfeed.storage.renditions import ContentError
from briefingfeed.storage.replay import catch_up

LOCK_WAIT = timedelta(minutes=30)
PATIENCE = timedelta(minutes=15)
UNFINISHED = frozenset({EditionState.FROZEN, EditionState.SENDING})
_TO_REPAIR = UNFINISHED | {EditionState.HELD, EditionState.PLANNED, EditionState.CANCELLED}

Progress = Callable[[str, int, int], None]
"""Called with an edition's key, the rows settled in this run, and the rows that waited when it began."""


def send_edition(
    context: SendContext,
    cadence: Cadence,
    *,
    at_once: bool = False,
    force: bool = False,
    as_of: bool = False,
    lock_wait: timedelta = LOCK_WAIT,
    patience: timedelta = PATIENCE,
    progress: Progress = lambda _key, _settled, _of: None,
) -> SendReport:
    """Do what is due for a cadence, go on with whatever is unfinished of any, and report it.

    `at_once`: the first edition is that of the latest slot. `force`: after a long silence too. `as_of`: the operator
    set the clock. Raises ConfigurationError or UsageError before anything is done, LockedError if another run kept a
    due slot waiting, StorageError if the database failed. A way out that can't be used stands in the report, and so
    does what keeps an edition from being made.
    """
    require(context.settings, cadence)
    check_identity(context)
    if as_of:
        check_as_of(context)

    def has_due_slot() -> bool:
        return look_ahead(context, cadence, at_once=at_once, force=force).due is not None

    with turn(context.database.lock_file, lock_wait, has_due_slot) as is_ours:
        if not is_ours:
            return replace(_blank_report(context, cadence), busy=True)
        run = _Run(context, cadence, patience, progress)
        run.repair()
        if context.mailbox is not None and not context.rehearses:
            read_mailbox(context.mailbox, most=MOST_BEFORE_SENDING)
        frozen, trouble = _freeze(context, cadence, at_once=at_once, force=force)
        if any(edition.state in UNFINISHED for edition in frozen.editions):
            context.failpoint(AFTER_FREEZE)
        frozen = replace(frozen, standing=(*frozen.standing, *send_proofs(context, cadence)))
        result = run.hand_over()
        report = run.report(frozen, result, trouble)
        if result.error is None and result.stopped_by is None:
            send_reports(context)
        context.failpoint(BEFORE_RELEASE)
    context.failpoint(AFTER_RELEASE)
    return report


def _freeze(
    context: SendContext, cadence: Cadence, *, at_once: bool, force: bool
) -> tuple[Frozen, BriefingfeedError | None]:
    """Make what is due. If it can't be made, what was made before goes on all the same: its readers wait."""
    try:
        return freeze_due(context, cadence, at_once=at_once, force=force), None
    except (StorageError, RestoredError):
        raise
    except BriefingfeedError as error:
        return Frozen(standing=(not_made(cadence, error),)), error


class _Run:
    """One run under the lock."""

    def __init__(self, context: SendContext, cadence: Cadence, patience: timedelta, progress: Progress) -> None:
        self._context = context
        self._cadence = cadence
        self._patience = patience
        self._progress = progress
        self._id = secrets.token_hex(8)
        self._began = context.now()
        self._touched: list[str] = []

    def repair(self) -> None:
        """Settle what earlier runs left: rows of dead runs, a rehearsal's rows before real mail, rows too old."""
        context, now = self._context, self._context.now()
        with context.database.write() as connection:
            catch_up(connection, now)
            # A rehearsal says nothing about the way out of real mail.
            provider = None if context.rehearses else context.provider.name
            deliveries.recover(connection, self._id, now, place=context.place, provider=provider)
            settle_heard_of(connection, now)
            set_back.begin_anew(connection, now, LIFETIME, rehearsal=context.rehearses)
            for edition in editions.list_all(connection, _TO_REPAIR):
                if edition.rehearsal and not context.rehearses and not _is_over(edition):
                    deliveries.cancel(connection, edition.key, now)
                    editions.set_state(
                        connection, edition.key, EditionState.CANCELLED, now, "real editions began meanwhile"
                    )
                elif edition.state is EditionState.CANCELLED:
                    _call_off(connection, edition, now)
                elif edition.state is EditionState.PLANNED and self._is_left_over(edition, now):
                    editions.set_state(
                        connection, edition.key, EditionState.CANCELLED, now, "its cadence isn't set up any more"
                    )
                    if not edition.rehearsal:
                        note(connection, left_over(edition.key, edition.cadence))
                elif edition.state in UNFINISHED and edition.rehearsal == context.rehearses:
                    # Real rows wait for a real provider, and for the real clock: a rehearsal may have set another.
                    _expire(connection, edition, now)

    def _is_left_over(self, edition: Edition, now: datetime) -> bool:
        """Whether its hour has come, and nobody will ever make it. Before, its cadence may yet be set up again."""
        is_ours = edition.rehearsal == self._context.rehearses
        return is_ours and edition.slot_at <= now and edition.cadence not in set_up(self._context.settings)

    def hand_over(self) -> RunResult:
        """Send every unfinished edition of this kind, oldest first, until one can't go on."""
        result = RunResult()
        unfinished = self._unfinished()
        for edition in unfinished:
            self._touched.append(edition.key)
            # Nobody's first copy waits for somebody else's second try: only the newest edition is stayed for.
            result = self._send(edition, self._patience if edition is unfinished[-1] else timedelta(0))
            if result.error is not None or result.stopped_by is not None or result.waits is not None:
                break
        return result

    def _unfinished(self) -> Sequence[Edition]:
        with self._context.database.read() as connection:
            found = [
                edition
                for edition in editions.list_all(connection, UNFINISHED)
                if edition.rehearsal == self._context.rehearses
            ]
        return sorted(found, key=lambda edition: edition.slot_at)

    def _send(self, edition: Edition, patience: timedelta) -> RunResult:
        context, key = self._context, edition.key
        with context.database.write() as connection:
            if editions.state(connection, key, for_update=True) not in UNFINISHED:  # somebody was quicker
                return RunResult()
            editions.set_state(connection, key, EditionState.SENDING, context.now())
            waiting = _waiting(connection, key)
        result = self._run(edition, waiting, patience) if waiting else RunResult()
        context.failpoint(BEFORE_DONE)
        with context.database.write() as connection:
            state = editions.state(connection, key, for_update=True)
            if state is EditionState.CANCELLED:
                _call_off(connection, edition, context.now())
            elif state is EditionState.SENDING and not deliveries.waits(connection, key):
                editions.set_state(connection, key, EditionState.DONE, context.now())
        return result

    def _run(self, edition: Edition, waiting: int, patience: timedelta) -> RunResult:
        context, key = self._context, edition.key
        try:
            contents = Contents(context.database, key)
        except ContentError:  # the others can go all the same
            with context.database.write() as connection:
                if editions.state(connection, key, for_update=True) is EditionState.SENDING:
                    editions.set_state(connection, key, EditionState.HELD, context.now(), DAMAGED)
            return RunResult()
        copies = Copies(edition, contents, context.keyring, context.sealing(edition.frozen_at or context.now()))
        setup = RunSetup(
            database=context.database,
            provider=context.provider,
            run_id=self._id,
            place=context.place,
            now=context.now,
            patience=patience,
            first_batch_pause=context.settings.newsletter.first_batch_pause,
            progress=lambda settled: self._progress(key, settled, waiting),
            failpoint=context.failpoint,
        )
        return asyncio.run(run_edition(key, copies, setup))

    def report(self, frozen: Frozen, result: RunResult, trouble: BriefingfeedError | None) -> SendReport:
        context = self._context
        with context.database.write() as connection:
            everywhere = (
                *standing_notices(connection, rehearses=context.rehearses),
                *upkeep_notices(connection, context.settings, context.now()),
                *((way_out(result.error),) if result.error is not None else ()),
            )
            # No news: an edition may wait for its limit a hundred times, and cron mails every word.
            waits = (waits_for_limit(result.waits, context.settings.publication.timezone),) if result.waits else ()
            standing = (*everywhere, *frozen.standing, *waits)
            events = take_noted(connection)
            news = (*events, *tell_all(connection, self._cadence, everywhere, frozen.standing))
            found = Findings(
                began=self._began,
                events=events,
                standing=everywhere,
                own=frozen.standing,
                elsewhere=told_elsewhere(connection, self._cadence),
                error=result.error,
                tried=bool(self._touched),
            )
            take_up(connection, context, self._cadence, found)
            keys = dict.fromkeys([*(edition.key for edition in frozen.editions), *self._touched])
            reports = tuple(_edition_report(context, connection, key, frozen) for key in keys)
            proofs = tuple(
                edition.key
                for edition in editions.list_all(connection, [EditionState.PLANNED, EditionState.HELD])
                if edition.proof_sent_at is not None and edition.proof_sent_at >= self._began
            )
        return replace(
            _blank_report(context, self._cadence),
            editions=reports,
            proofs=proofs,
            news=news,
            standing=standing,
            warnings=frozen.warnings,
            error=result.error or trouble,
            stopped_by=result.stopped_by,
        )


def _expire(connection: Connection, edition: Edition, now: datetime) -> None:
    """Let rows expire whose time is over. If nobody was handed the edition, its posts are free for the next."""
    late = deliveries.expire(connection, edition.key, now)
    if late:
        freed = editions.release_posts(connection, edition.key) > 0
        if not edition.rehearsal:
            note(connection, expired(edition.key, late, freed=freed))


def _call_off(connection: Connection, edition: Edition, now: datetime) -> None:
    """Skip the rows of a cancelled edition that were on their way then and came back."""
    deliveries.cancel(connection, edition.key, now)
    if editions.release_posts(connection, edition.key) and not edition.rehearsal:
        note(connection, called_off(edition.key, edition.cadence))


def _is_over(edition: Edition) -> bool:
    return edition.state not in UNFINISHED | {EditionState.HELD, EditionState.PLANNED}


def _waiting(connection: Connection, key: str) -> int:
    return sum(count for state, count in deliveries.counts(connection, key).items() if state.waits)


def _edition_report(context: SendContext, connection: Connection, key: str, frozen: Frozen) -> EditionReport:
    edition = editions.get(connection, key)
    if edition is None:
        raise LookupError(key)
    by_batch = batches.counts(connection, key)
    return EditionReport(
        key=key,
        state=edition.state,
        rehearsal=edition.rehearsal,
        recipients=edition.recipients,
        counts={state: sum(counts[state] for counts in by_batch.values()) for state in DeliveryState},
        batches=by_batch,
        pause_until=edition.pause_until,
        first_batch=first_batch(edition, by_batch, context.now(), context.settings.publication.timezone),
        subject=subject_of(connection, key),
        posts=frozen.titles.get(key, ()),
        without=frozen.without.get(key, 0),
        note=edition.note,
    )


def _blank_report(context: SendContext, cadence: Cadence) -> SendReport:
    return SendReport(
        provider=context.provider.name,
        rehearsal=context.rehearses,
        next_slot=upcoming_slot(context.settings, cadence, context.now()).at if cadence is not Cadence.POSTS else None,
    )

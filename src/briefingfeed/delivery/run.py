"""One run over one edition: whatever is due is handed over, and what became of it is written down.

The promise of at most one copy rests on the order of things: a row is armed by a committed UPDATE before the provider
sees its message, and a row that was armed is never taken again without an outcome. Whatever dies in between leaves the
row `submitting`, which the next run reads as `uncertain`.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from briefingfeed.delivery import batches
from briefingfeed.delivery.book import EditionBook
from briefingfeed.delivery.copies import Copies
from briefingfeed.delivery.failpoints import Failpoint, ignore
from briefingfeed.delivery.keyed_requests import KeyedRequests
from briefingfeed.delivery.lease import Lease, lost
from briefingfeed.delivery.ledger import PAUSES, Ledger
from briefingfeed.delivery.pace import Full, Pace
from briefingfeed.delivery.stopping import Stop
from briefingfeed.delivery.work import EditionLedger, EditionWork
from briefingfeed.delivery.workshop import Workshop
from briefingfeed.errors import ProviderError
from briefingfeed.models.edition import EditionState
from briefingfeed.providers.base import Provider
from briefingfeed.storage import deliveries, editions, keyed_requests, rests
from briefingfeed.storage.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSetup:
    """What a run needs besides the edition."""

    database: Database
    provider: Provider
    run_id: str
    """Names this run in the rows it claims; never used again."""
    place: str = ""
    """Names the machine and state folder that it works from: see `storage.runs`."""
    now: Callable[[], datetime]
    patience: timedelta = timedelta(0)
    """How long to stay for rows that fall due later."""
    first_batch_pause: timedelta = timedelta(0)
    """How long the others wait once the first batch has been tried."""
    progress: Callable[[int], None] = lambda _settled: None
    """Called with the number of rows settled so far in this run."""
    failpoint: Failpoint = ignore
    pauses: tuple[float, ...] = PAUSES


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """How a run ended; what became of the rows stands in the database."""

    error: ProviderError | None = None
    """The way out could not be used; the rows not handed over wait."""
    stopped_by: signal.Signals | None = None
    waits: Full | None = None
    """The provider's limit is reached for longer than the run would stay; the next one goes on."""


async def run_edition(key: str, copies: Copies, setup: RunSetup) -> RunResult:
    """Hand over every due row of an edition that is `sending`.

    Takes SIGTERM and SIGINT over while it runs: it then ends with what is in flight written down. Raises StorageError
    if outcomes can't be recorded, or the run's lease is lost (nothing more is handed over then), and whatever the
    provider breaks down with, after its rows were recorded as uncertain.
    """
    stop = Stop()
    pace = Pace(provider=setup.provider.name, limits=setup.provider.limits)
    lease = Lease(setup.run_id, setup.place)
    book = EditionBook(key=key, run_id=setup.run_id, now=setup.now, pace=pace, lease=lease)
    with stop.listening(), Workshop(copies) as workshop:
        ledger: EditionLedger = Ledger(setup.database, book, pauses=setup.pauses, failpoint=setup.failpoint)
        async with ledger:
            work = EditionWork(
                key,
                setup.run_id,
                workshop,
                ledger,
                stop,
                now=setup.now,
                progress=setup.progress,
                failpoint=setup.failpoint,
            )
            work.memory = KeyedRequests(
                key, setup.provider.name, setup.run_id, work, workshop, ledger, lease, setup.now
            )
            await ledger.commit("begin", lease.begin)
            keeping = asyncio.create_task(lease.keep(ledger), name="lease")
            try:
                error = await _hand_over(key, work, ledger, stop, setup)
            finally:
                keeping.cancel()
                await work.abandon()
                if ledger.failure is None:
                    await ledger.commit("close", partial(_close, key=key, setup=setup, hold_note=work.hold_note))
                    await ledger.commit("end", lease.end)
    if ledger.failure is not None:
        raise ledger.failure
    if lease.is_lost:
        raise lost()
    return RunResult(error=error, stopped_by=stop.by, waits=work.full)


async def _hand_over(
    key: str, work: EditionWork, ledger: EditionLedger, stop: Stop, setup: RunSetup
) -> ProviderError | None:
    """Let the provider work until nothing is due that this run may wait for.

    It isn't asked before something is: it might open a connection for nothing.
    """
    look = partial(ledger.commit, "look", partial(_look, key=key, setup=setup))
    due = await look()
    has_rested = False
    while not work.is_over():
        rest = due - setup.now() if due is not None else None
        if rest is None or rest > setup.patience:
            return await ledger.commit("look", partial(_asked_to_wait, setup=setup)) if due is not None else None
        if rest > timedelta(0):
            await stop.sleep(rest.total_seconds())
            due = await look()
            if due is None and work.holds_rows:
                due = setup.now()
            if work.full is None:
                continue  # else it still holds the rows that had no place
        before = work.handed_out
        try:
            await _deliver(setup.provider, work, stop)
        except ProviderError as error:
            if error.retry_after is None:
                return error
            due = await ledger.commit(
                "rest", partial(rests.note, provider=setup.provider.name, error=error, now=setup.now())
            )
            if has_rested:
                return error
            has_rested = True
            continue
        if work.is_over():
            break
        if work.full is not None:
            due = work.full.until
        elif work.holds_rows and work.handed_out > before:
            due = setup.now()  # nobody who is due waits for a later row
        else:
            due = await look()
            if work.handed_out == before and due is not None and due <= setup.now():
                break
    return None


async def _deliver(provider: Provider, work: EditionWork, stop: Stop) -> None:
    """Run the provider to its end; break it off when the operator insists."""
    delivering = asyncio.create_task(provider.deliver(work), name="deliver")
    insisting = asyncio.create_task(stop.insisted(), name="insist")
    try:
        await asyncio.wait({delivering, insisting}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        insisting.cancel()
        if not delivering.done():
            delivering.cancel()
        await asyncio.wait({delivering, insisting})
    if not delivering.cancelled():
        delivering.result()


def _look(connection: Connection, *, key: str, setup: RunSetup) -> datetime | None:
    """Let the edition go on to what is due by now; return when the next row falls due, or a request is to be asked
    about again."""
    now = setup.now()
    batches.advance(connection, key, now, setup.first_batch_pause)
    resting = rests.find(connection, setup.provider.name, now)
    if keyed_requests.waits(connection, setup.run_id, key, setup.provider.name, now):
        due: datetime | None = now
    else:
        due = deliveries.next_due(connection, key)
    return max(due, resting.until) if due and resting else due


def _asked_to_wait(connection: Connection, *, setup: RunSetup) -> ProviderError | None:
    """Return the words with which the provider asked to be left alone, if it did."""
    resting = rests.find(connection, setup.provider.name, setup.now())
    return resting.error if resting else None


def _close(connection: Connection, *, key: str, setup: RunSetup, hold_note: str) -> None:
    """Give back what was claimed and not handed out; hold the edition if the run found a reason."""
    if hold_note and editions.state(connection, key, for_update=True) is EditionState.SENDING:
        editions.set_state(connection, key, EditionState.HELD, setup.now(), hold_note)
    deliveries.unclaim(connection, setup.run_id)

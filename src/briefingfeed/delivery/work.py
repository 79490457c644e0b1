"""The work of one edition, as a provider pulls it: claim, arm, hand out, record."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from briefingfeed.delivery.copies import Copies
from briefingfeed.delivery.failpoints import AFTER_SUBMIT, Failpoint
from briefingfeed.delivery.ledger import Ledger
from briefingfeed.delivery.outcomes import PolicyWatch, is_bounce, settle, suppresses
from briefingfeed.delivery.stopping import Stop
from briefingfeed.errors import StorageError
from briefingfeed.models.delivery import Claimed, Message, Outcome, Phase, Record, Result
from briefingfeed.models.edition import EditionState
from briefingfeed.newsletter.placeholders import SlotValueError
from briefingfeed.storage import deliveries, editions

CLAIM = 500
"""Rows leased at a time: enough that claiming costs nothing, few enough to give back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is put down about one row."""

    record: Record
    is_final_word: bool = False
    """The row waits since an earlier refusal for policy; now it is known to fail."""


class EditionWork:
    """Implements `providers.base.Work` for one edition. Lives in one event loop, with its `Ledger` beside it."""

    def __init__(
        self,
        key: str,
        run_id: str,
        copies: Copies,
        ledger: Ledger[Entry],
        stop: Stop,
        *,
        now: Callable[[], datetime],
        progress: Callable[[int], None],
        failpoint: Failpoint,
    ) -> None:
        self._key = key
        self._run_id = run_id
        self._copies = copies
        self._ledger = ledger
        self._stop = stop
        self._now = now
        self._progress = progress
        self._failpoint = failpoint
        self._claimed: deque[Claimed] = deque()
        self._claiming = asyncio.Lock()
        self._taken: dict[int, Claimed] = {}
        self._returns: Counter[int] = Counter()
        self._watch = PolicyWatch()
        self._settled = 0
        self.handed_out = 0
        """Messages given to the provider so far."""
        self.must_hold = False
        """Three refusals for policy in a row."""
        self.is_halted = False
        """Somebody held or cancelled the edition meanwhile."""

    def is_over(self) -> bool:
        """Whether nothing more may be handed out."""
        return self._stop.is_asked or self.is_halted or self.must_hold or self._ledger.failure is not None

    async def take(self, most: int) -> Sequence[Message]:
        while not self.is_over():
            try:
                rows = await self._next(most)
                messages = await self._arm(rows)
            except StorageError:
                break  # the ledger keeps it, and ends the run
            if messages or not rows:
                return messages
        return ()

    async def report(self, outcome: Outcome) -> None:
        row = self._taken.pop(outcome.delivery_id, None)
        if row is None:
            raise ValueError(f"delivery {outcome.delivery_id} was not taken, or is reported twice")
        self._failpoint(AFTER_SUBMIT)
        returns = self._returns[row.delivery_id]
        record = settle(outcome, attempts=row.attempts, returns=returns, now=self._now())
        self._ledger.put(Entry(record=record))
        if outcome.result is Result.RETURNED:
            self._returns[row.delivery_id] += 1
        else:
            self._settled += 1
            self._progress(self._settled)
        self._observe(outcome)

    async def abandon(self) -> None:
        """Write down as uncertain what was taken and never reported: the provider broke down with it in hand."""
        for delivery_id in tuple(self._taken):
            await self.report(
                Outcome(
                    delivery_id=delivery_id,
                    result=Result.UNCERTAIN,
                    phase=Phase.REQUEST,
                    note="the run broke off while this copy was being handed over",
                )
            )

    def _observe(self, outcome: Outcome) -> None:
        self._watch, final = self._watch.after(outcome)
        for each in final:
            record = settle(each, attempts=0, returns=0, now=self._now())
            self._ledger.put(Entry(record=record, is_final_word=True))
        self.must_hold = self.must_hold or self._watch.must_hold

    async def _next(self, most: int) -> Sequence[Claimed]:
        """Return up to `most` claimed rows; none when no row is due."""
        async with self._claiming:
            if not self._claimed and not self.is_over():
                now = self._now()
                self._claimed.extend(await self._ledger.commit("claim", partial(self._claim, now=now)))
        return [self._claimed.popleft() for _ in range(min(most, len(self._claimed)))]

    def _claim(self, connection: Connection, *, now: datetime) -> Sequence[Claimed]:
        return deliveries.claim(connection, self._key, self._run_id, CLAIM, now)

    async def _arm(self, rows: Sequence[Claimed]) -> Sequence[Message]:
        """Commit that `rows` are about to leave; return the copies of those that may."""
        if not rows:
            return ()
        messages, unfit = self._copy(rows)
        now = self._now()
        armed = await self._ledger.commit("arm", partial(self._commit_arms, rows=rows, unfit=unfit, now=now))
        if armed is None:
            self.is_halted = True
            return ()
        self._settled += len(unfit)
        going = [message for message in messages if message.delivery_id in armed]
        for row in rows:
            if row.delivery_id in armed:
                self._taken[row.delivery_id] = row
                self._watch = self._watch.without(row.delivery_id)
        for record in unfit:
            self._taken.pop(record.delivery_id, None)
        self.handed_out += len(going)
        return going

    def _copy(self, rows: Sequence[Claimed]) -> tuple[list[Message], list[Record]]:
        """Return the copies, and the records of those rows of which none can be made."""
        messages, unfit = [], []
        for row in rows:
            try:
                messages.append(self._copies.message(row))
            except SlotValueError as error:
                outcome = Outcome(
                    delivery_id=row.delivery_id, result=Result.FAILED, phase=Phase.CONNECT, note=error.message
                )
                unfit.append(settle(outcome, attempts=row.attempts, returns=0, now=self._now()))
        return messages, unfit

    def _commit_arms(
        self, connection: Connection, *, rows: Sequence[Claimed], unfit: Sequence[Record], now: datetime
    ) -> set[int] | None:
        """Return the rows armed; None if the edition is no longer being sent."""
        armed = deliveries.arm(connection, self._run_id, [row.delivery_id for row in rows], now)
        if not armed and editions.state(connection, self._key) is not EditionState.SENDING:
            return None
        deliveries.record(connection, self._run_id, [record for record in unfit if record.delivery_id in armed], now)
        return armed


def write_entries(
    connection: Connection, entries: Sequence[Entry], *, run_id: str, now: Callable[[], datetime]
) -> None:
    """Put a group of reports down, in order: the rows, and the addresses that must not be mailed again."""
    fresh = [entry.record for entry in entries if not entry.is_final_word]
    bounced = [record.delivery_id for record in fresh if is_bounce(record.outcome)]
    earlier = deliveries.earlier_bounces(connection, bounced) if bounced else {}
    suppress = {
        record.delivery_id for record in fresh if suppresses(record.outcome, earlier.get(record.delivery_id, 0))
    }
    deliveries.record(connection, run_id, fresh, now(), suppress=suppress)
    final = [entry.record for entry in entries if entry.is_final_word]
    if final:
        deliveries.fail_refused(connection, final, now())

"""The work of one edition, as a provider pulls it: claim, arm, hand out, record."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from briefingfeed.delivery.book import Answer, Ask, Entry, FinalWord
from briefingfeed.delivery.failpoints import AFTER_REPLY, Failpoint
from briefingfeed.delivery.ledger import Ledger
from briefingfeed.delivery.outcomes import BounceWatch, PolicyWatch, settle
from briefingfeed.delivery.pace import Full
from briefingfeed.delivery.stopping import Stop
from briefingfeed.delivery.workshop import Workshop
from briefingfeed.errors import StorageError
from briefingfeed.models.delivery import Claimed, Message, Outcome, Phase, Record, Result
from briefingfeed.newsletter.placeholders import SlotValueError
from briefingfeed.providers.base import RequestMemory
from briefingfeed.storage import deliveries

EditionLedger = Ledger[Entry, Ask, Answer]

CLAIM = 1000
"""Rows leased at a time: enough that claiming costs nothing, few enough to give back."""
FEW = 200
"""With fewer rows at hand than this the next are leased, so that nobody has to wait for them."""

POLICY_NOTE = (
    "three recipients in a row were refused for policy, so the refusal is probably about this server or this text, "
    "not about them"
)
NOBODY_NOTE = (
    "ten recipients were refused without a code that says why, and nobody was accepted, so the refusal is probably "
    "about this server or its login, not about them"
)


class EditionWork:
    """Implements `providers.base.Work` for one edition. Lives in one event loop, with its `Ledger` beside it."""

    def __init__(
        self,
        key: str,
        run_id: str,
        workshop: Workshop,
        ledger: EditionLedger,
        stop: Stop,
        *,
        now: Callable[[], datetime],
        progress: Callable[[int], None],
        failpoint: Failpoint,
    ) -> None:
        self._key = key
        self._run_id = run_id
        self._workshop = workshop
        self._ledger = ledger
        self._stop = stop
        self._now = now
        self._progress = progress
        self._failpoint = failpoint
        self._claimed: deque[Claimed] = deque()
        self._claiming: asyncio.Task[int] | None = None
        self._has_all = False
        """The last claim found no more rows than are at hand; it is asked again when they are gone."""
        self._taken: dict[int, Claimed] = {}
        self._returns: Counter[int] = Counter()
        self._watch = PolicyWatch()
        self._bounces = BounceWatch()
        self._settled = 0
        self.handed_out = 0
        """Messages given to the provider so far."""
        self.hold_note = ""
        """Why the edition must be held: so many were refused that it is about us."""
        self.is_halted = False
        """Somebody held or cancelled the edition meanwhile."""
        self.full: Full | None = None
        """The provider's limit that keeps back the rows that are left."""
        self.memory: RequestMemory | None = None
        """What earlier runs sent under idempotency keys, and this one does."""

    def is_over(self) -> bool:
        """Whether nothing more may be handed out."""
        return self._stop.is_asked or self.is_halted or bool(self.hold_note) or self._ledger.failure is not None

    @property
    def holds_rows(self) -> bool:
        """Whether rows are claimed and not handed out: a provider may end while another of its sessions claims."""
        return bool(self._claimed)

    async def take(self, most: int) -> Sequence[Message]:
        while not self.is_over() and not self._must_wait():
            try:
                rows = await self._next(most)
                messages = await self._arm(rows)
            except StorageError:
                if self._ledger.failure is None:
                    raise  # a copy's content can't be read
                break  # the ledger keeps it, and ends the run
            if messages or not rows:
                return messages
        return ()

    def _must_wait(self) -> bool:
        if self.full is not None and self.full.until <= self._now():
            self.full = None
        return self.full is not None

    async def report(self, outcome: Outcome) -> None:
        row = self._taken.pop(outcome.delivery_id, None)
        if row is None:
            raise ValueError(f"delivery {outcome.delivery_id} was not taken, or is reported twice")
        self._failpoint(AFTER_REPLY)
        if outcome.result is Result.ACCEPTED:
            self._ledger.put(outcome)
        else:
            returns = self._returns[row.delivery_id]
            self._ledger.put(settle(outcome, attempts=row.attempts, returns=returns, now=self._now()))
        if outcome.result is Result.RETURNED:
            self._returns[row.delivery_id] += 1
        else:
            self._settled += 1
            self._progress(self._settled)
        self._observe(outcome)

    def take_over(self, rows: Sequence[Claimed]) -> None:
        """Count rows as taken that an earlier run has armed, and this one has now."""
        self._taken |= {row.delivery_id: row for row in rows}
        self.handed_out += len(rows)

    def leave(self, delivery_ids: Collection[int]) -> None:
        """Let taken rows stay armed, for the next run to find out what became of them."""
        for each in delivery_ids:
            self._taken.pop(each, None)

    def reached(self, place: str) -> None:
        self._failpoint(place)

    async def abandon(self) -> None:
        """Write down as uncertain what was taken and never reported: the provider broke down with it in hand."""
        if self._claiming is not None:
            await asyncio.wait((self._claiming,))
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
            self._ledger.put(FinalWord(settle(each, attempts=0, returns=0, now=self._now())))
        self._bounces = self._bounces.after(outcome)
        if self._watch.must_hold:
            self.hold_note = POLICY_NOTE
        elif self._bounces.must_hold:
            self.hold_note = NOBODY_NOTE

    async def _next(self, most: int) -> Sequence[Claimed]:
        """Return up to `most` claimed rows; none when no row is due."""
        if len(self._claimed) < FEW and not self._has_all and not self.is_over():
            self._begin_claim()
        while not self._claimed and not self.is_over():
            if not await asyncio.shield(self._begin_claim()):
                break
        rows = [self._claimed.popleft() for _ in range(min(most, len(self._claimed)))]
        return list({row.delivery_id: row for row in rows}.values())  # one given back and claimed anew is there twice

    def _begin_claim(self) -> asyncio.Task[int]:
        """Return the claim that is under way."""
        if self._claiming is None or self._claiming.done():
            self._claiming = asyncio.create_task(self._claim_some(), name="claim")
            self._claiming.add_done_callback(_look_at_error)
        return self._claiming

    async def _claim_some(self) -> int:
        """Lease the next rows that are due; return how many."""
        claimed = await self._ledger.commit("claim", partial(self._claim, now=self._now()))
        self._has_all = len(claimed) < CLAIM
        self._claimed.extend(claimed)
        self._workshop.begin(claimed)
        return len(claimed)

    def _claim(self, connection: Connection, *, now: datetime) -> Sequence[Claimed]:
        return deliveries.claim(connection, self._key, self._run_id, CLAIM, now)

    async def _arm(self, rows: Sequence[Claimed]) -> Sequence[Message]:
        """Commit that `rows` are about to leave; return the copies of those that may."""
        if not rows:
            return ()
        messages, unfit = await self._copy(rows)
        renditions = {row.delivery_id: row.rendition_id for row in rows}
        answer = await self._ledger.arm(Ask(renditions=renditions, unfit=tuple(unfit)))
        if answer is None:
            self.is_halted = True
            return ()
        if answer.full is not None:
            self._claimed.extendleft(row for row in reversed(rows) if row.delivery_id in answer.late)
            self.full = answer.full
        armed = answer.ids
        going = [message for message in messages if message.delivery_id in armed]
        self._taken |= {row.delivery_id: row for row in rows if row.delivery_id in armed}
        for record in unfit:
            self._taken.pop(record.delivery_id, None)
        for message in going:
            self._watch = self._watch.without(message.delivery_id)
        self._settled += sum(record.delivery_id in armed for record in unfit)
        self.handed_out += len(going)
        return going

    async def _copy(self, rows: Sequence[Claimed]) -> tuple[list[Message], list[Record]]:
        """Return the copies, and the records of those rows of which none can be made."""
        messages, unfit = [], []
        for row, made in zip(rows, await self._workshop.fetch(rows), strict=True):
            if not isinstance(made, SlotValueError):
                messages.append(made)
                continue
            outcome = Outcome(delivery_id=row.delivery_id, result=Result.FAILED, phase=Phase.CONNECT, note=made.message)
            unfit.append(settle(outcome, attempts=row.attempts, returns=0, now=self._now()))
        return messages, unfit


def _look_at_error(claim: asyncio.Task[int]) -> None:
    """Nobody may wait for a claim that is made ahead. The ledger keeps its error, and ends the run; what went wrong
    with beginning the copies goes wrong again when they are fetched."""
    if not claim.cancelled():
        claim.exception()

"""Requests under an idempotency key: what a run keeps of its own, and takes over of others (`base.RequestMemory`)."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from briefingfeed.delivery.lease import Lease
from briefingfeed.delivery.workshop import Workshop
from briefingfeed.errors import StorageError
from briefingfeed.models.delivery import Message, Outcome, Phase, Result
from briefingfeed.models.keyed_request import KeyedRequest
from briefingfeed.providers.base import Permit, Unfinished
from briefingfeed.storage import keyed_requests
from briefingfeed.storage.keyed_requests import Adopted

if TYPE_CHECKING:
    from briefingfeed.delivery.work import EditionLedger, EditionWork


def since_boot() -> float:
    """Return the seconds since this machine began, those that it slept included, where the system counts them."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class KeyedRequests:
    """Of one run over one edition. Where the database fails the answer is no; the ledger keeps the error."""

    def __init__(
        self,
        key: str,
        provider: str,
        run_id: str,
        work: EditionWork,
        workshop: Workshop,
        ledger: EditionLedger,
        lease: Lease,
        now: Callable[[], datetime],
        elapsed: Callable[[], float] = since_boot,
    ) -> None:
        """`elapsed`: a clock that goes on while the machine sleeps."""
        self._key = key
        self._provider = provider
        self._run_id = run_id
        self._work = work
        self._workshop = workshop
        self._ledger = ledger
        self._lease = lease
        self._now = now
        self._elapsed = elapsed

    async def begin(self) -> None:
        with suppress(StorageError):
            await self._ledger.commit("promise", partial(keyed_requests.begin, run_id=self._run_id))

    async def unfinished(self) -> Unfinished | None:
        while not self._work.is_over():
            adopted = await self._adopted()
            if adopted is None:
                return None
            messages = await self._messages(adopted)
            self._work.take_over([row for row in adopted.rows if row.delivery_id in adopted.open_ids])
            if len(messages) == len(adopted.rows):
                return Unfinished(
                    request=adopted.request,
                    messages=messages,
                    open_ids=adopted.open_ids,
                    had_error=adopted.had_error,
                )
            await self._give_up(adopted)
        return None

    async def _messages(self, adopted: Adopted) -> Sequence[Message]:
        """Return its copies, as many as can be made. Whatever goes wrong would go wrong in each run to come."""
        try:
            made = await self._workshop.fetch(adopted.rows)
        except Exception:
            return ()
        return [each for each in made if isinstance(each, Message)]

    async def keep(self, request: KeyedRequest) -> Permit | None:
        try:
            return await self._ledger.commit("keep", partial(self._keep, request=request))
        except StorageError:
            return None

    async def may_repeat(self, request: KeyedRequest, *, had_error: bool) -> Permit | None:
        try:
            return await self._ledger.commit("repeat", partial(self._may_repeat, request=request, had_error=had_error))
        except StorageError:
            return None

    async def may_be_left(self, request: KeyedRequest) -> bool:
        try:
            return await self._ledger.commit("leave", partial(self._may_be_left, request=request))
        except StorageError:
            return False

    def leave(self, delivery_ids: Collection[int]) -> None:
        self._work.leave(delivery_ids)

    async def _adopted(self) -> Adopted | None:
        try:
            return await self._ledger.commit("adopt", self._adopt)
        except StorageError:
            return None

    def _adopt(self, connection: Connection) -> Adopted | None:
        if not self._lease.may_arm(connection):
            return None
        return keyed_requests.adopt(connection, self._run_id, self._key, self._provider, self._now())

    def _keep(self, connection: Connection, request: KeyedRequest) -> Permit | None:
        """Only while nobody may take this run for dead: who does, sends again what was armed and not kept."""
        asked_at = self._elapsed()
        its = (self._run_id, self._key, self._provider, request, self._now())
        if not self._lease.may_arm(connection) or not keyed_requests.keep(connection, *its):
            return None
        return Permit(clock=self._elapsed, asked_at=asked_at, key_lasts=request.repeatable_for.total_seconds())

    def _may_repeat(self, connection: Connection, request: KeyedRequest, had_error: bool) -> Permit | None:
        asked_at = self._elapsed()
        if had_error:
            keyed_requests.note_error(connection, self._run_id, request.digest)
        if not self._lease.may_arm(connection):
            return None
        left = keyed_requests.time_left(connection, self._run_id, request.digest, self._now())
        if left is None:
            return None
        return Permit(clock=self._elapsed, asked_at=asked_at, key_lasts=left.total_seconds())

    def _may_be_left(self, connection: Connection, request: KeyedRequest) -> bool:
        return self._lease.may_arm(connection) and keyed_requests.may_wait(
            connection, self._run_id, request.digest, self._now()
        )

    async def _give_up(self, adopted: Adopted) -> None:
        note = "the run that sent it was cut off, and its copy cannot be made again"
        for each in adopted.open_ids:
            unclear = Outcome(delivery_id=each, result=Result.UNCERTAIN, phase=Phase.REQUEST, note=note)
            await self._work.report(unclear)

"""Requests under an idempotency key: what a run keeps of its own, and takes over of others (`base.RequestMemory`)."""

from __future__ import annotations

from collections.abc import Callable, Collection
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
from briefingfeed.providers.base import Unfinished
from briefingfeed.storage import keyed_requests
from briefingfeed.storage.keyed_requests import Adopted

if TYPE_CHECKING:
    from briefingfeed.delivery.work import EditionLedger, EditionWork


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
    ) -> None:
        self._key = key
        self._provider = provider
        self._run_id = run_id
        self._work = work
        self._workshop = workshop
        self._ledger = ledger
        self._lease = lease
        self._now = now

    async def begin(self) -> None:
        with suppress(StorageError):
            await self._ledger.commit("promise", partial(keyed_requests.begin, run_id=self._run_id))

    async def unfinished(self) -> Unfinished | None:
        while not self._work.is_over():
            adopted = await self._adopted()
            if adopted is None:
                return None
            made = await self._workshop.fetch(adopted.rows)
            self._work.take_over([row for row in adopted.rows if row.delivery_id in adopted.open_ids])
            messages = [each for each in made if isinstance(each, Message)]
            if len(messages) == len(made):
                return Unfinished(
                    request=adopted.request,
                    messages=messages,
                    open_ids=adopted.open_ids,
                    had_error=adopted.had_error,
                )
            await self._give_up(adopted)
        return None

    async def keep(self, request: KeyedRequest) -> bool:
        try:
            return await self._ledger.commit("keep", partial(self._keep, request=request))
        except StorageError:
            return False

    async def may_repeat(self, request: KeyedRequest, *, had_error: bool) -> bool:
        try:
            return await self._ledger.commit("repeat", partial(self._may_repeat, request=request, had_error=had_error))
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

    def _keep(self, connection: Connection, request: KeyedRequest) -> bool:
        """Only while nobody may take this run for dead: who does, sends again what was armed and not kept."""
        return self._lease.may_arm(connection) and keyed_requests.keep(
            connection, self._run_id, self._key, self._provider, request
        )

    def _may_repeat(self, connection: Connection, request: KeyedRequest, had_error: bool) -> bool:
        return self._lease.may_arm(connection) and keyed_requests.may_repeat(
            connection, self._run_id, request.digest, had_error=had_error
        )

    async def _give_up(self, adopted: Adopted) -> None:
        note = "the run that sent it was cut off, and its copy cannot be made again"
        for each in adopted.open_ids:
            unclear = Outcome(delivery_id=each, result=Result.UNCERTAIN, phase=Phase.REQUEST, note=note)
            await self._work.report(unclear)

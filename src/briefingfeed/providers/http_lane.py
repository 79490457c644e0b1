"""One request after the other: how messages are taken, sent and reported, and what is sent again.

A service that knows idempotency keys takes a request once, however often it comes. Such a request is written down
before its first attempt (`base.RequestMemory`), so that a later run can repeat it if this one dies; what that cannot
make again, octet by octet, it does not send.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from typing import Final

import httpx

from briefingfeed.models.delivery import Message, Result
from briefingfeed.models.keyed_request import KeyedRequest
from briefingfeed.providers.addresses import AddressError, wire_address
from briefingfeed.providers.base import Permit, Unfinished, Work
from briefingfeed.providers.http_answers import Answer, Item, Refusal, Unclear, Verdict
from briefingfeed.providers.http_batch import Batch
from briefingfeed.providers.http_patience import LONGEST_PAUSE, Patience
from briefingfeed.providers.http_service import Copy, Request, Service

_REPEATS: Final = 4
_SPOILT_IN_A_ROW: Final = 3
"""Messages of a divided request, each refused by itself, after which it is not for the sake of one."""
_ASKED_AGAIN: Final = "The next run asks again, by the same key: nobody gets two copies by it."
_NOT_NOW: Final = Refusal(
    message="Mails went back before they were sent: a reader left, the edition was stopped, or others go on with it."
)
_NOT_LOOKED_AT: Final = frozenset({None, 401, 403, 429})
"""Answers to a repeat that say nothing at all, as when none comes: the login is to be put right, or it is too soon."""
_CHANGED: Final = Item(
    result=Result.UNCERTAIN, note="The run that sent it was cut off, and its request cannot be made again as it was."
)


class Lane:
    """One request after the other; several may `run` at once."""

    def __init__(self, service: Service, client: httpx.AsyncClient, work: Work, patience: Patience) -> None:
        self._service = service
        self._client = client
        self._work = work
        self._patience = patience
        self._memory = work.memory if service.settings.capabilities.repeatable_for else None

    async def finish_what_others_began(self) -> None:
        """Repeat the requests that earlier runs left, each under the key that it had."""
        if self._memory is None:
            return
        await self._memory.begin()
        while await self._patience.lets_on() and (left := await self._memory.unfinished()):
            began = self._patience.now()
            refusal = await self._repeat(left)
            if refusal:
                self._patience.refused(refusal, began)

    async def _repeat(self, left: Unfinished) -> Refusal | None:
        batch = Batch(self._work, [message for message in left.messages if message.delivery_id in left.open_ids])
        batch.in_flight, batch.kept = left.messages, left.request
        try:
            request = self._made_again(left)
            if request is None:
                for message in left.messages:
                    if batch.holds(message):
                        await batch.report(message, _CHANGED)
                return None
            doubt = Unclear(note="A run was cut off while it waited for the answer.", answered=left.had_error)
            batch.refusal = await self._hand_over(batch, request, doubt)
        finally:
            await batch.close()
        return batch.refusal

    def _made_again(self, left: Unfinished) -> Request | None:
        """Return the very same request; None: it would be another now, and the service would take both. Whatever goes
        wrong would go wrong in each run to come."""
        smtputf8 = self._service.settings.capabilities.smtputf8
        try:
            copies = [Copy(each, wire_address(each.recipient, smtputf8=smtputf8)) for each in left.messages]
            requests = list(self._service.requests(copies))
        except Exception:
            return None
        return requests[0] if [each.digest() for each in requests] == [left.request.digest] else None

    async def run(self) -> None:
        patience = self._patience
        while await patience.lets_on():
            taken = await self._take()
            if not taken:
                patience.end()
                return
            began = patience.now()
            refusal = await self._send(taken)
            if refusal:
                patience.refused(refusal, began)

    async def _take(self) -> Sequence[Message]:
        """What is being armed must be known, even if we are cancelled: then it goes back untouched."""
        taking = asyncio.create_task(self._work.take(self._service.settings.most_taken))
        try:
            return await asyncio.shield(taking)
        except asyncio.CancelledError:
            await Batch(self._work, await taking).close()
            raise

    async def _send(self, taken: Sequence[Message]) -> Refusal | None:
        """Report every message taken. Return why some of them went back, if so."""
        batch = Batch(self._work, taken)
        try:
            copies = await self._copies(batch, taken)
            batch.refusal = await self._hand_over_all(batch, self._service.requests(copies))
        finally:
            await batch.close()
        return batch.refusal

    async def _copies(self, batch: Batch, taken: Sequence[Message]) -> list[Copy]:
        copies = []
        smtputf8 = self._service.settings.capabilities.smtputf8
        for message in taken:
            try:
                copies.append(Copy(message, wire_address(message.recipient, smtputf8=smtputf8)))
            except AddressError as error:
                await batch.report(message, Item(result=Result.FAILED, note=str(error)))
        return copies

    async def _hand_over_all(self, batch: Batch, requests: Iterator[Request]) -> Refusal | None:
        for request in requests:
            refusal = self._patience.last_word or await self._hand_over(batch, request)
            if refusal:
                return refusal
        return None

    async def _hand_over(self, batch: Batch, request: Request, before: Unclear | None = None) -> Refusal | None:
        """`before`: what an earlier run's try of it leaves in doubt."""
        status, verdict = await self._settle(batch, request, before)
        if isinstance(verdict, Refusal):
            batch.in_flight = ()
            if verdict.splits and len(request.copies) > 1:
                return await self._divide(batch, request.copies)
            return verdict
        if isinstance(verdict, Unclear) and await self._may_be_left(batch, verdict, before, status):
            batch.leave()
            why = batch.said or Refusal(message=f"{self._service.title}: {verdict.note}", remedy=_ASKED_AGAIN)
            return replace(why, permanent=True)
        items = _items(verdict, len(request.copies))
        for copy, item in zip(request.copies, items, strict=True):
            if batch.holds(copy.message):
                await batch.report(copy.message, item, status)
                if before is None or item.result is Result.ACCEPTED:  # what is in doubt since then is no news
                    self._patience.saw(item, copy.message.recipient)
        return next((item.refusal for item in items if item.refusal), None)

    async def _divide(self, batch: Batch, copies: Sequence[Copy]) -> Refusal | None:
        """Refused whole, perhaps for the sake of one. Nothing was taken: half by half it shows which."""
        half = len(copies) // 2
        for part in (copies[:half], copies[half:]):
            refusal = await self._hand_over_all(batch, self._service.requests(part))
            if refusal:
                return refusal
            if self._patience.spoilt >= _SPOILT_IN_A_ROW:
                return self._patience.refused_all()
        return None

    async def _permit(self, batch: Batch, request: Request, doubt: Unclear | None) -> Permit | Refusal | None:
        """Return the word that it may be posted now, or why not; None: nobody need be asked. What could be repeated is
        written down first."""
        repeatable_for = self._service.settings.capabilities.repeatable_for
        if self._memory is None or repeatable_for is None:
            return None
        if doubt is not None and batch.kept is not None:
            return await self._memory.may_repeat(batch.kept, had_error=doubt.answered) or _NOT_NOW
        if request.key is None:
            raise ValueError(f"a request to {self._service.title} has no idempotency key")
        kept = KeyedRequest(
            key=request.key,
            digest=request.digest(),
            delivery_ids=tuple(copy.message.delivery_id for copy in request.copies),
            repeatable_for=repeatable_for,
        )
        batch.in_flight, batch.kept = (), None
        permit = await self._memory.keep(kept)
        batch.kept = kept if permit is not None else None
        return permit or _NOT_NOW

    async def _may_be_left(self, batch: Batch, verdict: Unclear, before: Unclear | None, status: int | None) -> bool:
        """Whether the next run should ask again. Not if an error came, nor if this run asked again, and in vain."""
        if self._memory is None or batch.kept is None or verdict.answered:
            return False
        if before is not None and (verdict is not before or status not in _NOT_LOOKED_AT):
            return False
        return await self._memory.may_be_left(batch.kept)

    async def _settle(self, batch: Batch, request: Request, doubt: Unclear | None = None) -> tuple[int | None, Verdict]:
        """Post a request until it is known what became of it, or cannot be known."""
        began = self._patience.now()
        status = None
        repeat = 0
        while True:
            await self._patience.turn()
            permit = await self._permit(batch, request, doubt)
            if isinstance(permit, Refusal):
                return status, doubt or permit
            batch.in_flight = [copy.message for copy in request.copies]
            answer = await self._post(request, doubt, permit)
            status = answer.status if isinstance(answer, Answer) else status
            verdict = self._service.read(request, answer) if isinstance(answer, Answer) else answer
            batch.said = verdict if isinstance(verdict, Refusal) else None
            if isinstance(verdict, tuple):
                return status, _believed(verdict, doubt)
            if isinstance(verdict, Refusal) and doubt is None:
                return status, verdict
            doubt = _worse(doubt, verdict)
            asked = verdict.retry_after if isinstance(verdict, Refusal) else None
            pause = self._patience.pause(repeat, asked)
            if repeat == _REPEATS or not await self._may_repeat(batch, began, pause, doubt):
                return status, doubt or verdict
            await asyncio.sleep(pause)
            repeat += 1

    async def _may_repeat(self, batch: Batch, began: float, pause: float, doubt: Unclear | None) -> bool:
        """Nobody is kept waiting for long."""
        known_for = self._service.settings.capabilities.repeatable_for
        if known_for is None or pause > LONGEST_PAUSE:
            return False
        if self._patience.now() - began + pause >= known_for.total_seconds():
            return False
        if self._memory is None or batch.kept is None:
            return True
        return doubt is None or bool(await self._memory.may_repeat(batch.kept, had_error=doubt.answered))

    async def _post(
        self, request: Request, earlier: Unclear | None, permit: Permit | None
    ) -> Answer | Refusal | Unclear:
        title = self._service.title
        content = request.content if permit is None else _while_permitted(request.content, permit)
        headers = {**request.headers, "Content-Length": str(len(request.content))}
        try:
            if permit is not None and not permit.holds:
                raise _OutdatedError
            async with (
                asyncio.timeout(permit.seconds_left if permit is not None else None),
                self._client.stream("POST", request.url, content=content, headers=headers) as response,
            ):
                body = await _read(response)
        except _OutdatedError:
            return Refusal(message="This machine slept, or stood still, when it was about to send.")
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return Refusal(message=f"{title} cannot be reached: {error or 'no answer in time'}")
        except (httpx.HTTPError, TimeoutError) as error:
            return Unclear(note=f"The answer was lost: {error or type(error).__name__}")
        return Answer(status=response.status_code, headers=response.headers, body=body, earlier=earlier)


class _OutdatedError(Exception):
    """A permit is too old."""


async def _while_permitted(content: bytes, permit: Permit) -> AsyncIterator[bytes]:
    """Give a body away if its permit holds in that very moment: the line stands, and nothing is awaited any more."""
    if not permit.holds:
        raise _OutdatedError
    yield content


def _items(verdict: tuple[Item, ...] | Unclear, count: int) -> tuple[Item, ...]:
    if isinstance(verdict, Unclear):
        return (Item(result=Result.UNCERTAIN, note=verdict.note),) * count
    return verdict


def _worse(doubt: Unclear | None, verdict: Refusal | Unclear) -> Unclear | None:
    """Return what is in doubt after one try more. A repeat refused says nothing of the first; what went wrong there
    once may have gone wrong whatever comes after."""
    if isinstance(verdict, Refusal) or (doubt and doubt.answered):
        return doubt
    return verdict


def _believed(items: tuple[Item, ...], doubt: Unclear | None) -> tuple[Item, ...]:
    """Return what the answer proves. A copy refused in a repeat may have been taken by an earlier try."""
    if doubt is None:
        return items
    unclear = Item(result=Result.UNCERTAIN, note=doubt.note)
    return tuple(item if item.result is Result.ACCEPTED else unclear for item in items)


async def _read(response: httpx.Response) -> bytes:
    """Return the body as far as it can be had: once the status is known, a broken body changes no result."""
    try:
        return await response.aread()
    except httpx.HTTPError:
        return b""

"""A way out over HTTP: what all services have in common. What is a service's own stands in its file.

Messages are taken as many as go into one request, and reported one by one. A request whose answer is lost is repeated
only if the service recognises it; otherwise its messages are `uncertain`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence

import httpx

from briefingfeed.errors import ProviderError
from briefingfeed.models.delivery import Message, Result
from briefingfeed.providers.addresses import AddressError, scrub, wire_address
from briefingfeed.providers.base import Limits, Work
from briefingfeed.providers.http_answers import Answer, Item, Refusal, Unclear, Verdict
from briefingfeed.providers.http_batch import Batch
from briefingfeed.providers.http_patience import LONGEST_PAUSE, Patience
from briefingfeed.providers.http_service import Copy, Request, Service

ClientFactory = Callable[[], httpx.AsyncClient]

_REPEATS = 4
_SPOILT_IN_A_ROW = 3
"""Messages of a divided request, each refused by itself, after which it is not for the sake of one."""


class HttpProvider:
    """`open_client` makes the client that one `deliver` uses."""

    rehearses = False

    def __init__(self, name: str, service: Service, open_client: ClientFactory) -> None:
        settings = service.settings
        self.name = name
        self.service = service
        self.settings = settings
        self.is_local = settings.is_loopback
        self.limits = Limits(per_hour=settings.per_hour, per_day=settings.per_day)
        self._open_client = open_client

    async def deliver(self, work: Work) -> None:
        patience = Patience(self.service.title, self.settings.retry_pause, self.settings.rate)
        async with self._open_client() as client:
            lanes = [
                asyncio.create_task(_Lane(self.service, client, work, patience).run())
                for _ in range(self.settings.connections)
            ]
            try:
                await asyncio.gather(*lanes)
            finally:
                for lane in lanes:
                    lane.cancel()
                await asyncio.wait(lanes)  # each reports what it had in hand
        if patience.trouble:
            trouble = patience.trouble
            raise ProviderError(scrub(trouble.message), where=self.settings.host, remedy=trouble.remedy)


class _Lane:
    """One request after the other."""

    def __init__(self, service: Service, client: httpx.AsyncClient, work: Work, patience: Patience) -> None:
        self._service = service
        self._client = client
        self._work = work
        self._patience = patience

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

    async def _hand_over(self, batch: Batch, request: Request) -> Refusal | None:
        status, verdict = await self._settle(batch, request)
        if isinstance(verdict, Refusal):
            batch.in_flight = ()
            if verdict.splits and len(request.copies) > 1:
                return await self._divide(batch, request.copies)
            return verdict
        items = _items(verdict, len(request.copies))
        for copy, item in zip(request.copies, items, strict=True):
            await batch.report(copy.message, item, status)
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

    async def _settle(self, batch: Batch, request: Request) -> tuple[int | None, Verdict]:
        """Post a request until it is known what became of it, or cannot be known."""
        began = self._patience.now()
        doubt: Unclear | None = None
        status = None
        repeat = 0
        while True:
            await self._patience.turn()
            batch.in_flight = [copy.message for copy in request.copies]
            answer = await self._post(request, doubt)
            status = answer.status if isinstance(answer, Answer) else status
            verdict = self._service.read(request, answer) if isinstance(answer, Answer) else answer
            if isinstance(verdict, tuple):
                return status, _believed(verdict, doubt)
            if isinstance(verdict, Refusal) and doubt is None:
                return status, verdict
            doubt = _worse(doubt, verdict)
            asked = verdict.retry_after if isinstance(verdict, Refusal) else None
            pause = self._patience.pause(repeat, asked)
            if repeat == _REPEATS or not self._may_repeat(began, pause):
                return status, doubt or verdict
            await asyncio.sleep(pause)
            repeat += 1

    def _may_repeat(self, began: float, pause: float) -> bool:
        """Nobody is kept waiting for long. Half the key's time is left to the repeat for getting there."""
        window = self._service.settings.capabilities.idempotency_window
        if window is None or pause > LONGEST_PAUSE:
            return False
        return self._patience.now() - began + pause < window.total_seconds() / 2

    async def _post(self, request: Request, earlier: Unclear | None) -> Answer | Refusal | Unclear:
        title = self._service.title
        try:
            async with self._client.stream(
                "POST", request.url, content=request.content, headers=dict(request.headers)
            ) as response:
                body = await _read(response)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return Refusal(message=f"{title} cannot be reached: {error or 'no answer in time'}")
        except httpx.HTTPError as error:
            return Unclear(note=f"The answer was lost: {error or type(error).__name__}")
        return Answer(status=response.status_code, headers=response.headers, body=body, earlier=earlier)


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

"""Postmark's batch API. A copy is a whole message of its own there; the MIME is theirs.

https://postmarkapp.com/developer/api/email-api (a batch: at most 500 messages, 50 MB). It has no idempotency key, so a
request whose answer is lost leaves the whole batch `uncertain`. The envelope sender is theirs, too.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from briefingfeed.errors import ConfigurationError, ProviderError
from briefingfeed.http import is_loopback, open_client
from briefingfeed.models.delivery import Message, Outcome, Phase, Result
from briefingfeed.models.settings import PathSettings
from briefingfeed.providers.addresses import AddressError, scrub, wire_address
from briefingfeed.providers.base import Limits, Work
from briefingfeed.providers.postmark_replies import Item, Refusal, read_response
from briefingfeed.providers.spec import Found, ProviderSpec, Secret

NAME = "postmark"
TOKEN_VARIABLE = "BRIEFINGFEED_POSTMARK_TOKEN"  # noqa: S105 - a name, not a token

MOST_PER_REQUEST = 500
_MOST_OCTETS = 45_000_000
"""Of JSON; their limit is 50 MB."""
_MOST_FAILURES = 5
_LONGEST_PAUSE = 60.0

ClientFactory = Callable[[], httpx.AsyncClient]


@dataclass(frozen=True, slots=True, kw_only=True)
class PostmarkSettings:
    """The table `[postmark]`. Raises ValueError for a url that would send the token in the clear."""

    token_file: Path | None = None
    message_stream: str = "broadcast"
    """Newsletters must not go through a transactional stream."""
    batch: int = MOST_PER_REQUEST
    """Messages per request: as many become `uncertain` if its answer is lost."""
    per_hour: int | None = None
    per_day: int | None = None
    url: str = "https://api.postmarkapp.com"
    retry_pause: float = 5.0
    """Seconds before the second try after a refusal of the whole request; then twice as long each time."""

    def __post_init__(self) -> None:
        if not self.url.startswith("https://") and not (self.url.startswith("http://") and self.is_loopback):
            raise ValueError("url must begin with https://")
        if self.batch > MOST_PER_REQUEST:
            raise ValueError(f"batch must be at most {MOST_PER_REQUEST}")

    @property
    def is_loopback(self) -> bool:
        return is_loopback(urlsplit(self.url).hostname or "")


class PostmarkProvider:
    """Raises ConfigurationError without a token. `open_client` makes the client that one `deliver` uses."""

    name = NAME
    rehearses = False

    def __init__(self, settings: PostmarkSettings, token: str | None, open_client: ClientFactory) -> None:
        if not token or not token.isascii() or not token.isprintable():
            raise ConfigurationError(
                "The server token for Postmark is missing.",
                where="[postmark]",
                remedy=f"Copy it from API Tokens on your server's page there into the environment as {TOKEN_VARIABLE}.",
            )
        self.settings = settings
        self.is_local = settings.is_loopback
        self.limits = Limits(per_hour=settings.per_hour, per_day=settings.per_day)
        self._headers = {
            "X-Postmark-Server-Token": token,
            "Accept": "application/json",
            "Content-Type": "application/json",
        }
        self._open_client = open_client

    async def deliver(self, work: Work) -> None:
        failures = 0
        refusal = None
        async with self._open_client() as client:
            while taken := await work.take(self.settings.batch):
                refusal = await self._send(client, work, taken)
                failures = failures + 1 if refusal else 0
                if refusal:
                    await self._pause(refusal, failures)
        if refusal:
            raise self._error(refusal)

    async def _pause(self, refusal: Refusal, failures: int) -> None:
        """Wait as long as we are asked to, or raise ProviderError if there is no sense in it."""
        pause = max(refusal.retry_after or 0.0, self.settings.retry_pause * 2 ** (failures - 1))
        if refusal.hopeless or failures >= _MOST_FAILURES or pause > _LONGEST_PAUSE:
            raise self._error(refusal)
        await asyncio.sleep(pause)

    def _error(self, refusal: Refusal) -> ProviderError:
        return ProviderError(refusal.message, where=urlsplit(self.settings.url).netloc, remedy=refusal.remedy)

    async def _send(self, client: httpx.AsyncClient, work: Work, taken: Sequence[Message]) -> Refusal | None:
        """Report every message taken. Return why some of them went back, if so."""
        sheet = _Sheet(work, taken)
        try:
            elements = await self._elements(sheet, taken)
            for request in _requests(elements):
                sheet.refusal = await self._hand_over(client, sheet, request)
                if sheet.refusal:
                    break
        finally:
            await sheet.close()
        return sheet.refusal

    async def _elements(self, sheet: _Sheet, taken: Sequence[Message]) -> list[_Element]:
        elements = []
        for message in taken:
            try:
                recipient = wire_address(message.recipient)
            except AddressError as error:
                await sheet.report(message, Item(result=Result.FAILED, note=str(error)))
            else:
                octets = _encode(message, recipient, self.settings.message_stream)
                elements.append(_Element(message, recipient, octets))
        return elements

    async def _hand_over(self, client: httpx.AsyncClient, sheet: _Sheet, request: Sequence[_Element]) -> Refusal | None:
        status, answer = await self._post(client, sheet, request)
        if isinstance(answer, Refusal):
            sheet.in_flight = ()
            if not answer.splits:
                return answer
            # Refused whole, perhaps for the sake of one. Nothing was taken: one by one it shows which.
            for element in request:
                refusal = await self._hand_over(client, sheet, (element,))
                if refusal:
                    return refusal
            return None
        for element, item in zip(request, answer, strict=True):
            await sheet.report(element.message, item, status)
        return next((item.refusal for item in answer if item.refusal), None) or _lost(answer)

    async def _post(
        self, client: httpx.AsyncClient, sheet: _Sheet, request: Sequence[_Element]
    ) -> tuple[int | None, tuple[Item, ...] | Refusal]:
        address = f"{self.settings.url}/email/batch"
        content = b"[" + b",".join(element.octets for element in request) + b"]"
        sheet.in_flight = tuple(element.message for element in request)
        try:
            async with client.stream("POST", address, content=content, headers=self._headers) as response:
                body = await _read(response)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return None, Refusal(message=f"Postmark cannot be reached: {error or 'no answer in time'}")
        except httpx.HTTPError as error:
            lost = Item(result=Result.UNCERTAIN, note=f"The answer was lost: {error or type(error).__name__}")
            return None, (lost,) * len(request)
        recipients = [element.recipient for element in request]
        return response.status_code, read_response(response.status_code, response.headers, body, recipients)


def _build(settings: PostmarkSettings, secrets: Found, paths: PathSettings) -> PostmarkProvider:
    del paths
    return PostmarkProvider(settings, secrets.get(TOKEN), partial(open_client, allow_loopback=settings.is_loopback))


TOKEN = Secret(TOKEN_VARIABLE, "token_file")
SPEC = ProviderSpec(PostmarkSettings, _build, (TOKEN,))


class _Sheet:
    """What of one `take` is not reported yet. `in_flight` may have been taken by the other side."""

    def __init__(self, work: Work, taken: Sequence[Message]) -> None:
        self._work = work
        self._open = {message.delivery_id: message for message in taken}
        self.in_flight: tuple[Message, ...] = ()
        self.refusal: Refusal | None = None
        """Why the rest goes back."""

    async def report(self, message: Message, item: Item, status: int | None = None) -> None:
        del self._open[message.delivery_id]
        await self._work.report(
            Outcome(
                delivery_id=message.delivery_id,
                result=item.result,
                phase=Phase.REQUEST,
                code=status,
                provider_id=item.provider_id,
                note=scrub(item.note, message.recipient),
                retry_after=item.refusal.retry_after if item.refusal else None,
            )
        )

    async def close(self) -> None:
        """Report the rest: interrupted, or never begun."""
        for message in self.in_flight:
            if message.delivery_id in self._open:
                await self.report(message, Item(result=Result.UNCERTAIN, note="The run was interrupted."))
        note = self.refusal.message if self.refusal else ""
        for message in list(self._open.values()):
            await self.report(message, Item(result=Result.RETURNED, note=note, refusal=self.refusal))


@dataclass(frozen=True, slots=True)
class _Element:
    message: Message
    recipient: str
    octets: bytes


def _requests(elements: Sequence[_Element]) -> Iterator[tuple[_Element, ...]]:
    """Split what was taken so that no request is too large."""
    request: list[_Element] = []
    size = 0
    for element in elements:
        if request and size + len(element.octets) > _MOST_OCTETS:
            yield tuple(request)
            request, size = [], 0
        request.append(element)
        size += len(element.octets)
    if request:
        yield tuple(request)


def _encode(message: Message, recipient: str, stream: str) -> bytes:
    parts = message.parts()
    reply_to = [value for name, value in parts.headers if name.lower() == "reply-to"]
    headers = [(name, value) for name, value in parts.headers if name.lower() != "reply-to"]
    element = {
        "From": parts.sender,
        "To": recipient,
        "Subject": parts.subject,
        "HtmlBody": parts.html,
        "TextBody": parts.text,
        **({"ReplyTo": ", ".join(reply_to)} if reply_to else {}),
        "MessageStream": stream,
        "TrackOpens": False,
        "TrackLinks": "None",
        # Without X-PM-KeepID they write a Message-ID of their own.
        "Headers": [
            {"Name": name, "Value": value}
            for name, value in (*headers, ("Message-ID", message.message_id), ("X-PM-KeepID", "true"))
        ],
    }
    return json.dumps(element, ensure_ascii=False, separators=(",", ":")).encode()


async def _read(response: httpx.Response) -> bytes:
    """Return the body as far as it can be had: once the status is known, a broken body changes no result."""
    try:
        return await response.aread()
    except httpx.HTTPError:
        return b""


def _lost(answer: Sequence[Item]) -> Refusal | None:
    """An unclear answer ends the run: the next batch would most likely become unclear as well."""
    notes = [item.note for item in answer if item.result is Result.UNCERTAIN]
    if not notes:
        return None
    count = "1 message is" if len(notes) == 1 else f"{len(notes)} messages are"
    return Refusal(
        message=f"{count} unclear: Postmark may have taken it or not. {notes[0]}",
        remedy="Look at the activity page at Postmark, then settle them with `briefingfeed deliveries resolve`.",
        hopeless=True,
    )

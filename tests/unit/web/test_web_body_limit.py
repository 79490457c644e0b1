"""How much of a request is read."""

from __future__ import annotations

import asyncio

import pytest
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from briefingfeed.web.requests import BodyLimit


async def read_all(scope: Scope, receive: Receive, send: Send) -> None:
    while (await receive())["more_body"]:
        pass


def ask(*pieces: bytes) -> None:
    waiting = list(pieces)

    async def receive() -> Message:
        return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}

    async def send(message: Message) -> None:
        raise AssertionError(message)

    asyncio.run(BodyLimit(read_all, most=10)({"type": "http"}, receive, send))


def test_a_body_may_be_as_large_as_the_limit() -> None:
    ask(b"12345", b"67890")


def test_a_body_that_comes_in_small_pieces_is_limited_as_a_whole() -> None:
    with pytest.raises(HTTPException) as refused:
        ask(b"12345", b"67890", b"1")
    assert refused.value.status_code == 413

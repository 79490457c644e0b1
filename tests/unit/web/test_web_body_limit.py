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

    asyncio.run(BodyLimit(read_all, most=10)({"type": "http"}, receive, never))


async def never(message: Message) -> None:
    raise AssertionError(message)


def test_a_body_may_be_as_large_as_the_limit() -> None:
    ask(b"12345", b"67890")


def test_a_body_that_comes_in_small_pieces_is_limited_as_a_whole() -> None:
    with pytest.raises(HTTPException) as refused:
        ask(b"12345", b"67890", b"1")
    assert refused.value.status_code == 413


def test_a_body_that_never_ends_is_not_waited_for() -> None:
    async def receive() -> Message:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b"", "more_body": True}

    async def ask_slowly() -> None:
        limit = BodyLimit(read_all, patience=0.1)
        await asyncio.wait_for(limit({"type": "http"}, receive, never), 30)

    with pytest.raises(HTTPException) as refused:
        asyncio.run(ask_slowly())
    assert refused.value.status_code == 408


def test_the_end_of_the_connection_may_come_whenever_it_will() -> None:
    coming = [{"type": "http.disconnect"}, {"type": "http.request", "body": b"x", "more_body": False}]
    heard: list[Message] = []

    async def receive() -> Message:
        await asyncio.sleep(0 if len(coming) == 2 else 0.1)
        return coming.pop()

    async def listen(scope: Scope, receive: Receive, send: Send) -> None:
        heard.extend([await receive(), await receive()])

    asyncio.run(BodyLimit(listen, patience=0.05)({"type": "http"}, receive, never))
    assert [message["type"] for message in heard] == ["http.request", "http.disconnect"]

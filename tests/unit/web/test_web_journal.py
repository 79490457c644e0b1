from __future__ import annotations

import asyncio
import logging

import httpx
from starlette.responses import PlainTextResponse

from briefingfeed.web.requests import Journal


def test_an_unforeseen_error_is_answered_and_its_text_stays_out_of_the_log(caplog):
    caplog.set_level(logging.DEBUG, "briefingfeed")

    address = "ann@example.org"

    async def broken(scope, receive, send):
        raise ZeroDivisionError(address)

    async def ask() -> httpx.Response:
        app = Journal(broken, fallback=PlainTextResponse("sorry", 500))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x.example") as client:
            return await client.get("/ann@example.org")

    answer = asyncio.run(ask())
    assert (answer.status_code, answer.text) == (500, "sorry")
    assert "ZeroDivisionError" in caplog.text
    assert "in broken" in caplog.text
    assert "ann@" not in caplog.text

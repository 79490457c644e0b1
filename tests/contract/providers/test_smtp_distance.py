"""How far away a server is: a session knows it from the answers before its first message."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from briefingfeed.providers.smtp_opening import Door
from briefingfeed.providers.smtp_protocol import Session
from briefingfeed.providers.smtp_settings import Security, SmtpSettings

pytestmark = pytest.mark.anyio

FAR = 0.05


@asynccontextmanager
async def server(delays: list[float]) -> AsyncIterator[SmtpSettings]:
    """One that answers each command after the next of `delays`, in seconds; it knows HELO only."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ready\r\n")
        while line := await reader.readline():
            await asyncio.sleep(delays.pop(0))
            writer.write(b"502 unknown\r\n" if line.startswith(b"EHLO") else b"250 fine\r\n")
        writer.close()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        yield SmtpSettings(host="127.0.0.1", port=port, security=Security.NONE)


async def opened(settings: SmtpSettings) -> Session:
    session = await Door(settings, None, ssl.create_default_context).open_session()
    session.wire.close()
    return session


async def test_the_quickest_answer_counts() -> None:
    async with server([4 * FAR, FAR]) as settings:
        assert FAR <= (await opened(settings)).round_trip < 4 * FAR


async def test_one_slow_answer_makes_no_server_far() -> None:
    async with server([0.0, 4 * FAR]) as settings:
        assert (await opened(settings)).round_trip < 4 * FAR

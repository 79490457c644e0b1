"""Whether a sink is as far away as it was told to be: measured by a client that does nothing else."""

from __future__ import annotations

import asyncio
import time
from statistics import median

from sinks import quick_sink

TIMES = 25
OFF = 0.05
"""By how much of it a round trip may be too long; too short none may be. A quarter of them must keep to that, in one of
so many attempts: a busy machine delays some, a sink that is wrong delays all."""
ATTEMPTS = 5
COPY = (b"MAIL FROM:<a@measured.example.net>", b"RCPT TO:<b@measured.example.net>", b"DATA", b".", b"QUIT")


class WrongDistanceError(Exception):
    """The sink answers too early, too late, or out of turn: nothing measured against it would mean anything."""


def prove(milliseconds: int) -> str:
    """Say how long round trips take, alone, many at once, and overlapping; raise WrongDistanceError if it is wrong."""
    for _ in range(ATTEMPTS):
        with quick_sink(milliseconds) as sink:
            trips = asyncio.run(_measure(sink.port, milliseconds / 1000))
        told = ", ".join(f"{median(taken) * 1000:.2f} ms {name}" for name, taken in trips.items())
        if all(sorted(taken)[TIMES // 4] <= milliseconds / 1000 * (1 + OFF) for taken in trips.values()):
            return f"Round trips to the sink: {told}."
    raise WrongDistanceError(f"Round trips to the sink take {told}, not {milliseconds}. Is the machine busy?")


async def _measure(port: int, delay: float) -> dict[str, list[float]]:
    """Return the seconds of some round trips of each kind; raise WrongDistanceError if one is too short."""
    client = await _Client.connect(port)
    trips = {
        "alone": [(await client.trips(1, 0))[0] for _ in range(TIMES)],
        "the last of ten sent at once": [(await client.trips(10, 0))[-1] for _ in range(TIMES)],
        f"sent {delay / 4 * 1000:.0f} ms after one another": await client.trips(TIMES, delay / 4),
    }
    codes = await client.send_copy()
    if codes != ["250", "250", "354", "250", "221"]:
        raise WrongDistanceError(f"The sink's replies are out of turn: {' '.join(codes)}.")
    shortest = min(min(taken) for taken in trips.values())
    if shortest < delay:
        raise WrongDistanceError(f"A round trip to the sink takes only {shortest * 1000:.2f} ms.")
    return trips


class _Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connect(cls, port: int) -> _Client:
        client = cls(*await asyncio.open_connection("127.0.0.1", port))
        await client._code()
        return client

    async def trips(self, times: int, apart: float) -> list[float]:
        """Seconds from each of so many commands to its reply; the next command doesn't wait for it."""
        sent: list[float] = []

        async def say() -> None:
            for _ in range(times):
                sent.append(time.perf_counter())
                self._writer.write(b"NOOP\r\n")
                await asyncio.sleep(apart)

        saying = asyncio.create_task(say())
        taken = []
        for number in range(times):
            await self._code()
            taken.append(time.perf_counter() - sent[number])
        await saying
        return taken

    async def send_copy(self) -> list[str]:
        """The codes that a mail gets whose commands are all sent without waiting, its dot and QUIT among them."""
        self._writer.writelines(line + b"\r\n" for line in COPY)
        codes = [await self._code() for _ in COPY]
        self._writer.close()
        await self._writer.wait_closed()
        return codes

    async def _code(self) -> str:
        return (await self._reader.readline())[:3].decode()

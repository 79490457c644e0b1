"""How fast the providers over HTTP hand over a digest, beside bare httpx that posts the very same requests.

    python benchmarks/services.py [--recipients 20000] [--runs 5] [--only ses]

Into a server on loopback, in a process of its own, that reads a request whole and says yes to all of it. There is no
ledger: what is measured is the provider alone, from the copy to what became of it. Read processor time per recipient:
the rates belong to the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import multiprocessing
import resource
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import httpx

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from briefingfeed.models.delivery import Message, Outcome
from briefingfeed.providers.addresses import wire_address
from briefingfeed.providers.http_provider import HttpProvider
from briefingfeed.providers.http_service import Copy, Request, Service
from briefingfeed.providers.registry import provider_spec
from servers.api_ways import copy_of, digest, provider_for

SERVICES = ("postmark", "resend", "ses", "mailgun", "brevo", "sendgrid")
CLAIM = 500
"""Messages that the delivery run hands out at once, at most."""
KILOBYTES = 40
GOALS = {"mailgun": 50_000, "brevo": 50_000, "sendgrid": 50_000, "postmark": 2_000, "resend": 2_000}


@dataclass(frozen=True, slots=True)
class Measured:
    seconds: float
    cpu: float


class CountedWork:
    """Hands out copies made beforehand, and counts what is reported."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self._messages = messages
        self._next = 0
        self.reported = 0
        self.memory = None

    async def take(self, most: int) -> Sequence[Message]:
        start = self._next
        self._next += min(most, CLAIM)
        return self._messages[start : self._next]

    async def report(self, outcome: Outcome) -> None:
        assert outcome.result == "accepted", outcome
        self.reported += 1

    def reached(self, place: str) -> None:
        """Nothing dies here."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipients", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=5, help="runs of each, taken in turn")
    parser.add_argument("--only", choices=SERVICES)
    arguments = parser.parse_args()
    line = "<p>Words of the digest, zwölf of them, and a link: https://measured.example.net/a-post</p>\n"
    rendition = digest(
        "Words.\n" * 200 + "Leave: {leave}\n", line * (KILOBYTES * 1000 // len(line)) + "<a href='{leave}'>x</a>"
    )
    print(f"{KILOBYTES} kB digest, {arguments.recipients:,} recipients, {arguments.runs} runs")
    print("service    recipients/s   µs of CPU each   of bare httpx: rate    CPU   goal")
    with sink() as url:
        for name in SERVICES if arguments.only is None else (arguments.only,):
            few = name in ("ses", "postmark", "resend")
            count = arguments.recipients // (10 if few else 1)
            messages = [
                copy_of(rendition, number, f"reader-{number}@readers.example.net", "https://measured.example.net/u/")
                for number in range(count)
            ]
            gc.freeze()  # a run does not hold all its copies at once
            provider = _provider(name, url)
            requests = list(_requests(provider.service, messages))
            ours, bare = [], []
            for _ in range(arguments.runs):
                ours.append(measured(partial(deliver, provider, messages)))
                bare.append(measured(partial(post, requests, provider.settings.connections)))
            report(name, count, ours, bare)


def _provider(name: str, url: str) -> HttpProvider:
    if name != "postmark":
        return provider_for(name, url, batch=1000 if name in GOALS and GOALS[name] == 50_000 else 100)
    spec = provider_spec(name)
    settings = spec.settings(url=url)
    provider = spec.build(settings, dict.fromkeys(spec.secrets, "secret"), None, None)  # type: ignore[arg-type]
    assert isinstance(provider, HttpProvider)
    return provider


def _requests(service: Service, messages: Sequence[Message]) -> Iterator[Request]:
    most = min(CLAIM, service.settings.most_taken)
    for start in range(0, len(messages), most):
        group = messages[start : start + most]
        yield from service.requests([Copy(message, wire_address(message.recipient)) for message in group])


async def deliver(provider: HttpProvider, messages: Sequence[Message]) -> None:
    work = CountedWork(messages)
    await provider.deliver(work)
    assert work.reported == len(messages)


async def post(requests: Sequence[Request], connections: int) -> None:
    """One client, as many requests in flight as ours has, and no thought given to the answers."""
    waiting = iter(requests)
    async with httpx.AsyncClient(timeout=60) as client:

        async def lane() -> None:
            for request in waiting:
                response = await client.post(request.url, content=request.content, headers=dict(request.headers))
                response.raise_for_status()

        await asyncio.gather(*(lane() for _ in range(connections)))


def measured(work: Callable[[], object]) -> Measured:
    before, start = _cpu(), time.perf_counter()
    asyncio.run(work())  # type: ignore[arg-type]
    return Measured(time.perf_counter() - start, _cpu() - before)


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def report(name: str, count: int, ours: Sequence[Measured], bare: Sequence[Measured]) -> None:
    rate = count / median(run.seconds for run in ours)
    cpu = median(run.cpu for run in ours) / count * 1e6
    speed = median(run.seconds for run in bare) / median(run.seconds for run in ours)
    cost = median(run.cpu for run in ours) / median(run.cpu for run in bare)
    goal = f"{GOALS[name]:,}/s" if name in GOALS else "0.70 of bare"
    print(f"{name:<10} {rate:>12,.0f} {cpu:>16.1f} {speed:>21.2f} {cost:>6.2f}   {goal}")


@contextmanager
def sink() -> Iterator[str]:
    """A server that says yes to everything, in a process of its own, ended on the way out."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(100)
        process = multiprocessing.get_context("fork").Process(target=_serve, args=(listening,), daemon=True)
        process.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            process.terminate()
            process.join()


def _serve(listening: socket.socket) -> None:
    async def serve() -> None:
        server = await asyncio.start_server(_answer, sock=listening, limit=1 << 20)
        await server.serve_forever()

    asyncio.run(serve())


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer requests one after the other, by the bytes: no body is looked at."""
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            left = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
            while left:
                left -= len(await reader.read(min(left, 1 << 20)))
            body = b"" if b"/v3/mail/send" in head else json.dumps({"id": "x", "MessageId": "x"}).encode()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
            await writer.drain()
            if b"connection: close" in head:
                break
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


if __name__ == "__main__":
    main()

"""How many signed copies of a digest a second of processor time makes, beside what one would otherwise use.

    python benchmarks/signing.py [--copies 2000] [--runs 5]

RSA-2048, relaxed/simple, digests of about 40 and 60 kB whose copies differ in address, Message-ID and unsubscribe link.
`bare` is the signature alone, by `cryptography`, over 32 bytes that are hashed already: nothing can be cheaper. `ours`
is a whole copy, spliced and signed. `dkimpy` signs bytes that are there already; the loop builds an `EmailMessage` for
each reader first. Seconds are those of the processor, medians of runs taken in turn. At the end, by the clock too, what
the threads of a run make of it: that tells something only on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from statistics import median

import dkim
from copying import DOMAIN, KEY, SELECTOR, claimed, copies_of, cpu_of, digest_of, make_signer, sign_bare

from briefingfeed.delivery.copies import Copies
from briefingfeed.delivery.workshop import Workshop
from briefingfeed.dkim.keys import pem_text
from briefingfeed.models.delivery import Claimed, Message
from briefingfeed.models.edition import Rendition

PEM = pem_text(KEY).encode()
FIELDS = (b"From", b"To", b"Subject", b"Date", b"Message-ID", b"List-Unsubscribe", b"List-Unsubscribe-Post", b"From")
SIZES = (40, 60)
"""kB of a whole message."""
WINDOW = 32
"""Copies that the event loop asks for at a time."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--copies", type=int, default=2_000)
    parser.add_argument("--runs", type=int, default=5, help="runs of each, taken in turn")
    arguments = parser.parse_args()
    print("                      copies per CPU second     CPU, bare = 1   ours is so many times as fast")
    for size in SIZES:
        _compare(size, arguments.copies, arguments.runs)
    _scale(SIZES[-1], arguments.copies, arguments.runs)


def _compare(size: int, count: int, runs: int) -> None:
    made = digest_of(size)
    rows = claimed(count)
    unsigned, signing = copies_of(made, None), copies_of(made, make_signer())
    raw = b"".join(unsigned.message(rows[0]).segments)
    ways: dict[str, tuple[Callable[[], object], int]] = {
        "bare": (lambda: sign_bare(count), count),
        "ours": (lambda: [signing.message(row) for row in rows], count),
        "ours, unsigned": (lambda: [unsigned.message(row) for row in rows], count),
        "dkimpy": (lambda: [_dkimpy(raw) for _ in rows[: count // 20]], count // 20),
        "EmailMessage, dkimpy": (lambda: [_usual(row, made) for row in rows[: count // 20]], count // 20),
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(runs):
        for name, (work, times) in ways.items():
            taken[name].append(cpu_of(work) / times)
    each = {name: median(seconds) for name, seconds in taken.items()}
    print(f"{len(raw):,} bytes")
    for name, seconds in each.items():
        print(f"  {name:<20}  {1 / seconds:>20,.0f}  {seconds / each['bare']:>16.2f}  {seconds / each['ours']:>30.2f}")


def _scale(size: int, count: int, runs: int) -> None:
    copies, rows = copies_of(digest_of(size), make_signer()), claimed(count)
    wall: dict[int, list[float]] = {1: [], 2: []}
    cpu: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(runs):
        for threads in wall:
            started = time.perf_counter()
            cpu[threads].append(cpu_of(lambda threads=threads: asyncio.run(_fetch(copies, rows, threads))))
            wall[threads].append(time.perf_counter() - started)
    one, two = (median(seconds) for seconds in wall.values())
    print("through a Workshop   copies per CPU second   per second of the clock")
    for threads in wall:
        print(f"  threads: {threads}  {count / median(cpu[threads]):>28,.0f}  {count / median(wall[threads]):>24,.0f}")
    print(f"  two threads are {one / two:.2f} times as fast by the clock")


async def _fetch(copies: Copies, rows: Sequence[Claimed], threads: int) -> list[Message]:
    fetched: list[Message] = []
    with Workshop(copies, threads) as workshop:
        workshop.begin(rows)
        for start in range(0, len(rows), WINDOW):
            made = await workshop.fetch(rows[start : start + WINDOW])
            fetched += [message for message in made if isinstance(message, Message)]
    assert len(fetched) == len(rows)
    return fetched


def _dkimpy(raw: bytes) -> bytes:
    signature: bytes = dkim.sign(
        raw,
        SELECTOR.encode(),
        DOMAIN.encode(),
        PEM,
        canonicalize=(b"relaxed", b"simple"),
        include_headers=list(FIELDS),
    )
    return signature + raw


def _usual(row: Claimed, made: Rendition) -> bytes:
    message = EmailMessage()
    for name, value in made.headers:
        if name not in ("To", "Message-ID", "List-Unsubscribe"):
            message[name] = value
    message["To"] = row.address
    message["Message-ID"] = f"<{row.subscriber_id}@{DOMAIN}>"
    message["List-Unsubscribe"] = f"<https://{DOMAIN}/u/{row.subscriber_id}>"
    message.set_content(made.text)
    message.add_alternative(made.html, subtype="html")
    return _dkimpy(message.as_bytes())


if __name__ == "__main__":
    main()

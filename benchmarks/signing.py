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
from datetime import UTC, datetime
from email.message import EmailMessage
from functools import partial
from statistics import median

import dkim
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256

from briefingfeed.delivery.copies import Copies
from briefingfeed.delivery.workshop import Workshop
from briefingfeed.dkim.keys import make_key, pem_text
from briefingfeed.dkim.signing import Signer
from briefingfeed.models.delivery import Claimed, Message
from briefingfeed.models.edition import Cadence, Edition, EditionState, Rendition, SlotName, content_hash
from briefingfeed.newsletter.mime import build_message
from briefingfeed.newsletter.placeholders import placeholders_for
from briefingfeed.tokens import Keyring, fingerprint

DOMAIN, SELECTOR = "measured.example.net", "b1"
KEY = make_key()
PEM = pem_text(KEY).encode()
SECRET = b"thirty-two octets, only for this"
AT = datetime(2026, 11, 16, 8, tzinfo=UTC)
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
    made = _rendition(size)
    rows = _rows(count)
    unsigned, signing = _copies(made, None), _copies(made, _signer())
    raw = b"".join(unsigned.message(rows[0]).segments)
    ways: dict[str, tuple[Callable[[], object], int]] = {
        "bare": (lambda: [KEY.sign(SECRET, PKCS1v15(), Prehashed(SHA256())) for _ in rows], count),
        "ours": (lambda: [signing.message(row) for row in rows], count),
        "ours, unsigned": (lambda: [unsigned.message(row) for row in rows], count),
        "dkimpy": (lambda: [_dkimpy(raw) for _ in rows[: count // 20]], count // 20),
        "EmailMessage, dkimpy": (lambda: [_usual(row, made) for row in rows[: count // 20]], count // 20),
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(runs):
        for name, (work, times) in ways.items():
            taken[name].append(_cpu(work) / times)
    each = {name: median(seconds) for name, seconds in taken.items()}
    print(f"{len(raw):,} bytes")
    for name, seconds in each.items():
        print(f"  {name:<20}  {1 / seconds:>20,.0f}  {seconds / each['bare']:>16.2f}  {seconds / each['ours']:>30.2f}")


def _scale(size: int, count: int, runs: int) -> None:
    copies, rows = _copies(_rendition(size), _signer()), _rows(count)
    wall: dict[int, list[float]] = {1: [], 2: []}
    cpu: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(runs):
        for threads in wall:
            started = time.perf_counter()
            cpu[threads].append(_cpu(lambda threads=threads: asyncio.run(_fetch(copies, rows, threads))))
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


def _cpu(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _rendition(size: int) -> Rendition:
    """A digest of `size` kB, a third of it text; its links stand near the end of each part, as in ours."""
    text = "The council asks what everybody thinks of the harbour, and when.\n" * (size * 1000 // 3 // 66)
    html = '<p style="margin:0 0 16px">The council asks what everybody thinks.</p>\n' * (size * 1000 * 2 // 3 // 76)
    slots = placeholders_for(text, html)
    link = slots[SlotName.UNSUBSCRIBE_URL]
    text, html = f"{text}\nLeave: {link}\n", f'<html>{html}<a href="{link}">Leave</a></html>\n'
    headers = (
        ("From", f"Measured <digest@{DOMAIN}>"),
        ("To", slots[SlotName.ADDRESS]),
        ("Subject", "Measured: what everybody thinks of the harbour, and when"),
        ("Date", "Mon, 16 Nov 2026 08:00:00 +0000"),
        ("Message-ID", slots[SlotName.MESSAGE_ID]),
        ("List-Id", f"Measured <weekly.{DOMAIN}>"),
        ("List-Unsubscribe", f"<{link}>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("Precedence", "bulk"),
    )
    message = build_message(headers, text, html, slots)
    return Rendition(
        subject=headers[2][1],
        html=html,
        text=text,
        headers=headers,
        message=message,
        post_ids=(),
        content_hash=content_hash(message),
    )


def _copies(made: Rendition, signer: Signer | None) -> Copies:
    edition = Edition(
        key="weekly/2026-W47",
        cadence=Cadence.WEEKLY,
        rehearsal=False,
        slot_at=AT,
        state=EditionState.SENDING,
        signing_key=fingerprint(SECRET),
        sender=f"digest@{DOMAIN}",
        public_url=f"https://{DOMAIN}",
    )
    ring = Keyring({fingerprint(SECRET): SECRET})
    return Copies(edition, lambda _id: made, ring, partial(signer.seal, at=AT) if signer else None)


def _signer() -> Signer:
    return Signer(key=KEY, domain=DOMAIN, selector=SELECTOR)


def _rows(count: int) -> list[Claimed]:
    return [
        Claimed(
            delivery_id=number,
            subscriber_id=f"{number:032x}",
            address=f"reader-{number}@readers.example.net",
            attempts=0,
            rendition_id=1,
        )
        for number in range(count)
    ]


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

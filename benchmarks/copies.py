"""What making a reader's copy costs: the message, its envelope and its marks, unsigned, ready to be handed over.

    python benchmarks/copies.py [--copies 3200] [--rounds 21]

Digests of about 40 and 60 kB whose copies differ in address, Message-ID and unsubscribe link. `ours` makes copies as a
run does, a batch at a time, and lets go of them; with VERP each has an envelope sender of its own, too. `replaced` puts
the same values into the whole digest with `bytes.replace`: no mark of ours is made, nothing is checked or encoded, and
all the digest is copied. `EmailMessage` builds each mail anew, as most scripts do. Microseconds are those of the
processor, medians of rounds taken in turn; read the ratios, since the figures belong to the machine.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from statistics import median

from copying import DOMAIN, claimed, copies_of, digest_of

from briefingfeed.delivery.copies import Copies
from briefingfeed.delivery.workshop import BATCH
from briefingfeed.models.delivery import Claimed
from briefingfeed.models.edition import Rendition, SlotName, SlotValues
from briefingfeed.newsletter.placeholders import placeholders_of

SIZES = (40, 60)
"""kB of a whole message."""
BUILT = 100
"""One copy in so many is built with `EmailMessage`; it is too slow for more."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--copies", type=int, default=3_200)
    parser.add_argument("--rounds", type=int, default=21)
    arguments = parser.parse_args()
    print("                µs of CPU per copy   ours is so many times as fast")
    for size in SIZES:
        _compare(size, arguments.copies, arguments.rounds)


def _compare(size: int, count: int, rounds: int) -> None:
    made, rows = digest_of(size), claimed(count)
    plain, marked = copies_of(made), copies_of(made, return_path=f"bounces@{DOMAIN}")
    few = rows[: max(1, count // BUILT)]
    values = [plain.message(row).values for row in rows]
    stand_ins = placeholders_of(made)
    whole = _with_stand_ins(made, stand_ins)
    ways: dict[str, tuple[Callable[[], object], int]] = {
        "ours": (lambda: _make(plain, rows), count),
        "ours, VERP": (lambda: _make(marked, rows), count),
        "replaced": (lambda: [_replaced(whole, stand_ins, each) for each in values[: len(few)]], len(few)),
        "EmailMessage": (lambda: [_built(made, row) for row in few], len(few)),
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, (work, times) in ways.items():
            started = time.thread_time()
            work()
            taken[name].append((time.thread_time() - started) / times)
    each = {name: median(seconds) for name, seconds in taken.items()}
    print(f"{sum(map(len, plain.message(rows[0]).segments)):,} bytes")
    for name, seconds in each.items():
        print(f"  {name:<14}{seconds * 1e6:>18.1f}{seconds / each['ours']:>32.1f}")


def _make(copies: Copies, rows: Sequence[Claimed]) -> None:
    for start in range(0, len(rows), BATCH):
        [copies.message(row) for row in rows[start : start + BATCH]]


def _with_stand_ins(made: Rendition, stand_ins: SlotValues) -> bytes:
    return b"".join(
        segment if isinstance(segment, bytes) else stand_ins[segment.name].encode() for segment in made.message
    )


def _replaced(whole: bytes, stand_ins: SlotValues, values: SlotValues) -> bytes:
    for name, stand_in in stand_ins.items():
        whole = whole.replace(stand_in.encode(), values[name].encode())
    return whole


def _built(made: Rendition, row: Claimed) -> bytes:
    message = EmailMessage()
    link = f"https://{DOMAIN}/u/{row.subscriber_id}"
    own = {"To": row.address, "Message-ID": f"<{row.subscriber_id}@{DOMAIN}>", "List-Unsubscribe": f"<{link}>"}
    for name, value in made.headers:
        message[name] = own.get(name, value)
    stand_in = placeholders_of(made)[SlotName.UNSUBSCRIBE_URL]
    message.set_content(made.text.replace(stand_in, link))
    message.add_alternative(made.html.replace(stand_in, link), subtype="html")
    return message.as_bytes()


if __name__ == "__main__":
    main()

"""What a signature costs, measured beside the sender that makes one for each mail.

Two floors, since neither alone is fair: `cryptography` signs 32 octets that are hashed already, on one core while the
other rests, and on both at once as a sender does it (cores that share their insides are slower then). `alone` is a
whole copy, spliced, hashed and signed by our code in one thread, without a ledger and without a connection.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from copying import claimed, copies_of, cpu_of, digest_of, make_signer, sign_bare

TIMES = 2_000


@dataclass(frozen=True, slots=True)
class Signatures:
    """Microseconds of processor time of each."""

    bare: float
    bare_on_both: float
    alone: float


def measure_signatures(kilobytes: int) -> Signatures:
    copies, rows = copies_of(digest_of(kilobytes), make_signer()), claimed(TIMES)
    return Signatures(
        bare=_micros(cpu_of(partial(sign_bare, TIMES)), TIMES),
        bare_on_both=_micros(cpu_of(_sign_on_both), 2 * TIMES),
        alone=_micros(cpu_of(lambda: [copies.message(row) for row in rows]), TIMES),
    )


def _sign_on_both() -> None:
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(sign_bare, (TIMES, TIMES)))


def _micros(seconds: float, times: int) -> float:
    return seconds / times * 1e6

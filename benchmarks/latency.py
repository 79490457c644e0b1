"""How fast `briefingfeed send-weekly` is over a long line: mails per second for each of its connections.

    python benchmarks/latency.py                  about 9 minutes
    python benchmarks/latency.py --runs 3         about 6 (`make bench`)
    python benchmarks/latency.py --quick          about 1

Into quick_sink.c, each of whose replies leaves --delay milliseconds after what it answers. A sender that waits for
one answer per mail hands over `connections / delay` mails a second: the ratio is to that. smtp-source, for one, waits
for four. *Whole* counts the process from start to end, its freeze and ledger included; *sending* what the sink saw,
from the first command to the last final dot. Mails are as many as should take --seconds. First the sink is put to the
proof by a client that does nothing else; if a round trip takes anything else, the benchmark ends with an error.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from ours import DIGESTS, Publication
from round_trips import WrongDistanceError, prove
from sinks import MailsMissingError, quick_sink, size_of
from turns import medians, table, table_line

HEAD = (
    "connections",
    "mails",
    "messages/s, whole",
    "ratio",
    "messages/s, sending",
    "ratio",
    "CPU µs each",
    "the sink late by",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    whole: float
    """Seconds of the process."""
    sending: float
    cpu: float
    late: float
    """Seconds that a reply of the sink left too late, on average: the sink's fault, and counted against us."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 4, 16, 50], help="50 is the most")
    parser.add_argument("--delay", type=int, default=20, help="milliseconds")
    parser.add_argument("--seconds", type=float, default=20, help="of each turn, were it as fast as the line")
    parser.add_argument("--size", type=int, choices=DIGESTS, default=40, help="kB, about")
    parser.add_argument("--signed", action="store_true", help="by DKIM, RSA-2048")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="one run of about 5 seconds each")
    if parser.parse_args().quick:
        parser.set_defaults(runs=1, seconds=5)
    chosen = parser.parse_args()
    try:
        print(prove(chosen.delay))
        print_table(chosen)
    except (MailsMissingError, WrongDistanceError) as error:
        sys.exit(str(error))


def print_table(chosen: argparse.Namespace) -> None:
    for place, connections in enumerate(chosen.connections):
        line = connections / (chosen.delay / 1000)
        mails = int(line * chosen.seconds)
        with tempfile.TemporaryDirectory(prefix="briefingfeed-bench-") as folder:
            publication = Publication.make(Path(folder), mails, chosen.size)
            if place == 0:
                print_head(publication, chosen)
            turns = []
            for run in range(chosen.runs):
                print(f"{connections} connections, {mails:,} mails: {run + 1} of {chosen.runs} …", file=sys.stderr)
                turns.append(take_turn(publication, connections, chosen))
        print(table_line([str(connections), f"{mails:,}", *_figures(turns, mails, line)]), flush=True)


def print_head(publication: Publication, chosen: argparse.Namespace) -> None:
    size = size_of(lambda port: publication.send_one(port, signed=chosen.signed))
    told = "signed, " if chosen.signed else ""
    print(f"\nMails of {size:,} bytes, {told}{chosen.delay} ms for each round trip; {medians(chosen.runs)}:\n")
    print(table(HEAD, []), flush=True)


def _figures(turns: Sequence[Turn], mails: int, line: float) -> list[str]:
    """`line`: mails a second at one round trip each."""
    whole = mails / median(turn.whole for turn in turns)
    sending = mails / median(turn.sending for turn in turns)
    return [
        *(f"{whole:,.0f}", f"{whole / line:.2f} ×"),
        *(f"{sending:,.0f}", f"{sending / line:.2f} ×"),
        f"{median(turn.cpu for turn in turns) / mails * 1e6:,.0f}",
        f"{median(turn.late for turn in turns) * 1e3:.2f} ms",
    ]


def take_turn(publication: Publication, connections: int, chosen: argparse.Namespace) -> Turn:
    with quick_sink(chosen.delay) as sink:
        measured = publication.send_weekly(sink.port, connections=connections, signed=chosen.signed)
    sink.check("send-weekly", publication.recipients, publication.recipients)
    return Turn(whole=measured.seconds, sending=sink.last - sink.began, cpu=measured.cpu, late=sink.late)


if __name__ == "__main__":
    main()

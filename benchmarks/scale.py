"""What a reader costs, be there ten thousand or a million; how soon a long list begins, and begins again.

    python benchmarks/scale.py                                about 12 minutes; 2 GB in the folder for temporary files
    python benchmarks/scale.py --recipients 10000 100000      about 2

`briefingfeed send-weekly`, whole processes, into quick_sink.c. A run for ten readers tells what a start costs; *CPU µs
each* is the processor time of a mail with that taken off, and beside it the same as a ratio to that of the shortest
list. *First mail* counts from the start of the process to the first final dot, freeze included. Then another run is
killed (SIGKILL) half-way, and *after a kill* is the same for the run after it: it has to find out who is left.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from measure import Measured, run, run_for
from ours import DIGESTS, WEEKLY, Publication
from sinks import MailsMissingError, Sink, quick_sink
from turns import table, table_line

HEAD = (
    "readers",
    "messages/s",
    "CPU µs each",
    "of the shortest list's",
    "first mail after",
    "MiB",
    "first mail after a kill",
    "MiB",
)
FEW = 10
ENOUGH = 15.0
"""Seconds after which a run that follows a killed one is killed, too: only its beginning matters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    took: Measured
    first: float
    """Seconds until its first mail had come; negative if none did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """Runs with a list of one length."""

    readers: int
    whole: list[Run]
    again: list[Run]

    @property
    def cpu(self) -> float:
        return median(each.took.cpu for each in self.whole)

    def each(self, start: float) -> float:
        """Seconds of processor time per mail; `start`: those of a run that has next to none."""
        return (self.cpu - start) / self.readers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipients", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--size", type=int, choices=DIGESTS, default=40, help="kB, about")
    parser.add_argument("--runs", type=int, default=1)
    chosen = parser.parse_args()
    try:
        start = measure(FEW, chosen)
        print(f"\nFor {FEW} readers: {start.cpu:.2f} s of CPU, first mail after {_first(start.whole)}.\n")
        print(table(HEAD, []), flush=True)
        shortest = None
        for readers in sorted(chosen.recipients):
            length = measure(readers, chosen)
            shortest = shortest or length.each(start.cpu)
            print(table_line(_figures(length, start.cpu, shortest)), flush=True)
    except MailsMissingError as error:
        sys.exit(str(error))


def measure(readers: int, chosen: argparse.Namespace) -> Length:
    length = Length(readers=readers, whole=[], again=[])
    with tempfile.TemporaryDirectory(prefix="briefingfeed-bench-") as folder:
        publication = Publication.make(Path(folder), readers, chosen.size)
        for _ in range(chosen.runs):
            whole = _send(publication, chosen.connections)
            length.whole.append(whole)
            if readers > FEW:
                half = whole.first + (whole.took.seconds - whole.first) / 2
                length.again.append(_send_again(publication, chosen.connections, half))
    return length


def _send(publication: Publication, connections: int) -> Run:
    with quick_sink() as sink:
        publication.begin_anew(sink.port, connections=connections)
        started = time.perf_counter()
        took = run(WEEKLY, folder=publication.folder)
    sink.check("send-weekly", publication.recipients, publication.recipients)
    return Run(took=took, first=sink.first - started)


def _send_again(publication: Publication, connections: int, half: float) -> Run:
    with quick_sink() as sink:
        publication.begin_anew(sink.port, connections=connections)
        run_for(half, WEEKLY, folder=publication.folder)
    with quick_sink() as rest:
        publication.settle(rest.port, connections)
        started = time.perf_counter()
        took = run_for(ENOUGH, WEEKLY, folder=publication.folder)
    _check_halves(sink, rest, publication.recipients)
    return Run(took=took, first=rest.first - started)


def _check_halves(sink: Sink, rest: Sink, readers: int) -> None:
    for name, half in (("killed", sink), ("next", rest)):
        half.check(f"the {name} run", half.messages, half.messages)
    if sink.messages + rest.messages > readers:
        raise MailsMissingError(f"{sink.messages:,} mails and {rest.messages:,} more for {readers:,} readers")


def _figures(length: Length, start: float, shortest: float) -> list[str]:
    each = length.each(start)
    return [
        f"{length.readers:,}",
        f"{length.readers / median(one.took.seconds for one in length.whole):,.0f}",
        f"{each * 1e6:,.0f}",
        f"{each / shortest:.2f} ×",
        *(_first(length.whole), _peak(length.whole)),
        *(_first(length.again), _peak(length.again)),
    ]


def _first(runs: list[Run]) -> str:
    seconds = median(one.first for one in runs)
    return f"{seconds:.2f} s" if seconds > 0 else "(never)"


def _peak(runs: list[Run]) -> str:
    return f"{max(one.took.peak_mib for one in runs):,.0f}"


if __name__ == "__main__":
    main()

"""How fast `briefingfeed send-weekly` hands over a digest, beside the senders one would otherwise use.

    python benchmarks/send.py               every table: about 30 minutes on two quiet cores
    python benchmarks/send.py --runs 3      the same from three turns each: about 18 (`make bench`)
    python benchmarks/send.py --quick       whether all of it works: one minute; its figures mean little

Everything goes over loopback, into Postfix's smtp-sink or into quick_sink.c, which only looks for the final dot. Ours
is the whole process: start, freeze, a copy of its own and a ledger row (SQLite) for each reader; once without and once
with a signature of its own for each (DKIM, RSA-2048). The yardsticks send mails of the digest's size in the same run:

- smtp-source of Postfix, in C: the same bytes to the same reader, over --sessions connections;
- the loop most scripts have, `EmailMessage` and smtplib on a connection that is kept, a mail built for each reader; and
  the same loop with dkimpy's signature;
- django-post_office, its queue in SQLite, 5 threads, timed without its start: sending alone, and with queueing.

The last two are slow: they send --slow mails, into smtp-sink, beside the largest number of readers. Into quick_sink.c,
which takes a fifth of smtp-sink's time, go smtp-source and our unsigned mails: there neither can hide behind the sink.
Senders take turns, so that what else the machine does meets them alike; a ratio is the median of those of neighbours.
Each turn has a sink of its own, and if that had a mail too few or too many, the benchmark ends with an error. Read the
ratios, and the processor time per mail (user and system, of the sender alone): the rates belong to the machine.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bulletin import Bulletin
from django_mail import install, queue_and_send
from measure import Measured
from ours import DIGESTS, KEY_FILE, Publication
from signature_cost import Signatures, measure_signatures
from sinks import SINKS, MailsMissingError, size_of
from tables import print_senders, print_signatures
from turns import Turn, Turns, medians
from yardsticks import smtp_source, smtplib_loop

WEEKLY = "briefingfeed send-weekly"
SIGNED = "briefingfeed send-weekly, signed"
SOURCE = "smtp-source (C, the same bytes to all)"
LOOP = "`EmailMessage` and smtplib"
SIGNED_LOOP = "`EmailMessage`, dkimpy and smtplib"
QUEUE = "django-post_office, sending alone"
WHOLE_QUEUE = "django-post_office, queueing too"
LEFT_OUT = {"signed": SIGNED, "loop": LOOP, "signed-loop": SIGNED_LOOP, "queue": QUEUE}
"""What the command line calls the senders that one may do without."""
COMPARED = {SOURCE: WEEKLY, LOOP: WEEKLY, QUEUE: WEEKLY, WHOLE_QUEUE: WEEKLY, SIGNED_LOOP: SIGNED}
"""Which of ours does the same work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    name: str
    messages: int
    readers: int
    """How many different ones."""
    send: Callable[[int], Mapping[str, Measured]]
    """To a port; what it took, by the name of the row that tells it."""


def main() -> None:
    chosen = arguments()
    if "queue" not in chosen.without:
        install()  # now, not after half an hour
    try:
        for kilobytes in chosen.sizes:
            for recipients in chosen.recipients:
                with tempfile.TemporaryDirectory(prefix="briefingfeed-bench-") as folder:
                    measure(Publication.make(Path(folder), recipients, kilobytes), kilobytes, chosen)
    except MailsMissingError as error:
        sys.exit(str(error))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", choices=DIGESTS, default=list(DIGESTS), help="kB, about")
    parser.add_argument("--recipients", type=int, nargs="+", default=[10_000, 100_000], help="readers of ours")
    parser.add_argument("--sinks", choices=SINKS, nargs="+", default=list(SINKS))
    parser.add_argument("--connections", type=int, default=16, help="of ours")
    parser.add_argument("--sessions", type=int, default=16, help="of smtp-source")
    parser.add_argument("--runs", type=int, default=5, help="turns of each sender")
    parser.add_argument("--slow", type=int, default=2_000, help="mails of the slow yardsticks")
    parser.add_argument("--without", choices=LEFT_OUT, nargs="+", default=[], help="senders to leave out")
    parser.add_argument("--quick", action="store_true", help="one turn each, 40 kB, 10,000 readers, few slow mails")
    if parser.parse_args().quick:
        parser.set_defaults(sizes=[40], recipients=[10_000], runs=1, slow=300)
    return parser.parse_args()


def measure(publication: Publication, kilobytes: int, chosen: argparse.Namespace) -> None:
    size = size_of(lambda port: publication.send_one(port, signed=False))
    for kind in chosen.sinks:
        compared = [
            sender for sender in senders(publication, size, kind, chosen) if sender.name not in left_out(chosen)
        ]
        turns: Turns = {}
        signatures: list[Signatures] = []
        for run in range(chosen.runs):
            told = f"{kilobytes} kB, {publication.recipients:,} readers, {kind}: turns {run + 1} of {chosen.runs} …"
            print(told, file=sys.stderr)
            for sender in compared:
                take_turn(sender, kind, turns)
            if SIGNED in turns and is_main_figure(publication, chosen):
                signatures.append(measure_signatures(kilobytes))
        print(
            f"\n{publication.recipients:,} readers, mails of {size:,} bytes, {chosen.connections} connections, "
            f"into {'smtp-sink' if kind == 'postfix' else 'the C sink'}; {medians(chosen.runs)}:\n"
        )
        print_senders(turns, SOURCE, COMPARED)
        if signatures:
            print_signatures(turns[WEEKLY], turns[SIGNED], signatures)


def left_out(chosen: argparse.Namespace) -> set[str]:
    return {LEFT_OUT[name] for name in chosen.without}


def is_main_figure(publication: Publication, chosen: argparse.Namespace) -> bool:
    return publication.recipients == max(chosen.recipients)


def take_turn(sender: Sender, kind: str, turns: Turns) -> None:
    with SINKS[kind]() as sink:
        measured = sender.send(sink.port)
    sink.check(sender.name, sender.messages, sender.readers)
    for name, took in measured.items():
        turn = Turn(
            messages=sender.messages,
            seconds=took.seconds,
            cpu=took.cpu,
            peak_mib=took.peak_mib,
            sink_cpu=sink.cpu,
        )
        turns.setdefault(name, []).append(turn)


def senders(publication: Publication, size: int, kind: str, chosen: argparse.Namespace) -> Iterator[Sender]:
    """Into the C sink only those two that it can tell apart: what the others take is theirs, whatever the sink."""
    yield ours(publication, WEEKLY, chosen.connections, signed=False)
    yield source(publication.recipients, size, chosen.sessions)
    if kind == "postfix":
        yield ours(publication, SIGNED, chosen.connections, signed=True)
        if is_main_figure(publication, chosen):
            yield from slow_senders(publication, size, chosen.slow)


def ours(publication: Publication, name: str, connections: int, *, signed: bool) -> Sender:
    send = partial(publication.send_weekly, connections=connections, signed=signed)
    return Sender(name=name, messages=publication.recipients, readers=publication.recipients, send=row(name, send))


def source(messages: int, size: int, sessions: int) -> Sender:
    """smtp-source, told a body that makes its whole mail as long as ours."""
    header = size_of(lambda port: smtp_source(port, 1, 1, size)) - size
    send = partial(smtp_source, sessions=sessions, messages=messages, body=size - header)
    return Sender(name=SOURCE, messages=messages, readers=1, send=row(SOURCE, send))


def slow_senders(publication: Publication, size: int, messages: int) -> Iterator[Sender]:
    loop = partial(smtplib_loop, messages=messages, bulletin=Bulletin.of(size))
    signed_loop = partial(loop, pem=(publication.folder / KEY_FILE).read_bytes())

    def queue(port: int) -> Mapping[str, Measured]:
        queueing, sending = queue_and_send(port, messages, size)
        return {QUEUE: sending, WHOLE_QUEUE: queueing + sending}

    for name, send in ((LOOP, row(LOOP, loop)), (SIGNED_LOOP, row(SIGNED_LOOP, signed_loop)), (QUEUE, queue)):
        yield Sender(name=name, messages=messages, readers=messages, send=send)


def row(name: str, send: Callable[[int], Measured]) -> Callable[[int], Mapping[str, Measured]]:
    return lambda port: {name: send(port)}


if __name__ == "__main__":
    main()

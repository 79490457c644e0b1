"""How fast `briefingfeed send-weekly` hands over a digest, beside the senders one would otherwise use.

    python benchmarks/send.py [--quick] [--recipients 10000 100000] [--sinks postfix quick] [--runs 5]

Everything goes over loopback, into Postfix's smtp-sink or into quick_sink.c, which only looks for the final dot. The
yardsticks send messages of the digest's own size in the same run: Postfix's smtp-source (C; every message the same
bytes) with as many connections, and the loop most scripts have, `EmailMessage` and smtplib, a message built per
recipient. Ours is the whole process: start, freeze, a copy of its own and a ledger row for each recipient. Senders take
turns, so that what else the machine does meets them alike; a ratio is the median of those of the turns. Read the
ratios, and the processor time per message (user and system, of the sender alone): the rates belong to the machine.
"""

from __future__ import annotations

import argparse
import os
import shutil
import smtplib
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from statistics import median

from generate import write_posts
from measure import run

BRIEFINGFEED = Path(sys.executable).parent / "briefingfeed"
POSTS, SECTIONS = 2, 3
"""Of benchmarks/generate.py: a digest of about 40 kB."""
LOOPED = 2_000
"""Messages of the smtplib loop; it is too slow for more."""
WHEN = "2026-11-16T08:05"

SETTINGS = """\
[publication]
title = "Measured"
url = "https://measured.example.net"
timezone = "Europe/London"
postal_address = "1 Measured Street, Measured"

[newsletter]
from = "Measured <digest@measured.example.net>"
weekly = "Mon 08:00"
provider = "smtp"

[web]
public_url = "http://127.0.0.1:8090"

[smtp]
host = "127.0.0.1"
port = {port}
security = "none"
connections = {connections}
"""


@dataclass(frozen=True, slots=True)
class Turn:
    """One sender's turn."""

    rate: float
    """Messages per second."""
    cpu: float
    """Microseconds of processor time per message."""


Turns = dict[str, list[Turn]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipients", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--sinks", choices=SINKS, nargs="+", default=list(SINKS))
    parser.add_argument("--connections", type=int, nargs="+", default=[16, 1])
    parser.add_argument("--runs", type=int, default=5, help="turns of each sender")
    parser.add_argument("--quick", action="store_true", help="one turn each, 10,000 recipients, 16 connections")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.recipients, chosen.connections, chosen.runs = [10_000], [16], 1
    for recipients in chosen.recipients:
        with tempfile.TemporaryDirectory(prefix="briefingfeed-bench-") as name:
            publication = prepare(Path(name), recipients)
            size = len(one_message(publication))
            for kind in chosen.sinks:
                for connections in chosen.connections:
                    with SINKS[kind]() as port:
                        write_settings(publication, port, connections)
                        turns = take_turns(publication, port, connections, recipients, size, chosen.runs)
                    print(f"\n{recipients:,} mails of {size:,} bytes, {connections} connections, sink: {kind}")
                    print_table(turns)


def take_turns(publication: Path, port: int, connections: int, recipients: int, size: int, runs: int) -> Turns:
    turns: Turns = {}
    for _ in range(runs):
        turns.setdefault(OURS, []).append(send_weekly(publication, recipients))
        turns.setdefault(YARDSTICK, []).append(smtp_source(port, connections, recipients, size))
        turns.setdefault(LOOP, []).append(smtplib_loop(port, size))
    return turns


def print_table(turns: Turns) -> None:
    print(f"{'':<30} {'messages/s':>10} {'µs of CPU':>10}   ours is so many times as fast, and takes so much CPU")
    for sender, measured in turns.items():
        rate, cpu = median(turn.rate for turn in measured), median(turn.cpu for turn in measured)
        pairs = list(zip(turns[OURS], measured, strict=True))
        faster, dearer = (
            median(mine.rate / theirs.rate for mine, theirs in pairs),
            median(mine.cpu / theirs.cpu for mine, theirs in pairs),
        )
        print(f"{sender:<30} {rate:>10,.0f} {cpu:>10.0f}   {faster:>6.2f} {dearer:>6.2f}")


OURS = "briefingfeed send-weekly"
YARDSTICK = "smtp-source"
LOOP = "EmailMessage and smtplib, kept"


def prepare(folder: Path, recipients: int) -> Path:
    """A publication whose subscribers are in its database, and whose week has posts; `saved` is a copy of its state."""
    write_posts(POSTS, folder / "posts", sections=SECTIONS)
    write_settings(folder)
    addresses = folder / "addresses.csv"
    addresses.write_text(
        "email\n" + "".join(f"reader-{n}@readers.example.net\n" for n in range(recipients)), encoding="utf-8"
    )
    run([BRIEFINGFEED, "subscribers", "import", addresses, "--source", "benchmark", "--yes"], folder=folder)
    shutil.copytree(folder / "var", folder / "saved")
    return folder


def send_weekly(publication: Path, recipients: int) -> Turn:
    shutil.rmtree(publication / "var")
    shutil.copytree(publication / "saved", publication / "var")
    measured = run([BRIEFINGFEED, "-q", "send-weekly", "--now", "--as-of", WHEN, "--yes"], folder=publication)
    return turn(recipients, measured.seconds, measured.cpu)


def turn(messages: int, seconds: float, cpu: float) -> Turn:
    return Turn(rate=messages / seconds, cpu=cpu / messages * 1e6)


def one_message(publication: Path) -> bytes:
    """A copy of the digest as it arrives, without what smtp-sink adds on top."""
    with tempfile.TemporaryDirectory(prefix="briefingfeed-sink-") as name:
        dump = Path(name)
        dump.chmod(0o777)  # the sink runs as nobody
        with sink("-d", "%M.", folder=dump) as port:
            write_settings(publication, port)
            run(
                [BRIEFINGFEED, "send-weekly", "--as-of", WHEN, "--test-to", "reader@readers.example.net"],
                folder=publication,
            )
        return next(dump.iterdir()).read_bytes()


def write_settings(publication: Path, port: int = 25, connections: int = 1) -> None:
    settings = SETTINGS.format(port=port, connections=connections)
    (publication / "briefingfeed.toml").write_text(settings, encoding="utf-8")


def smtp_source(port: int, sessions: int, messages: int, size: int) -> Turn:
    measured = run(
        [
            postfix("smtp-source"),
            *("-d", "-s", str(sessions), "-m", str(messages), "-l", str(size)),
            *("-f", "digest@measured.example.net", "-t", "reader@readers.example.net", f"127.0.0.1:{port}"),
        ],
        folder=Path.cwd(),
    )
    return turn(messages, measured.seconds, measured.cpu)


def smtplib_loop(port: int, size: int) -> Turn:
    text, html = "Plain words of the digest.\n" * (size // 108), "<p>Words of the digest.</p>\n" * (size // 40)
    started, cpu = time.perf_counter(), time.process_time()
    with smtplib.SMTP("127.0.0.1", port) as connection:
        for number in range(LOOPED):
            message = EmailMessage()
            message["From"] = "Measured <digest@measured.example.net>"
            message["To"] = f"reader-{number}@readers.example.net"
            message["Subject"] = "Measured"
            message.set_content(f"{text}https://measured.example.net/unsubscribe/{number}\n")
            message.add_alternative(
                f"{html}<a href='https://measured.example.net/unsubscribe/{number}'>Leave</a>", "html"
            )
            connection.send_message(message)
    return turn(LOOPED, time.perf_counter() - started, time.process_time() - cpu)


@contextmanager
def sink(*options: str, folder: Path | None = None) -> Iterator[int]:
    """smtp-sink on a free port, ended on the way out."""
    user = ("-u", "nobody") if os.geteuid() == 0 else ()
    port = free_port()
    with serving([postfix("smtp-sink"), *user, *options, f"127.0.0.1:{port}", "1000"], port, folder):
        yield port


@contextmanager
def quick_sink() -> Iterator[int]:
    """quick_sink.c, compiled, on a free port."""
    compiler = shutil.which("cc") or sys.exit("cc is missing: install Debian's gcc package, or leave out --sinks quick")
    with tempfile.TemporaryDirectory(prefix="briefingfeed-sink-") as name:
        program = Path(name) / "quick_sink"
        run([compiler, "-O2", "-o", program, Path(__file__).with_name("quick_sink.c")], folder=Path(name))
        port = free_port()
        with serving([str(program), str(port)], port):
            yield port


SINKS = {"postfix": sink, "quick": quick_sink}


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def serving(command: Sequence[str], port: int, folder: Path | None = None) -> Iterator[None]:
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    try:
        for _ in range(100):
            with socket.socket() as attempt:
                if attempt.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait()


def postfix(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        sys.exit(f"{name} is missing: install Debian's postfix package (make bench does, as root)")
    return found


if __name__ == "__main__":
    main()

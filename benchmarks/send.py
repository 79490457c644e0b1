"""How fast `briefingfeed send-weekly` hands over a digest, beside the senders one would otherwise use.

    python benchmarks/send.py [--recipients 10000] [--runs 5]

Everything goes over loopback into Postfix's smtp-sink, which counts and forgets. The yardsticks send messages of the
digest's own size in the same run: Postfix's smtp-source (C; every message the same bytes) with as many connections,
and the loop most scripts have, `EmailMessage` and smtplib, a message built per recipient. Ours is the whole process:
start, freeze, a copy of its own and a ledger row for each recipient. Read the ratios: the rates belong to the machine.
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
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from statistics import median

from generate import write_posts
from measure import run

BRIEFINGFEED = Path(sys.executable).parent / "briefingfeed"
POSTS, SECTIONS = 2, 3
"""Of benchmarks/generate.py: a digest of about 40 kB."""
CONNECTIONS = (16, 1)
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipients", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5, help="runs of each sender, taken in turn")
    arguments = parser.parse_args()
    count = arguments.recipients
    rates: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="briefingfeed-bench-") as name, sink() as port:
        publication = prepare(Path(name), count)
        size = len(one_message(publication))
        print(f"{size:,} bytes a message, {count:,} recipients, {arguments.runs} runs")
        for _ in range(arguments.runs):
            for connections in CONNECTIONS:
                write_settings(publication, port, connections)
                rates.setdefault(ours(connections), []).append(send_weekly(publication, count))
                rates.setdefault(yardstick(connections), []).append(smtp_source(port, connections, count, size))
            rates.setdefault(LOOP, []).append(smtplib_loop(port, size))
    rate = {sender: median(measured) for sender, measured in rates.items()}
    print("sender                              messages/s   ours is so many times as fast")
    for connections in CONNECTIONS:
        print(f"{ours(connections):<34}  {rate[ours(connections)]:>10,.0f}")
        for other in (yardstick(connections), LOOP):
            print(f"  {other:<32}  {rate[other]:>10,.0f}   {rate[ours(connections)] / rate[other]:5.2f}")


LOOP = "EmailMessage and smtplib, kept"


def ours(connections: int) -> str:
    return f"briefingfeed, {connections} connections"


def yardstick(connections: int) -> str:
    return f"smtp-source, {connections} connections"


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


def send_weekly(publication: Path, recipients: int) -> float:
    shutil.rmtree(publication / "var")
    shutil.copytree(publication / "saved", publication / "var")
    measured = run([BRIEFINGFEED, "-q", "send-weekly", "--now", "--as-of", WHEN, "--yes"], folder=publication)
    return recipients / measured.seconds


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


def smtp_source(port: int, sessions: int, messages: int, size: int) -> float:
    measured = run(
        [
            postfix("smtp-source"),
            *("-d", "-s", str(sessions), "-m", str(messages), "-l", str(size)),
            *("-f", "digest@measured.example.net", "-t", "reader@readers.example.net", f"127.0.0.1:{port}"),
        ],
        folder=Path.cwd(),
    )
    return messages / measured.seconds


def smtplib_loop(port: int, size: int) -> float:
    text, html = "Plain words of the digest.\n" * (size // 108), "<p>Words of the digest.</p>\n" * (size // 40)
    started = time.perf_counter()
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
    return LOOPED / (time.perf_counter() - started)


@contextmanager
def sink(*options: str, folder: Path | None = None) -> Iterator[int]:
    """smtp-sink on a free port, ended on the way out."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    user = ("-u", "nobody") if os.geteuid() == 0 else ()
    process = subprocess.Popen([postfix("smtp-sink"), *user, *options, f"127.0.0.1:{port}", "1000"], cwd=folder)
    try:
        for _ in range(100):
            with socket.socket() as attempt:
                if attempt.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield port
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

"""What it costs to start a command, most of which find nothing to do.

    python benchmarks/startup.py [--runs 11]

cron starts `send-weekly` every quarter of an hour, and editors say `build` and `status` all day. Whole processes, in
turn: ours, `python -c pass`, which no command can do without, and as a yardstick a site generator that only says its
version. The last line is an edition for a single reader, from nothing to its end; between
its start and the first connection to the mail server is what a large edition waits for. Read processor time (user and
system): it changes less with what else the machine does.
"""

from __future__ import annotations

import argparse
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median

from build import install_pelican
from generate import write_posts
from measure import Measured, middle, run
from ours import BRIEFINGFEED, SETTINGS, WEEKLY, Publication

BARE = "python -c pass"
POSTS = 20
COMMANDS = ("--version", "--help", "status", "editions list", "subscribers list", "send-weekly", "build")
TO_SETTLE = (("subscribers", "add", "a@readers.example.net", "--source", "benchmark"), ("build",), ("build",))
SAYS = {b"EHLO": b"250 sink", b"MAIL": b"250 ok", b"RCPT": b"250 ok", b"DATA": b"354 go on", b"QUIT": b"221 bye"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=11, help="runs of each, taken in turn; the figures are medians")
    runs = parser.parse_args().runs
    pelican = install_pelican()
    with tempfile.TemporaryDirectory(prefix="briefingfeed-bench-") as name, door() as (port, opened):
        folder = Path(name)
        settled(folder / "settled")
        starters: dict[str, Callable[[], Measured]] = {
            BARE: partial(run, [sys.executable, "-c", "pass"], folder=folder),
            "pelican --version": partial(run, [pelican, "--version"], folder=folder),
            **{each: partial(run, [BRIEFINGFEED, *each.split()], folder=folder / "settled") for each in COMMANDS},
        }
        edition = Publication.make(folder / "edition", 1, 40)
        measured: dict[str, list[Measured]] = {name: [] for name in (*starters, "an edition")}
        waited = []
        for _ in range(runs):
            for name, start in starters.items():
                measured[name].append(start())
            edition.begin_anew(port, connections=1)
            began = time.perf_counter()
            measured["an edition"].append(run(WEEKLY, folder=edition.folder))
            waited.append(opened[-1] - began)
    tell(measured)
    print(f"until it connects: {median(waited) * 1e3:.0f} ms of wall clock")


def settled(folder: Path) -> None:
    """Make a publication in which everything is built and nothing is due."""
    write_posts(POSTS, folder / "posts", sections=3)
    (folder / "briefingfeed.toml").write_text(SETTINGS.format(port=9, connections=1), encoding="utf-8")
    for arguments in TO_SETTLE:
        run([BRIEFINGFEED, *arguments], folder=folder)


def tell(measured: dict[str, list[Measured]]) -> None:
    bare = middle(measured[BARE]).cpu
    print(f"{'':<20} {'ms of CPU':>9} {'of bare Python':>15} {'ms':>6} {'peak':>8}")
    for name, runs in measured.items():
        found = middle(runs)
        figures = f"{found.cpu * 1e3:>9.0f} {found.cpu / bare:>13.1f} x {found.seconds * 1e3:>6.0f}"
        print(f"{name:<20} {figures} {found.peak_mib:>4.0f} MiB")


@contextmanager
def door() -> Iterator[tuple[int, list[float]]]:
    """A mail server that takes everything, one session at a time, and writes down when each began."""
    opened: list[float] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=_welcome, args=(listening, opened), daemon=True).start()
        yield listening.getsockname()[1], opened
        listening.shutdown(socket.SHUT_RDWR)


def _welcome(listening: socket.socket, opened: list[float]) -> None:
    while True:
        try:
            session, _ = listening.accept()
        except OSError:  # it is over
            return
        opened.append(time.perf_counter())
        with session, session.makefile("rwb", buffering=0) as lines:
            lines.write(b"220 sink\r\n")
            for line in lines:
                command = line[:4].upper()
                lines.write(SAYS.get(command, b"500 what") + b"\r\n")
                if command == b"DATA":
                    while lines.readline() != b".\r\n":
                        pass
                    lines.write(b"250 taken\r\n")


if __name__ == "__main__":
    main()

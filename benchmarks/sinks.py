"""The mail servers that senders are measured against. They keep nothing, and count what came.

Postfix's smtp-sink, or quick_sink.c, which only looks for the final dot and can be far away. Each turn of a sender gets
a sink of its own. Afterwards the sink must have had every mail, and none twice: a lost mail would count as speed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from measure import run

SETTLED = 5.0
"""Seconds in which a sink that has answered must also have counted."""


class MailsMissingError(Exception):
    """A sink had more or fewer mails, or other readers, than the sender says."""


@dataclass(slots=True)
class Sink:
    """A running sink; what it had is known once its `with` block has ended. smtp-sink only knows messages and cpu."""

    port: int
    messages: int = 0
    recipients: int | None = None
    """How many different ones."""
    octets: int = 0
    """Of all messages together, as they came: header, body, line ends."""
    began: float = 0.0
    """When the first command came, by the clock of `time.perf_counter`; next when the first and last final dot did."""
    first: float = 0.0
    last: float = 0.0
    late: float = 0.0
    """Seconds that a reply which had to wait left too late, on average."""
    cpu: float = 0.0
    """Seconds of processor time that the sink took itself."""

    def check(self, sender: str, messages: int, recipients: int) -> None:
        """Raise MailsMissingError unless exactly so many mails came, for so many different recipients."""
        if self.messages != messages:
            raise MailsMissingError(f"{sender}: {messages:,} mails went out, {self.messages:,} reached the sink.")
        if self.recipients not in (None, recipients):
            raise MailsMissingError(
                f"{sender}: its mails were for {recipients:,} readers, the sink knows {self.recipients:,}."
            )


@contextmanager
def postfix_sink() -> Iterator[Sink]:
    user = ("-u", "nobody") if os.geteuid() == 0 else ()
    sink = Sink(free_port())
    with tempfile.TemporaryFile("w+b") as counters:
        command = [postfix("smtp-sink"), "-c", *user, f"127.0.0.1:{sink.port}", "1000"]
        with _serving(command, sink, counters.fileno()):
            yield sink
            sink.messages = _settled(lambda: _last_count(counters.fileno()))


def _last_count(counters: int) -> int:
    """smtp-sink writes its counters anew, behind a carriage return, after each mail."""
    size = os.fstat(counters).st_size
    found = re.findall(rb"mesg=(\d+)\r", os.pread(counters, 200, max(0, size - 200)))
    return int(found[-1]) if found else 0


def _settled(count: Callable[[], int]) -> int:
    """The count, once it has not changed for a while: the last mail is answered an instant before it is counted."""
    before, last = -1, count()
    for _ in range(int(SETTLED / 0.1)):
        if before == last:
            break
        time.sleep(0.1)
        before, last = last, count()
    return last


@contextmanager
def quick_sink(milliseconds: int = 0) -> Iterator[Sink]:
    """quick_sink.c, `milliseconds` away."""
    sink = Sink(free_port())
    with tempfile.TemporaryFile("w+b") as told:
        with _serving([_compiled(), str(sink.port), str(milliseconds)], sink, told.fileno()):
            yield sink
        told.seek(0)
        counted = json.loads(told.read())
    for name, figure in counted.items():
        setattr(sink, name, figure)


def _compiled() -> str:
    source = Path(__file__).with_name("quick_sink.c")
    program = source.parents[1] / "build" / "quick_sink"
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        compiler = shutil.which("cc") or sys.exit("cc is missing: install Debian's gcc and libc6-dev (make bench does)")
        program.parent.mkdir(exist_ok=True)
        run([compiler, "-O2", "-o", program, source], folder=source.parent)
    return str(program)


def size_of(send: Callable[[int], object]) -> int:
    """Of the one mail that it sends."""
    with quick_sink() as sink:
        send(sink.port)
    sink.check("for the size", 1, 1)
    return sink.octets


SINKS = {"postfix": postfix_sink, "quick": quick_sink}


@contextmanager
def _serving(command: Sequence[str], sink: Sink, output: int) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=output)
    try:
        for _ in range(200):
            with socket.socket() as attempt:
                if attempt.connect_ex(("127.0.0.1", sink.port)) == 0:
                    break
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    sink.cpu = usage.ru_utime + usage.ru_stime


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def postfix(name: str) -> str:
    """Where a program of Postfix is; they stand apart from what people call."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        sys.exit(f"{name} is missing: install Debian's postfix package (make bench does, as root)")
    return found

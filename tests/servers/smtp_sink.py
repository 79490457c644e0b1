"""A scriptable SMTP server on raw sockets, in a process of its own, for tests that need one that misbehaves.

    with SmtpSink(folder) as sink:
        ...  # send to 127.0.0.1:sink.port
    assert sink.copies("ann@example.org") == 1

What it takes is appended and fsynced *before* it answers 250, so the counts are true whatever dies when: `messages`
holds every message whole, `commands` every command.

What it does with a message is chosen by how the recipient's local part begins (`drop-after-dot.1@example.org`):

    drop-after-dot    takes the message, then closes without an answer
    silent-after-dot  takes the message and never answers
    drop-at-rcpt, drop-at-data, drop-in-body, drop-at-quit    closes there
    421-at-rcpt, 421-at-data, 421-at-dot                      says 421 there, and closes
    450x2             450 at RCPT twice, then takes it
    550-5.1.1         that code and enhanced code at RCPT (any 4xx or 5xx; the enhanced code may be left out)
    data-451-4.3.0    the same at DATA
    dot-554-5.7.1     the same at the dot
    refused-but-354   550 at RCPT, but 354 at DATA
    early-552         552 in the middle of the body, then closes
    garbage, odd-250  nonsense, or 354, in answer to the dot
    slow              waits a second before it answers 250
    once-             before any of these: only the first time for this address (once-drop-at-data.1@...)

or by global options (`smtp_options.Options`), for TLS, AUTH and servers that limit what a connection may do.
"""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

from servers.smtp_options import Options

__all__ = ["Options", "SmtpSink"]


class SmtpSink:
    """The server's process, and what it wrote down. `port` is free when it starts; pass one to start on it again."""

    def __init__(self, folder: Path, options: Options | None = None, *, port: int = 0) -> None:
        self.folder = folder
        self._options = options or Options()
        self.port = port
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> SmtpSink:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        arguments = json.dumps({**asdict(self._options), "folder": str(self.folder.absolute()), "port": self.port})
        self._process = subprocess.Popen(
            [sys.executable, "-m", "servers.smtp_sink_process", arguments],
            cwd=Path(__file__).parents[1],
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        self._process.stdout.close()
        if not line:
            raise RuntimeError("the sink did not start")
        self.port = int(line)

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(timeout=60)
            self._process = None

    def messages(self) -> list[tuple[str, bytes]]:
        """Every message taken, in order, as (recipient, content without dot-stuffing)."""
        return self._read("messages")

    def offered(self) -> list[tuple[str, bytes]]:
        """Likewise, with those that it refused after it had seen their end."""
        return self._read("offers")

    def followed(self) -> int:
        """How many messages had the next one's envelope behind them, unasked: it came before they were answered."""
        return sum(row["is_followed"] for row in self._rows("offers"))

    def _read(self, name: str) -> list[tuple[str, bytes]]:
        return [(row["recipient"], base64.b64decode(row["content"])) for row in self._rows(name)]

    def _rows(self, name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._whole(name).splitlines()]

    def _whole(self, name: str) -> bytes:
        """Return the lines of a file that have been written to their end."""
        file = self.folder / name
        return file.read_bytes().rpartition(b"\n")[0] if file.exists() else b""

    def copies(self, recipient: str) -> int:
        return self.counts()[recipient]

    def counts(self) -> Counter[str]:
        return Counter(recipient for recipient, _ in self.messages())

    def commands(self) -> list[str]:
        """Every command line, `AUTH` with its mechanism alone; connections begin with `CONNECT`."""
        return self._whole("commands").decode().splitlines()

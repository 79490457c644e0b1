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

or by global options (`Options`), for TLS, AUTH and servers that limit what a connection may do.
"""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import TracebackType


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    certificate: str = ""
    """PEM file with key and certificate; offers STARTTLS, or TLS at once with `implicit_tls`."""
    implicit_tls: bool = False
    starttls: bool = True
    """False: not offered, though a certificate is there."""
    auth: tuple[str, str] | None = None
    """The login it wants, as name and password."""
    mechanisms: str = "PLAIN LOGIN"
    pipelining: bool = True
    size: int = 0
    close_after: int = 0
    """421 instead of an answer to MAIL after so many messages on one connection; 0: never."""
    drop_after: int = 0
    """Likewise, but it just closes the connection after it took so many."""
    latency: float = 0.0
    """Seconds before each answer."""
    greeting: str = "220 sink.example ESMTP"
    ehlo: str = ""
    """Answer to EHLO instead of the list of offers, such as `502 what?`."""
    mail: str = ""
    """Answer to every MAIL, such as `550 5.7.1 not you`."""
    starttls_answer: str = "220 go on"
    injected: str = ""
    """Sent in the same packet as the answer to STARTTLS."""


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
        arguments = json.dumps({**asdict(self._options), "folder": str(self.folder), "port": self.port})
        self._process = subprocess.Popen([sys.executable, __file__, arguments], stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        self._process.stdout.close()
        if not line:
            raise RuntimeError("the sink did not start")
        self.port = int(line)

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(timeout=10)
            self._process = None

    def messages(self) -> list[tuple[str, bytes]]:
        """Every message taken, in order, as (recipient, content without dot-stuffing)."""
        file = self.folder / "messages"
        rows = [json.loads(line) for line in file.read_bytes().splitlines()] if file.exists() else []
        return [(row["recipient"], base64.b64decode(row["content"])) for row in rows]

    def copies(self, recipient: str) -> int:
        return self.counts()[recipient]

    def counts(self) -> Counter[str]:
        return Counter(recipient for recipient, _ in self.messages())

    def commands(self) -> list[str]:
        """Every command line, `AUTH` without its argument; connections begin with `CONNECT`."""
        file = self.folder / "commands"
        return file.read_text().splitlines() if file.exists() else []


@dataclass(slots=True)
class _Server:
    options: Options
    folder: Path
    lock: threading.Lock = field(default_factory=threading.Lock)
    seen: Counter[str] = field(default_factory=Counter)

    def note(self, command: str) -> None:
        with self.lock, (self.folder / "commands").open("a") as file:
            file.write(command + "\n")

    def keep(self, recipient: str, content: bytes) -> None:
        row = json.dumps({"recipient": recipient, "content": base64.b64encode(content).decode()})
        with self.lock, (self.folder / "messages").open("a") as file:
            file.write(row + "\n")
            file.flush()
            os.fsync(file.fileno())

    def plan(self, recipient: str) -> str:
        """The plan for this recipient, this time."""
        local = recipient.partition("@")[0]
        with self.lock:
            self.seen[recipient] += 1
            times = self.seen[recipient]
        if local.startswith("once-"):
            return "" if times > 1 else local.removeprefix("once-")
        if match := re.match(r"450x(\d+)", local):
            return "450" if times <= int(match[1]) else ""
        return local


class _Gone(Exception):  # noqa: N818 - no error: the script says so
    """The connection ends here."""


class _Connection:
    def __init__(self, server: _Server, connection: socket.socket) -> None:
        self._server = server
        self._options = server.options
        self._socket = connection
        self._buffer = b""
        self._encrypted = False
        self._authenticated = server.options.auth is None
        self._sender = ""
        self._recipient = ""
        self._plan = ""
        self._taken = 0

    def serve(self) -> None:
        self._server.note("CONNECT")
        try:
            if self._options.implicit_tls:
                self._start_tls()
            self._say(self._options.greeting)
            while True:
                self._obey(self._line())
        except (_Gone, OSError):
            pass
        finally:
            self._socket.close()

    def _obey(self, line: str) -> None:
        verb = line.split(" ")[0].upper()
        self._server.note("AUTH" if verb == "AUTH" else line)
        handler = {
            "EHLO": self._ehlo, "HELO": self._helo, "STARTTLS": self._starttls, "AUTH": self._auth, "MAIL": self._mail,
            "RCPT": self._rcpt, "DATA": self._data, "RSET": self._rset, "QUIT": self._quit,
        }.get(verb)  # fmt: skip
        if handler is None:
            self._say("500 5.5.2 what?")
        else:
            handler(line)

    def _ehlo(self, line: str) -> None:
        options = self._options
        if options.ehlo:
            self._say(options.ehlo)
            return
        offers = ["sink.example", "ENHANCEDSTATUSCODES", "8BITMIME"]
        offers += ["PIPELINING"] * options.pipelining
        offers += [f"SIZE {options.size}"] if options.size else []
        offers += ["STARTTLS"] * bool(options.certificate and options.starttls and not self._encrypted)
        offers += [f"AUTH {options.mechanisms}"] * bool(options.auth)
        self._send("".join(f"250-{offer}\r\n" for offer in offers[:-1]) + f"250 {offers[-1]}\r\n")

    def _helo(self, line: str) -> None:
        self._say("250 sink.example")

    def _starttls(self, line: str) -> None:
        self._send(self._options.starttls_answer + "\r\n" + self._options.injected)
        if self._options.starttls_answer.startswith("220"):
            self._start_tls()

    def _start_tls(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._options.certificate)
        self._socket = context.wrap_socket(self._socket, server_side=True)
        self._buffer = b""
        self._encrypted = True

    def _auth(self, line: str) -> None:
        _, mechanism, *initial = line.split(" ")
        if mechanism.upper() not in self._options.mechanisms.split():
            return self._say("504 5.5.4 not that one")
        if mechanism.upper() == "PLAIN":
            _, name, password = base64.b64decode(initial[0] if initial else self._ask("")).decode().split("\0")
        else:
            name = base64.b64decode(self._ask("VXNlcm5hbWU6")).decode()
            password = base64.b64decode(self._ask("UGFzc3dvcmQ6")).decode()
        self._authenticated = (name, password) == tuple(self._options.auth or ())
        return self._say("235 2.7.0 welcome" if self._authenticated else f"535 5.7.8 no, {name}")

    def _ask(self, challenge: str) -> str:
        self._say(f"334 {challenge}")
        return self._line()

    def _mail(self, line: str) -> None:
        if self._options.close_after and self._taken >= self._options.close_after:
            self._say("421 4.7.0 enough for one connection")
            raise _Gone
        if not self._authenticated:
            return self._say("530 5.7.0 authentication required")
        if self._options.mail:
            return self._say(self._options.mail)
        if self._sender:
            return self._say("503 5.5.1 nested MAIL command")
        self._sender = line
        return self._say("250 2.1.0 ok")

    def _rcpt(self, line: str) -> None:
        match = re.fullmatch(r"RCPT TO:<([^<>\s]+@[^<>\s]+)>", line)
        if match is None or not self._sender:
            return self._say("501 5.5.4 bad recipient" if self._sender else "503 5.5.1 MAIL first")
        self._recipient, self._plan = match[1], self._server.plan(match[1])
        if self._plan.startswith("drop-at-rcpt"):
            raise _Gone
        if self._plan.startswith("421-at-rcpt"):
            self._say("421 4.7.0 go away")
            raise _Gone
        if self._plan == "450":
            return self._refuse(f"450 4.2.0 <{match[1]}> greylisted")
        if self._plan.startswith("refused-but-354"):
            return self._say(f"550 5.1.1 <{match[1]}> unknown")
        if refusal := re.match(r"(4|5)\d\d(?=-(\d\.\d{1,3}\.\d{1,3})|[.@]|$)", self._plan):
            return self._refuse(f"{refusal[0]} {refusal[2] or ''} <{match[1]}> refused")
        return self._say("250 2.1.5 ok")

    def _refuse(self, words: str) -> None:
        self._recipient = ""
        self._say(words)

    def _data(self, line: str) -> None:
        if not self._recipient:
            return self._say("554 5.5.1 no valid recipients")
        if self._plan.startswith("drop-at-data"):
            raise _Gone
        if self._plan.startswith("421-at-data"):
            self._say("421 4.7.0 go away")
            raise _Gone
        if refusal := re.match(r"data-(\d{3})-(\d\.\d{1,3}\.\d{1,3})", self._plan):
            return self._say(f"{refusal[1]} {refusal[2]} no data")
        self._say("354 go on")
        if self._plan.startswith("drop-in-body"):
            self._socket.recv(100)
            raise _Gone
        if self._plan.startswith("early-552"):
            self._socket.recv(100)
            self._say("552 5.3.4 too much")
            raise _Gone
        return self._end(self._content())

    def _content(self) -> bytes:
        data = bytearray(b"\r\n" + self._buffer)
        chunk = data
        while data.find(b"\r\n.\r\n", max(0, len(data) - len(chunk) - 5)) < 0:
            chunk = bytearray(self._socket.recv(1_000_000))
            if not chunk:
                self._server.note("CUT OFF IN BODY")
                raise _Gone
            data += chunk
        content, _, self._buffer = bytes(data).partition(b"\r\n.\r\n")
        return (content + b"\r\n").replace(b"\r\n..", b"\r\n.")[2:]

    def _end(self, content: bytes) -> None:
        plan, recipient = self._plan, self._recipient
        self._sender = self._recipient = self._plan = ""
        if plan.startswith("refused-but-354"):
            self._server.note(f"DOT AFTER {len(content)}")
            return self._say("554 5.5.1 no valid recipients")
        if refusal := re.match(r"dot-(\d{3})(?:-(\d\.\d{1,3}\.\d{1,3}))?", plan):
            return self._say(f"{refusal[1]} {refusal[2] or ''} <{recipient}> refused")
        if plan.startswith("421-at-dot"):
            self._say("421 4.3.0 shutting down")
            raise _Gone
        self._server.keep(recipient, content)
        self._taken += 1
        if plan.startswith("drop-after-dot"):
            raise _Gone
        if plan.startswith("silent-after-dot"):
            time.sleep(60)
            raise _Gone
        if plan.startswith("slow"):
            time.sleep(1)
        self._say({"garbage": "\x00\xffhello", "odd-250": "354 again?"}.get(plan.partition(".")[0], "250 2.0.0 taken"))
        if self._options.drop_after and self._taken >= self._options.drop_after:
            raise _Gone
        return None

    def _rset(self, line: str) -> None:
        self._sender = self._recipient = self._plan = ""
        self._say("250 2.0.0 ok")

    def _quit(self, line: str) -> None:
        if self._server.seen and any(address.startswith("drop-at-quit") for address in self._server.seen):
            raise _Gone
        self._say("221 2.0.0 bye")
        raise _Gone

    def _line(self) -> str:
        while b"\r\n" not in self._buffer:
            chunk = self._socket.recv(65_536)
            if not chunk:
                raise _Gone
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        return line.decode("utf-8", "replace")

    def _say(self, line: str) -> None:
        self._send(line + "\r\n")

    def _send(self, text: str) -> None:
        if self._options.latency:
            time.sleep(self._options.latency)
        self._socket.sendall(text.encode("latin-1"))


def run(folder: Path, port: int, options: Options) -> None:
    """Serve until SIGTERM. The port goes to stdout once it is open."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a handler would wait for accept() to return
    server = _Server(options, folder)
    listener = socket.create_server(("127.0.0.1", port), backlog=128)
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=_Connection(server, connection).serve, daemon=True).start()


def main(arguments: Sequence[str]) -> None:
    given = json.loads(arguments[0])
    folder, port = Path(given.pop("folder")), given.pop("port")
    options = Options(**given)
    run(folder, port, replace(options, auth=tuple(options.auth) if options.auth else None))


if __name__ == "__main__":
    main(sys.argv[1:])

"""The process behind `smtp_sink.SmtpSink`: `python -m servers.smtp_sink_process '{"folder": …, "port": 0, …}'`."""

from __future__ import annotations

import json
import re
import signal
import socket
import ssl
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from servers.smtp_logins import LOGINS
from servers.smtp_memory import SinkMemory
from servers.smtp_options import Options

_FLOOD = 10_000_000
"""Octets."""
_ANY_DOT = re.compile(rb"(\r\n|\r|\n)\.(\r\n|\r|\n)")


class _Gone(Exception):  # noqa: N818 - no error: the script says so
    """The connection ends here."""


class _Connection:
    def __init__(self, server: SinkMemory, connection: socket.socket) -> None:
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
        with self._server.lock:
            self._server.open += 1
            self._server.connections += 1
            is_greeted = not self._options.greets or self._server.connections <= self._options.greets
            too_many = 0 < self._options.most_connections < self._server.open
        try:
            if self._options.implicit_tls:
                self._start_tls()
            if too_many:
                self._say("421 4.7.0 too many connections from you")
                raise _Gone
            if not is_greeted:
                self._line()
                raise _Gone
            self._flood("greeting")
            self._say(self._options.greeting)
            while True:
                self._obey(self._line())
        except (_Gone, OSError):
            pass
        finally:
            with self._server.lock:
                self._server.open -= 1
            self._socket.close()

    def _obey(self, line: str) -> None:
        verb = line.split(" ")[0].upper()
        self._server.note(" ".join(line.split(" ")[:2]) if verb == "AUTH" else line)
        if self._options.forgets:
            self._buffer = b""
        self._flood(verb)
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
        offers += ["SMTPUTF8"] * options.smtputf8
        offers += [options.boasts] * bool(options.boasts)
        offers += [f"SIZE {options.size}"] if options.size else []
        offers += ["STARTTLS"] * bool(options.certificate and options.starttls and not self._encrypted)
        offers += [f"AUTH {options.unknown_mechanisms} {options.mechanisms}".replace("  ", " ")] * bool(options.auth)
        self._send("".join(f"250-{offer}\r\n" for offer in offers[:-1]) + f"250 {offers[-1]}\r\n")

    def _helo(self, line: str) -> None:
        self._say("250 sink.example")

    def _starttls(self, line: str) -> None:
        self._send(self._options.starttls_answer + "\r\n" + self._options.injected)
        if self._options.starttls_answer.startswith("220"):
            self._start_tls()

    def _start_tls(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if self._options.old_tls:
            context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
            context.maximum_version = ssl.TLSVersion.TLSv1_1
            context.set_ciphers("ALL:@SECLEVEL=0")
        context.load_cert_chain(self._options.certificate)
        self._socket = context.wrap_socket(self._socket, server_side=True)
        self._buffer = b""
        self._encrypted = True

    def _auth(self, line: str) -> None:
        _, mechanism, *initial = line.split(" ")
        if mechanism.upper() not in self._options.mechanisms.split():
            return self._say("504 5.5.4 not that one")
        name = (self._options.auth or ("", ""))[0]
        self._authenticated = LOGINS[mechanism.upper()](self._ask, initial, self._options.auth or ("", ""))
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
        if self._options.mail or self._server.throttles("mail"):
            return self._say(self._options.mail or self._options.throttle_answer)
        if self._sender:
            return self._say("503 5.5.1 nested MAIL command")
        parameters = line.partition(">")[2].split()
        if parameters and self._options.no_parameters:
            return self._say("555 5.5.4 no such parameter")
        if "SMTPUTF8" in parameters and not self._options.smtputf8:
            return self._say("555 5.6.7 SMTPUTF8 is not offered here")
        self._sender = line
        return self._say("250 2.1.0 ok")

    def _rcpt(self, line: str) -> None:
        match = re.fullmatch(r"RCPT TO:<([^<>\s]+@[^<>\s]+)>", line)
        if match is None or not self._sender:
            return self._say("501 5.5.4 bad recipient" if self._sender else "503 5.5.1 MAIL first")
        if not line.isascii() and "SMTPUTF8" not in self._sender:
            return self._say("553 5.6.7 not without SMTPUTF8")
        self._recipient, self._plan = match[1], self._server.plan(match[1])
        if self._options.rcpt or self._server.throttles("rcpt"):
            return self._refuse(self._options.rcpt or self._options.throttle_answer)
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
        self._send(f"354 go on\r\n{self._options.early}")
        if self._plan.startswith("drop-in-body"):
            self._socket.recv(100)
            raise _Gone
        if self._plan.startswith("early-552"):
            self._socket.recv(100)
            self._say("552 5.3.4 too much")
            raise _Gone
        return self._end(self._lax_content() if self._options.lax else self._content())

    def _content(self) -> bytes:
        data = bytearray(b"\r\n" + self._buffer)
        chunk = data
        while data.find(b"\r\n.\r\n", max(0, len(data) - len(chunk) - 5)) < 0:
            chunk = bytearray(self._receive(1_000_000))
            data += chunk
        content, _, self._buffer = bytes(data).partition(b"\r\n.\r\n")
        return (content + b"\r\n").replace(b"\r\n..", b"\r\n.")[2:]

    def _lax_content(self) -> bytes:
        data = b"\r\n" + self._buffer
        while not (end := re.search(rb"(\r\n|\r|\n)\.(\r\n|\r|\n)", data)) or (
            end[2] == b"\r" and end.end() == len(data)
        ):
            data += self._receive(1_000_000)
        self._buffer = data[end.end() :]
        return data[2 : end.start()] + b"\r\n"

    def _receive(self, most: int) -> bytes:
        chunk = self._socket.recv(most)
        if not chunk:
            self._server.note("CUT OFF IN BODY")
            raise _Gone
        return chunk

    def _end(self, content: bytes) -> None:
        plan, recipient = self._plan, self._recipient
        self._sender = self._recipient = self._plan = ""
        if plan.startswith("refused-but-354"):
            self._server.note(f"DOT AFTER {len(content)}")
            return self._say("554 5.5.1 no valid recipients")
        self._server.note_offer(recipient, content, is_followed=self._buffer.startswith(b"MAIL "))
        if self._options.forgets_after_dot:
            self._buffer = b""
        if self._options.seven_bits and not content.isascii():
            return self._say("554 5.6.1 this way leads over a link of seven bits")
        if self._options.dot or self._server.throttles("dot"):
            return self._say(self._options.dot or self._options.throttle_answer)
        if refusal := re.match(r"dot-(\d{3})(?:-(\d\.\d{1,3}\.\d{1,3}))?", plan):
            return self._say(f"{refusal[1]} {refusal[2] or ''} <{recipient}> refused")
        if plan.startswith("421-at-dot"):
            self._say("421 4.3.0 shutting down")
            raise _Gone
        self._server.keep(recipient, content)
        self._taken += 1
        self._flood("dot")
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
        octets = text.encode("latin-1")
        if not self._options.trickle:
            self._socket.sendall(octets)
            return
        for octet in octets:
            self._socket.sendall(bytes([octet]))
            time.sleep(self._options.trickle)

    def _flood(self, place: str) -> None:
        if self._options.flood and self._options.flood_at == place:
            self._socket.sendall((self._options.flood * (_FLOOD // len(self._options.flood))).encode("latin-1"))
            time.sleep(60)
            raise _Gone


def run(folder: Path, port: int, options: Options) -> None:
    """Serve until SIGTERM. The port goes to stdout once it is open."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a handler would wait for accept() to return
    server = SinkMemory(options, folder)
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

"""A mail server of two hops: Postfix takes the mails, and a sink beyond it counts what arrives."""

from __future__ import annotations

import re
from collections import Counter

from servers.postfix import Postfix
from servers.smtp_sink import SmtpSink

_TRACE = re.compile(rb"\A(?:Received: [^\r]*\r\n(?:[ \t][^\r]*\r\n)*)+")


class SecondHop:
    """To a publication on trial it is its mail server; what it counts is what came through Postfix."""

    def __init__(self, postfix: Postfix, sink: SmtpSink) -> None:
        self.postfix = postfix
        self.sink = sink
        self.port = postfix.port

    def messages(self) -> list[tuple[str, bytes]]:
        """Every message that arrived, without the lines that Postfix puts before it."""
        return [(recipient, without_trace(content)) for recipient, content in self.sink.messages()]

    def counts(self) -> Counter[str]:
        return self.sink.counts()

    def offered(self) -> list[tuple[str, bytes]]:
        return [(recipient, without_trace(content)) for recipient, content in self.sink.offered()]

    def commands(self) -> list[str]:
        """The connections to Postfix, and the mails that it took from them."""
        return self.postfix.lines("postfix/smtpd")

    def envelopes(self) -> list[tuple[str, str]]:
        """The sender and recipient of each mail that was begun, in order, if Postfix opens one connection at a time."""
        found, sender = [], ""
        for line in self.sink.commands():
            if match := re.match(r"(MAIL FROM|RCPT TO):<([^>]*)>", line):
                sender = match[2] if match[1] == "MAIL FROM" else sender
                if match[1] == "RCPT TO":
                    found.append((sender, match[2]))
        return found


def without_trace(content: bytes) -> bytes:
    """Take away what each hop writes on top (RFC 5321, 4.4)."""
    return _TRACE.sub(b"", content)

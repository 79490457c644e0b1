"""Senders that one would otherwise use: Postfix's smtp-source, and the loop that most scripts have."""

from __future__ import annotations

import smtplib
import time
from dataclasses import replace
from pathlib import Path

import dkim
from bulletin import Bulletin
from measure import Measured, run
from sinks import postfix

DOMAIN = "measured.example.net"
SIGNED = (b"From", b"To", b"Subject", b"Date", b"Message-ID", b"List-Id", b"List-Unsubscribe", b"List-Unsubscribe-Post")


def smtp_source(port: int, sessions: int, messages: int, body: int) -> Measured:
    """Postfix's load generator, in C: the same `body` octets to the same reader, as fast as it goes."""
    measured = run(
        [
            postfix("smtp-source"),
            *("-d", "-s", str(sessions), "-m", str(messages), "-l", str(body)),
            *("-f", f"digest@{DOMAIN}", "-t", "reader@readers.example.net", f"127.0.0.1:{port}"),
        ],
        folder=Path.cwd(),
    )
    return replace(measured, peak_mib=0)  # so small a program shows the memory of the process that it was forked from


def smtplib_loop(port: int, messages: int, bulletin: Bulletin, pem: bytes | None = None) -> Measured:
    """`EmailMessage` for each reader, over one connection that is kept; with `pem`, signed by dkimpy."""
    started, cpu = time.perf_counter(), time.process_time()
    with smtplib.SMTP("127.0.0.1", port) as connection:
        for number in range(messages):
            mail = bulletin.mail(number)
            if pem is None:
                connection.send_message(mail)
            else:
                raw = mail.as_bytes(policy=mail.policy.clone(linesep="\r\n"))
                connection.sendmail(f"digest@{DOMAIN}", bulletin.address(number), _signature(raw, pem) + raw)
    return Measured(time.perf_counter() - started, time.process_time() - cpu, 0)


def _signature(raw: bytes, pem: bytes) -> bytes:
    signature: bytes = dkim.sign(
        raw, b"measured", DOMAIN.encode(), pem, canonicalize=(b"relaxed", b"simple"), include_headers=list(SIGNED)
    )
    return signature

"""The SMTP provider against servers that others wrote: Postfix's smtp-sink and aiosmtpd."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from briefingfeed.models.delivery import Result
from briefingfeed.providers.smtp import Security, SmtpProvider, SmtpSettings
from servers.aiosmtpd_server import Mailbox, aiosmtpd
from servers.postfix_sink import postfix_sink
from servers.recorded_work import RecordedWork

pytestmark = pytest.mark.anyio

READERS = [f"r{number}@example.org" for number in range(40)]
# Whitespace at line ends, lone dots as they leave the renderer, long runs, and every length around a buffer's end.
SEGMENTS = (
    b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMIME-Version: 1.0\r\n",
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n",
    b"=2E\r\n=2E=2E\r\n=46rom here\r\ntrailing=20\r\n" + b"x" * 72 + b"=\r\n",
    b"last\r\n" * 8_000,
)


def dumped(folder: Path) -> list[tuple[str, bytes]]:
    """Recipient and message of every file; smtp-sink writes three lines of its own on top and bare newlines."""
    found = []
    for file in folder.iterdir():
        head, _, rest = file.read_bytes().partition(b"Received: ")
        recipient = head.split(b"X-Rcpt-Args: <")[1].split(b">")[0].decode()
        found.append((recipient, b"Subject: " + rest.partition(b"Subject: ")[2].rstrip(b"\n")))
    return found


def provider(port: int, **changes: Any) -> SmtpProvider:
    settings = {"security": Security.NONE, "retry_pause": 0.01, **changes}
    return SmtpProvider(SmtpSettings(host="127.0.0.1", port=port, **settings), "secret")


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize("connections", [1, 3])
async def test_postfix_sink_gets_each_message_once_and_whole(pipelining: bool, connections: int) -> None:
    with postfix_sink("-d", "%M.", *([] if pipelining else ["-p"])) as (port, folder):
        work = RecordedWork(READERS, SEGMENTS)
        await provider(port, connections=connections).deliver(work)
        got = dumped(folder)
    assert work.results == dict.fromkeys(READERS, Result.ACCEPTED)
    wanted = b"".join(SEGMENTS).replace(b"\r\n", b"\n").rstrip(b"\n")
    assert sorted(got) == sorted((reader, wanted) for reader in READERS)


@pytest.mark.parametrize(
    ("options", "result"),
    [
        (("-r", "rcpt"), Result.DEFERRED),
        (("-f", "rcpt"), Result.FAILED),
        (("-r", "data"), Result.DEFERRED),
        (("-f", "."), Result.FAILED),
        (("-r", "."), Result.DEFERRED),
    ],
)
async def test_postfix_sink_refusals(options: tuple[str, ...], result: Result) -> None:
    with postfix_sink(*options) as (port, _):
        work = RecordedWork(READERS[:5])
        await provider(port).deliver(work)
    assert work.results == dict.fromkeys(READERS[:5], result)


async def test_aiosmtpd_reads_what_was_written() -> None:
    mailbox = Mailbox()
    with aiosmtpd(mailbox) as port:
        work = RecordedWork([*READERS, "unknown@example.org", "last@example.org"], SEGMENTS)
        await provider(port).deliver(work)
    assert [envelope.rcpt_tos for envelope in mailbox.envelopes] == [
        [reader] for reader in (*READERS, "last@example.org")
    ]
    assert {envelope.mail_from for envelope in mailbox.envelopes} == {"bounces@briefings.example"}
    assert {envelope.content for envelope in mailbox.envelopes} == {b"".join(SEGMENTS)}
    assert work.results["unknown@example.org"] is Result.REJECTED
    parsed = message_from_bytes(mailbox.envelopes[0].content or b"", policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    assert parsed["Subject"] == "Grüße"
    assert parsed.get_content().startswith(".\r\n..\r\nFrom here\r\ntrailing \r\n")

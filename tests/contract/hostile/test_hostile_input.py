"""Whatever stands in a post, a title, a name or an address: each reader's server gets exactly one mail, with exactly
our header fields, and reads in it what was written. Tried on a strict server and on one that ends a message at any dot
between any two line ends, which is what SMTP smuggling lives on."""

from __future__ import annotations

import re
from email import message_from_bytes, message_from_string, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr
from html import unescape
from pathlib import Path

import pytest

from briefingfeed.models.delivery import DeliveryState
from contract.hostile.post_room import PostRoom
from servers.smtp_sink import Options, SmtpSink

READERS = ["ann@example.org", "ben@example.org"]
FIELDS = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Precedence",
    "MIME-Version",
    "Content-Type",
]
SMUGGLED = (
    "MAIL FROM:<eve@evil.example>\r\nRCPT TO:<victim@example.org>\r\nDATA\r\nSubject: smuggled\r\n\r\nHello\r\n.\r\n"
)

TITLES = [
    "Tides\r\nBcc: eve@evil.example",
    "Tides\nBcc: eve@evil.example\n\nA body of mine",
    "Tides\rX-Evil: 1",
    "Tides\u2028Bcc: eve@evil.example",
    "Tides\x0bBcc: x\x0cBcc: y\x1cBcc: z\x85Bcc: w",
    "=?utf-8?q?Tides=0D=0ABcc:_eve@evil.example?=",
    "\r\n.\r\n" + SMUGGLED,
    ". . .",
    "Tides " + "and more tides " * 700,
    "T" * 10_000,
    "潮" * 3_400,
    'Zwölf „Fälle“ <script>alert(1)</script> & "quotes" \\ back',
]
BODIES = [
    "A line\r\n.\r\n" + SMUGGLED,
    "A line\n.\n" + SMUGGLED,
    "A line\n.\r\n" + SMUGGLED,
    "A line\r\n.\n" + SMUGGLED,
    "A line\r.\r" + SMUGGLED,
    "A line\r.\r\n" + SMUGGLED,
    "A line\r\n.\r" + SMUGGLED,
    "A line\n\n.\n.\n..\n...\n.hidden\n. x\n",
    "```\n.\n..\nFrom eve\n>From eve\n\n.\n```\n",
    "Long " + "x" * 5_000 + "\n\n`" + "y" * 2_000 + "`\n\n" + "ü" * 1_500,
    "From eve Mon Nov 23\n\nFrom again\n",
    "trailing space \ntrailing tab\t\n=3D =\n=\n",
    "--=_boundary\nContent-Type: text/html\n\n<b>x</b>\n\n--=_boundary--\n",
]


@pytest.fixture(params=[False, True], ids=["strict", "lax"])
def sink(request: pytest.FixtureRequest, tmp_path: Path):  # type: ignore[no-untyped-def]
    with SmtpSink(tmp_path / "sink", Options(lax=request.param)) as server:
        yield server


def received(sink: SmtpSink, readers: list[str]) -> dict[str, EmailMessage]:
    """Return what each reader's server got, after looking at the octets and at the whole dialogue."""
    taken = sink.messages()
    assert sorted(reader for reader, _ in taken) == sorted(readers)
    recipients = [command for command in sink.commands() if command.startswith("RCPT")]
    assert recipients == [f"RCPT TO:<{reader}>" for reader, _ in taken]
    assert not [command for command in sink.commands() if "evil" in command or "victim" in command]
    messages = {}
    for reader, raw in taken:
        assert not re.search(rb"\r(?!\n)|(?<!\r)\n", raw)
        assert raw.isascii()
        assert b"\x00" not in raw
        lines = raw.split(b"\r\n")
        assert max(map(len, lines)) <= 998
        assert not [line for line in lines if line.startswith((b".", b"From "))]
        message = message_from_bytes(raw, policy=policy.default)
        assert isinstance(message, EmailMessage)
        assert message.keys() == FIELDS
        assert not message.defects
        assert message["To"] == reader
        assert [part.get_content_type() for part in message.walk()] == [
            "multipart/alternative",
            "text/plain",
            "text/html",
        ]
        assert not [part.defects for part in message.walk() if part.defects]
        messages[reader] = message
    return messages


def text_of(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert isinstance(part, EmailMessage)
    content = part.get_content()
    return unescape(re.sub(r"<[^>]+>", "", content)) if kind == "html" else content


@pytest.mark.parametrize("title", TITLES, ids=range(len(TITLES)))
def test_a_title_is_a_subject_and_nothing_else(title: str, room: PostRoom, sink: SmtpSink) -> None:
    room.write(title, "The text of the post.")
    report = room.send(READERS, sink.port)
    assert report.error is None
    for message in received(sink, READERS).values():
        # Its words are all there, on one line, in their order.
        words = "".join(title.split())
        assert "".join(re.sub(r"[\x00-\x1f\x7f\x85\u2028]", "", message["Subject"]).split()).endswith(words)
        assert "The text of the post." in text_of(message, "plain")


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_a_text_stays_a_text(body: str, room: PostRoom, sink: SmtpSink) -> None:
    room.write("Tides", f"{body}\n\nThe last words.\n")
    room.send(READERS, sink.port)
    for message in received(sink, READERS).values():
        for kind in ("plain", "html"):
            text = text_of(message, kind)
            assert "The last words." in text
            if SMUGGLED in body:
                assert "RCPT TO:" in text
        flat = "".join(text_of(message, "plain").split())
        for run in re.findall(r"x{5000}|y{2000}|ü{1500}", body):
            assert run in flat


@pytest.mark.parametrize(
    ("title", "sender"),
    [
        ("Notes\r\nBcc: eve@evil.example", "Notes\r\nBcc: eve@evil.example"),
        ("Notes\nX: y", 'An "odd" name, with <angles> (and comments); @ \\ .'),
        ("N" * 2_000, "N" * 2_000),
        ("Häfen " * 100, "Häfen " * 100),
        ("=?utf-8?q?x=0D=0ABcc:_e?=", "=?utf-8?q?x=0D=0ABcc:_e?="),
        ("\r\n.\r\nQUIT", "\r\n.\r\nQUIT"),
        ("eve@evil.example", "eve@evil.example"),
    ],
)
def test_names_change_neither_sender_nor_list(title: str, sender: str, room: PostRoom, sink: SmtpSink) -> None:
    room.name(title, sender)
    room.write("Tides", "Text.")
    room.send(READERS, sink.port)
    for message in received(sink, READERS).values():
        (mailbox,) = message["From"].addresses
        assert mailbox.addr_spec == "notes@harbour.example"
        # Python 3.11's newer reader leaves the space between two encoded words of a name; RFC 2047 has it removed.
        plain = message_from_string(f"From: {dict(message.raw_items())['From']}\n\n")
        name, address = parseaddr(plain["From"])
        assert address == "notes@harbour.example"
        assert str(make_header(decode_header(name))).split() == sender.split()
        assert re.fullmatch(r".*<?weekly\.harbour\.example>?", message["List-Id"].strip(), re.DOTALL)


def test_hostile_addresses_fail_alone(room: PostRoom, tmp_path: Path) -> None:
    hostile = [
        "ann@example.org\r\nBcc: eve@evil.example",
        "ann@example.org\r\nRCPT TO:<eve@evil.example>",
        "ann@example.org>\r\nDATA\r\n\r\n.\r\n",
        "ann@example.org> SIZE=1",
        "ann@example.org,eve@evil.example",
        '"ann eve"@example.org',
        '"ann@evil.example"@example.org',
        "ann(comment)@example.org",
        "ann@(comment)example.org",
        "Ann <ann@example.org>",
        "ann@[127.0.0.1]",
        "ann\x00@example.org",
        "ann@exa\u200bmple\u2028.org",
        "jürgen＞＜eve@example.org",
        "jürgen@example.org",
        "." * 300 + "@example.org",
        "",
        "@",
    ]
    good = ["ben@example.org", "cleo@bücher.example", "dora+x=y@example.org", "o'neil@example.org"]
    room.write("Tides", "Text.")
    with SmtpSink(tmp_path / "sink") as sink:
        report = room.send([*hostile[:9], *good, *hostile[9:]], sink.port)
        received(sink, ["ben@example.org", "cleo@xn--bcher-kva.example", *good[2:]])
    assert report.error is None
    rows = room.rows()
    assert {address for address, row in rows.items() if row.state is DeliveryState.ACCEPTED} == set(good)
    for address in hostile:
        assert rows[address].state is DeliveryState.FAILED
        assert rows[address].note
        assert address not in rows[address].note or len(address) < 2

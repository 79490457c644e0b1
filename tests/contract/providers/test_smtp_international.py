"""Addresses beyond ASCII: SMTPUTF8 where it is offered (RFC 6531), that row alone fails where it is not (F10)."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import unescape
from pathlib import Path

import pytest

from briefingfeed.models.delivery import Phase, Result
from briefingfeed.models.edition import SlotName
from briefingfeed.newsletter.mime import build_message, splice
from briefingfeed.newsletter.placeholders import placeholders_for
from briefingfeed.providers.outbox import OutboxProvider
from briefingfeed.providers.smtp import Security, SmtpProvider, SmtpSettings
from servers.aiosmtpd_server import Mailbox, aiosmtpd
from servers.recorded_work import RecordedWork
from servers.smtp_sink import Options, SmtpSink

pytestmark = pytest.mark.anyio

PLAIN = "ann@example.org"
BEYOND = ["jürgen@example.org", "用户@例え.jp", "zoë.o'neil+x@bücher.example"]
ON_THE_WIRE = ["jürgen@example.org", "用户@xn--r8jz45g.jp", "zoë.o'neil+x@xn--bcher-kva.example"]


def copy_for(address: str) -> tuple[bytes, ...]:
    """A copy as an edition makes it, with the address in its header and in its text."""
    text, html = "Sent to ADDRESS.\n", "<p>Sent to ADDRESS.</p>\n"
    names = placeholders_for(text)
    text, html = (each.replace("ADDRESS", names[SlotName.ADDRESS]) for each in (text, html))
    headers = (
        ("From", "Briefings <news@briefings.example>"),
        ("To", names[SlotName.ADDRESS]),
        ("Subject", "Grüße"),
        ("Date", "Mon, 23 Nov 2026 08:01:00 +0000"),
        ("Message-ID", names[SlotName.MESSAGE_ID]),
        ("List-Unsubscribe", f"<{names[SlotName.UNSUBSCRIBE_URL]}>"),
    )
    values = {
        SlotName.ADDRESS: address,
        SlotName.MESSAGE_ID: "<1@briefings.example>",
        SlotName.UNSUBSCRIBE_URL: "https://briefings.example/u/1",
    }
    return splice(build_message(headers, text, html, names), values)


class OwnCopies(RecordedWork):
    """Each recipient gets a copy with the own address in it."""

    async def take(self, most: int):  # type: ignore[no-untyped-def]
        return [replace(one, segments=copy_for(one.recipient)) for one in await super().take(most)]


def provider(port: int) -> SmtpProvider:
    settings = SmtpSettings(host="127.0.0.1", port=port, security=Security.NONE, retry_pause=0.01, timeout=60.0)
    return SmtpProvider(settings, None)


def read(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


async def test_aiosmtpd_gets_each_address_in_envelope_header_and_text() -> None:
    mailbox = Mailbox()
    with aiosmtpd(mailbox, enable_SMTPUTF8=True) as port:
        work = OwnCopies([*BEYOND, PLAIN])
        await provider(port).deliver(work)
    assert work.results == dict.fromkeys([*BEYOND, PLAIN], Result.ACCEPTED)
    assert [envelope.rcpt_tos for envelope in mailbox.envelopes] == [[address] for address in (*ON_THE_WIRE, PLAIN)]
    assert [envelope.smtp_utf8 for envelope in mailbox.envelopes] == [True, True, True, False]
    for envelope, address in zip(mailbox.envelopes, (*ON_THE_WIRE, PLAIN), strict=True):
        raw = envelope.content
        assert isinstance(raw, bytes)
        head, _, body = raw.partition(b"\r\n\r\n")
        assert body.isascii()
        assert [line for line in head.split(b"\r\n") if not line.isascii()] == (
            [] if address == PLAIN else [f"To: {address}".encode()]
        )
        message = read(raw)
        assert message["To"] == address
        assert message["Subject"] == "Grüße"
        for kind in ("plain", "html"):
            part = message.get_body((kind,))
            assert isinstance(part, EmailMessage)
            assert f"Sent to {address}." in unescape(part.get_content())


async def test_aiosmtpd_without_smtputf8_gets_all_the_others() -> None:
    mailbox = Mailbox()
    with aiosmtpd(mailbox, enable_SMTPUTF8=False) as port:
        work = OwnCopies([BEYOND[0], PLAIN, *BEYOND[1:], "last@bücher.example"])
        await provider(port).deliver(work)
    assert work.results == {
        **dict.fromkeys(BEYOND, Result.FAILED),
        PLAIN: Result.ACCEPTED,
        "last@bücher.example": Result.ACCEPTED,
    }
    assert [envelope.rcpt_tos for envelope in mailbox.envelopes] == [[PLAIN], ["last@xn--bcher-kva.example"]]
    for address in BEYOND:
        outcome = work.outcomes[address]
        assert "SMTPUTF8" in outcome.note
        # At RCPT it would count as a bounce, and suppress the address one day.
        assert outcome.phase is Phase.MAIL


@pytest.mark.parametrize("pipelining", [True, False])
async def test_only_those_who_need_it_go_with_the_parameter(pipelining: bool, tmp_path: Path) -> None:
    with SmtpSink(tmp_path, Options(smtputf8=True, size=1_000_000, pipelining=pipelining)) as sink:
        await provider(sink.port).deliver(OwnCopies([PLAIN, BEYOND[0], "other@example.org"]))
        mails = [command for command in sink.commands() if command.startswith("MAIL")]
        assert [command.endswith(" SMTPUTF8") for command in mails] == [False, True, False]
        assert set(sink.counts()) == {PLAIN, BEYOND[0], "other@example.org"}


@pytest.mark.parametrize("pipelining", [True, False])
async def test_a_server_that_offers_it_and_refuses_it_fails_that_row_alone(pipelining: bool, tmp_path: Path) -> None:
    with SmtpSink(tmp_path, Options(smtputf8=True, no_parameters=True, pipelining=pipelining)) as sink:
        work = OwnCopies([PLAIN, *BEYOND, "last@example.org"])
        await provider(sink.port).deliver(work)
        assert work.results == {
            PLAIN: Result.ACCEPTED,
            **dict.fromkeys(BEYOND, Result.FAILED),
            "last@example.org": Result.ACCEPTED,
        }
        assert sink.commands().count("CONNECT") == 1


async def test_a_next_hop_without_it_is_no_policy_of_ours(tmp_path: Path) -> None:
    with SmtpSink(tmp_path, Options(smtputf8=True, rcpt="553 5.6.7 Non-ASCII addresses not permitted")) as sink:
        work = OwnCopies(BEYOND)
        await provider(sink.port).deliver(work)
        assert work.results == dict.fromkeys(BEYOND, Result.FAILED)


async def test_a_rehearsal_writes_them_like_any_other(tmp_path: Path) -> None:
    work = OwnCopies(BEYOND)
    await OutboxProvider(tmp_path / "outbox").deliver(work)
    assert work.results == dict.fromkeys(BEYOND, Result.ACCEPTED)

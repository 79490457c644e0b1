"""Reports over a real mail server, with a simulated clock: what exactly arrives, and how often."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from briefingfeed.models.settings import Mailbox
from briefingfeed.providers.smtp import SmtpProvider
from briefingfeed.providers.smtp_settings import Security, SmtpSettings
from servers.ports import free_port
from servers.smtp_sink import SmtpSink

KEY = "weekly/2026-W48"
QUARTER = timedelta(minutes=15)


@pytest.fixture
def desk(desk):
    desk.begin()
    desk.write("Tides")
    return desk


def by_smtp(port: int) -> SmtpProvider:
    settings = SmtpSettings(host="127.0.0.1", port=port, security=Security.NONE, retry_pause=0.001)
    return SmtpProvider(settings, None)


def tick(desk, times: int) -> list[int]:
    """Let cron run so often, a quarter of an hour apart; return the exit codes."""
    codes = []
    for _ in range(times):
        codes.append(desk.send().exit_code)
        desk.now += QUARTER
    return codes


def subjects(sink: SmtpSink, whom: str) -> list[str]:
    mails = (message_from_bytes(raw, policy=policy.default) for to, raw in sink.messages() if to == whom)
    return [mail["Subject"] for mail in mails]


def test_a_server_that_is_down_for_two_hours(desk, tmp_path: Path) -> None:
    port = free_port()
    desk.provider = by_smtp(port)
    desk.change(report_to=(Mailbox("ola@harbour.example"),))
    desk.subscribe("ann", "ben")
    assert tick(desk, 8) == [75] * 8
    with SmtpSink(tmp_path / "sink", port=port) as sink:
        assert tick(desk, 8) == [0] * 8
        assert sink.counts() == {"ann@example.org": 1, "ben@example.org": 1, "ola@harbour.example": 1}
        assert subjects(sink, "ola@harbour.example") == [f"{KEY}: 2 of 2 handed over"]
        raw = next(raw for to, raw in sink.messages() if to == "ola@harbour.example")
        assert b"From 23 November 2026, 08:05, until 10:05 nothing could be handed over" in raw
        assert b"example.org" not in raw


@pytest.mark.parametrize(
    ("whom", "copies", "codes"),
    [
        ("ola@harbour.example", 1, [0] * 8),
        ("450x2.ola@harbour.example", 1, [0] * 8),  # greylisting
        ("once-drop-at-data.ola@harbour.example", 1, [0] * 8),
        ("once-drop-after-dot.ola@harbour.example", 2, [0] * 8),  # may have arrived: once more, an hour later
        ("550-5.1.1.ola@harbour.example", 0, [0] + [1] * 7),
        ("dot-554-5.7.1.ola@harbour.example", 0, [0] + [1] * 7),
    ],
)
def test_an_address_that_answers_in_its_own_way(desk, tmp_path: Path, whom: str, copies: int, codes: list[int]) -> None:
    with SmtpSink(tmp_path / "sink") as sink:
        desk.provider = by_smtp(sink.port)
        desk.change(report_to=(Mailbox(whom),))
        desk.subscribe("ann")
        assert tick(desk, 8) == codes
        assert sink.copies(whom) == copies
        assert sink.copies("ann@example.org") == 1

"""Servers that trickle, flood, lie or forget: bounded time, bounded memory, and nothing accepted that was not."""

from __future__ import annotations

import tracemalloc
from contextlib import nullcontext
from pathlib import Path

import pytest

from briefingfeed.errors import ProviderError
from briefingfeed.models.delivery import Phase, Result
from briefingfeed.providers.smtp import Security, SmtpProvider, SmtpSettings
from servers.recorded_work import RecordedWork
from servers.smtp_sink import Options, SmtpSink

pytestmark = pytest.mark.anyio

REPLIES = "250 ok\r\n"
"""At the dot the first of them is the answer; the others end the session, and the next message has one of its own."""
READERS = [f"r{number}@example.org" for number in range(6)]


def provider(sink: SmtpSink, **changes: object) -> SmtpProvider:
    settings = {"security": Security.NONE, "retry_pause": 0.01, "dot_timeout": 60.0, "timeout": 60.0, **changes}
    return SmtpProvider(SmtpSettings(host="127.0.0.1", port=sink.port, **settings), None)  # type: ignore[arg-type]


async def test_one_octet_at_a_time_is_read_as_long_as_it_ends_in_time(tmp_path: Path) -> None:
    with SmtpSink(tmp_path, Options(trickle=0.001)) as sink:
        work = RecordedWork(READERS[:2])
        await provider(sink).deliver(work)
        assert work.results == dict.fromkeys(READERS[:2], Result.ACCEPTED)


async def test_a_reply_that_never_comes_to_its_end_takes_no_longer_than_one_that_never_comes(tmp_path: Path) -> None:
    with SmtpSink(tmp_path, Options(trickle=0.05)) as sink:
        work = RecordedWork(READERS)
        with pytest.raises(ProviderError, match="timed out"):
            await provider(sink, timeout=0.2).deliver(work)
        assert set(work.results.values()) <= {Result.RETURNED}


@pytest.mark.parametrize("place", ["greeting", "EHLO", "RCPT", "dot"])
@pytest.mark.parametrize("flood", ["x", "250-", "250-and on\r\n", REPLIES], ids=["line", "dash", "lines", "replies"])
async def test_ten_megabytes_of_reply_are_not_kept(flood: str, place: str, tmp_path: Path) -> None:
    options = Options(flood=flood if place != "greeting" else flood.replace("250", "220"), flood_at=place)
    fails = (flood, place) != (REPLIES, "dot")
    with SmtpSink(tmp_path, options) as sink:
        work = RecordedWork(READERS)
        tracemalloc.start()
        try:
            patience = 1.0 if fails else 10.0
            with pytest.raises(ProviderError) if fails else nullcontext():
                await provider(sink, timeout=patience, dot_timeout=patience).deliver(work)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 4_000_000
        if place != "dot":
            assert sink.messages() == []
            assert set(work.results.values()) <= {Result.RETURNED, Result.DEFERRED}
        else:
            taken = sink.counts()
            for address, result in work.results.items():
                assert taken[address] == (result in (Result.ACCEPTED, Result.UNCERTAIN)), (address, result)
        assert work.unreported == []


async def test_a_server_that_forgets_what_comes_in_one_packet_is_asked_one_by_one(tmp_path: Path) -> None:
    with SmtpSink(tmp_path, Options(forgets=True)) as sink:
        work = RecordedWork(READERS)
        await provider(sink, timeout=3.0).deliver(work)
        assert work.results == dict.fromkeys(READERS, Result.ACCEPTED)
        assert sink.commands().count("CONNECT") == 2
        assert sink.counts() == dict.fromkeys(READERS, 1)


@pytest.mark.parametrize("pipelining", [True, False])
async def test_a_size_that_is_offered_but_not_understood_is_left_out(pipelining: bool, tmp_path: Path) -> None:
    with SmtpSink(tmp_path, Options(size=1_000_000, no_parameters=True, pipelining=pipelining)) as sink:
        work = RecordedWork(READERS)
        await provider(sink).deliver(work)
        assert work.results == dict.fromkeys(READERS, Result.ACCEPTED)
        mails = [command for command in sink.commands() if command.startswith("MAIL")]
        assert len([command for command in mails if "SIZE=" in command]) == 1
        assert sink.commands().count("CONNECT") == 1


@pytest.mark.parametrize("early", ["250 2.0.0 taken\r\n", "250 2.0.0 ta", "421 4.3.0 going down\r\n", "\r\n"])
async def test_an_answer_that_is_there_before_the_message_is_no_answer_to_it(early: str, tmp_path: Path) -> None:
    with SmtpSink(tmp_path, Options(early=early)) as sink:
        work = RecordedWork(READERS)
        with pytest.raises(ProviderError):
            await provider(sink, timeout=1.0).deliver(work)
        assert sink.messages() == []
        assert set(work.results.values()) <= {Result.RETURNED, Result.DEFERRED}
        assert {outcome.phase for outcome in work.outcomes.values()} <= {Phase.DATA, Phase.CONNECT}


async def test_size_is_said_where_it_is_offered_and_the_limit_is_kept(tmp_path: Path) -> None:
    with SmtpSink(tmp_path / "fits", Options(size=1000)) as sink:
        work = RecordedWork(READERS[:1])
        await provider(sink).deliver(work)
        size = len(sink.messages()[0][1])
        assert f"MAIL FROM:<bounces@briefings.example> SIZE={size}" in sink.commands()
    with SmtpSink(tmp_path / "refused", Options(mail="552 5.3.4 Message size exceeds fixed limit")) as sink:
        with pytest.raises(ProviderError, match="too large for the mail server: 552") as caught:
            await provider(sink).deliver(RecordedWork(READERS))
        assert "size_budget_kb" in str(caught.value.remedy)


async def test_what_our_bodies_do_not_need_is_never_declared(tmp_path: Path) -> None:
    with SmtpSink(tmp_path, Options(smtputf8=True)) as sink:
        await provider(sink).deliver(RecordedWork(READERS))
        assert not [command for command in sink.commands() if "BODY=" in command or "SMTPUTF8" in command]

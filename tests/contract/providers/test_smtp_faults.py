"""The SMTP provider against a server that misbehaves, one fault at a time. Counts come from the server's own files."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from briefingfeed.errors import ProviderError
from briefingfeed.models.delivery import Phase, Result
from briefingfeed.providers.smtp import Security, SmtpProvider, SmtpSettings
from servers.ports import free_port
from servers.recorded_work import BODY, RecordedWork
from servers.smtp_sink import Options, SmtpSink

pytestmark = pytest.mark.anyio

LARGE = (b"Subject: Large\r\n\r\n" + (b"x" * 70 + b"\r\n") * 300_000,)
"""More than all socket buffers hold."""


@pytest.fixture(params=[True, False], ids=["pipelining", "one-by-one"])
def pipelining(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def provider(sink: SmtpSink, **changes: object) -> SmtpProvider:
    settings = {"security": Security.NONE, "retry_pause": 0.01, "dot_timeout": 60.0, "timeout": 60.0, **changes}
    return SmtpProvider(SmtpSettings(host="127.0.0.1", port=sink.port, **settings), "secret")  # type: ignore[arg-type]


def at(*locals_: str) -> list[str]:
    return [f"{local}@example.org" for local in locals_]


@pytest.mark.parametrize(
    ("local", "result", "phase", "copies"),
    [
        ("450x1", Result.DEFERRED, Phase.RCPT, 0),
        ("452", Result.DEFERRED, Phase.RCPT, 0),
        ("550-5.1.1", Result.REJECTED, Phase.RCPT, 0),
        ("550-5.2.1", Result.REJECTED, Phase.RCPT, 0),
        ("550", Result.FAILED, Phase.RCPT, 0),
        ("554-5.7.1", Result.POLICY, Phase.RCPT, 0),
        ("refused-but-354", Result.REJECTED, Phase.RCPT, 0),
        ("data-451-4.3.0", Result.DEFERRED, Phase.DATA, 0),
        ("data-554-5.7.1", Result.POLICY, Phase.DATA, 0),
        ("dot-451-4.3.0", Result.DEFERRED, Phase.DOT, 0),
        ("dot-550-5.1.1", Result.REJECTED, Phase.DOT, 0),
        ("dot-554-5.7.1", Result.POLICY, Phase.DOT, 0),
        ("dot-550", Result.FAILED, Phase.DOT, 0),
        ("421-at-dot", Result.DEFERRED, Phase.DOT, 0),
        ("drop-after-dot", Result.UNCERTAIN, Phase.DOT, 1),
        ("garbage", Result.UNCERTAIN, Phase.DOT, 1),
        ("odd-250", Result.UNCERTAIN, Phase.DOT, 1),
        ("drop-at-quit", Result.ACCEPTED, Phase.DOT, 1),
        ("once-drop-at-rcpt", Result.ACCEPTED, Phase.DOT, 1),
        ("once-drop-at-data", Result.ACCEPTED, Phase.DOT, 1),
        ("once-421-at-rcpt", Result.ACCEPTED, Phase.DOT, 1),
        ("once-421-at-data", Result.ACCEPTED, Phase.DOT, 1),
        ("drop-at-data", Result.DEFERRED, Phase.DATA, 0),
        ("421-at-rcpt", Result.DEFERRED, Phase.RCPT, 0),
    ],
)
async def test_one_fault_touches_one_row_and_the_next_are_served(
    local: str, result: Result, phase: Phase, copies: int, pipelining: bool, tmp_path: Path
) -> None:
    with SmtpSink(tmp_path, Options(pipelining=pipelining)) as sink:
        work = RecordedWork(at("before", local, "after1", "after2"))
        await provider(sink).deliver(work)
        [before, faulty, *after] = at("before", local, "after1", "after2")
        outcome = work.outcomes[faulty]
        assert (outcome.result, outcome.phase) == (result, phase)
        assert sink.counts() == {
            **dict.fromkeys([before, *after], 1),
            **({faulty: copies} if copies else {}),
        }
        for address in (before, *after):
            assert work.results[address] is Result.ACCEPTED
        assert faulty not in outcome.note
        assert work.most_in_flight <= 2


async def test_outcome_carries_codes_and_a_scrubbed_note(tmp_path: Path) -> None:
    with SmtpSink(tmp_path) as sink:
        [address] = at("550-5.1.1.canary")
        work = RecordedWork([address])
        await provider(sink).deliver(work)
        outcome = work.outcomes[address]
        assert (outcome.code, outcome.enhanced_code) == (550, "5.1.1")
        assert outcome.note == "5.1.1 <[address]> refused"


@pytest.mark.parametrize("local", ["drop-in-body", "once-drop-in-body"])
async def test_drop_in_the_middle_of_a_large_body_is_tried_again_or_later_but_never_unclear(
    local: str, pipelining: bool, tmp_path: Path
) -> None:
    with SmtpSink(tmp_path, Options(pipelining=pipelining)) as sink:
        [address] = at(local)
        work = RecordedWork([address], LARGE)
        await provider(sink).deliver(work)
        once = local.startswith("once")
        assert work.results[address] is (Result.ACCEPTED if once else Result.DEFERRED)
        assert work.outcomes[address].phase is (Phase.DOT if once else Phase.BODY)
        assert sink.copies(address) == once


async def test_refusal_in_the_middle_of_a_large_body_is_a_refusal(tmp_path: Path) -> None:
    with SmtpSink(tmp_path) as sink:
        [address] = at("early-552")
        work = RecordedWork([address], LARGE)
        await provider(sink).deliver(work)
        # The close may overtake the words (a reset discards them): then it is a drop, which is safe to try again.
        assert work.results[address] in (Result.POLICY, Result.DEFERRED)
        assert work.outcomes[address].phase is Phase.BODY
        assert sink.copies(address) == 0


async def test_large_message_arrives_byte_for_byte(pipelining: bool, tmp_path: Path) -> None:
    with SmtpSink(tmp_path, Options(pipelining=pipelining)) as sink:
        await provider(sink).deliver(RecordedWork(at("ann"), LARGE))
        assert sink.messages() == [(*at("ann"), b"".join(LARGE))]


async def test_silence_after_the_dot_is_unclear_once_the_time_is_over(tmp_path: Path) -> None:
    with SmtpSink(tmp_path) as sink:
        work = RecordedWork(at("silent-after-dot", "next"))
        await provider(sink, dot_timeout=3.0).deliver(work)
        assert work.results == dict(
            zip(at("silent-after-dot", "next"), (Result.UNCERTAIN, Result.ACCEPTED), strict=True)
        )


async def test_server_that_takes_a_few_per_connection_gets_all_the_same(tmp_path: Path) -> None:
    for name, options in (("421", Options(close_after=3)), ("drop", Options(drop_after=3))):
        with SmtpSink(tmp_path / name, options) as sink:
            readers = at(*(f"r{number}" for number in range(20)))
            work = RecordedWork(readers)
            await provider(sink).deliver(work)
            assert work.results == dict.fromkeys(readers, Result.ACCEPTED)
            assert sink.counts() == dict.fromkeys(readers, 1)
            assert sink.commands().count("CONNECT") >= 7


async def test_session_is_kept_over_many_messages_and_refusals(pipelining: bool, tmp_path: Path) -> None:
    with SmtpSink(tmp_path, Options(pipelining=pipelining)) as sink:
        await provider(sink).deliver(
            RecordedWork(at("a", "550-5.1.1", "b", "450x1", "dot-550", "refused-but-354", "c"))
        )
        commands = sink.commands()
        assert commands.count("CONNECT") == 1
        assert commands[-1] == "QUIT"
        assert commands.count("RSET") == 3, "a message refused at its dot leaves nothing to forget"


async def test_lone_dot_follows_a_354_for_nobody(tmp_path: Path) -> None:
    """RFC 2920, 3.1: what goes out then is an empty message, never the text."""
    with SmtpSink(tmp_path) as sink:
        await provider(sink).deliver(RecordedWork(at("refused-but-354")))
        assert "DOT AFTER 0" in sink.commands()


async def test_breaker_opens_after_five_failed_sessions_in_a_row(tmp_path: Path) -> None:
    with SmtpSink(tmp_path, Options(mail="451 4.3.0 try later")) as sink:
        work = RecordedWork(at("a", "b", "c"))
        with pytest.raises(ProviderError, match=r"takes no mail just now: 451"):
            await provider(sink).deliver(work)
        assert sink.commands().count("CONNECT") == 5
        assert set(work.results.values()) == {Result.RETURNED}
        assert not [command for command in sink.commands() if command.startswith("RCPT")] or sink.counts() == {}


async def test_server_that_drops_after_every_dot_is_given_up_before_it_makes_a_list_unclear(tmp_path: Path) -> None:
    with SmtpSink(tmp_path, Options(drop_after=1)) as sink:
        readers = at(*(f"drop-after-dot.{number}" for number in range(30)))
        work = RecordedWork(readers)
        with pytest.raises(ProviderError):
            await provider(sink).deliver(work)
        unclear = [address for address, result in work.results.items() if result is Result.UNCERTAIN]
        assert len(unclear) == 5
        assert work.unreported == []


@pytest.mark.parametrize(
    ("options", "words", "remedy"),
    [
        (Options(mail="550 5.7.1 not you"), "sender address", "newsletter"),
        (Options(mail="530 5.7.0 authenticate"), "wants a login", "BRIEFINGFEED_SMTP_PASSWORD"),
        (Options(auth=("ann", "other"), pipelining=False), "wants a login", "username"),
        (Options(size=20), "at most", "size_budget_kb"),
    ],
)
async def test_trouble_that_only_the_operator_can_end_stops_at_once(
    options: Options, words: str, remedy: str, tmp_path: Path
) -> None:
    with SmtpSink(tmp_path, options) as sink:
        work = RecordedWork(at("a", "b", "c"))
        with pytest.raises(ProviderError, match=words) as caught:
            await provider(sink).deliver(work)
        assert remedy in str(caught.value.remedy)
        assert sink.commands().count("CONNECT") == 1
        assert set(work.results.values()) == {Result.RETURNED}
        assert work.unreported == []


@pytest.mark.parametrize("greeting", ["554 5.3.2 no", "421 4.3.2 busy", "hello", "SSH-2.0-OpenSSH_9.2", "x" * 5000])
async def test_odd_greeting_comes_back_with_words(greeting: str, tmp_path: Path) -> None:
    with SmtpSink(tmp_path, Options(greeting=greeting)) as sink:
        work = RecordedWork(at("a"))
        with pytest.raises(ProviderError) as caught:
            await provider(sink, timeout=1.0).deliver(work)
        assert len(str(caught.value)) < 600
        assert set(work.results.values()) <= {Result.RETURNED}


async def test_old_server_without_ehlo_is_served_on_this_machine(tmp_path: Path) -> None:
    with SmtpSink(tmp_path, Options(ehlo="502 5.5.1 what?")) as sink:
        work = RecordedWork(at("a"))
        await provider(sink).deliver(work)
        assert work.results == dict.fromkeys(at("a"), Result.ACCEPTED)
        assert sink.commands()[2].startswith("HELO ")


@pytest.mark.parametrize("connections", [1, 2, 4])
async def test_several_connections_share_the_work(connections: int, tmp_path: Path) -> None:
    with SmtpSink(tmp_path, Options(latency=0.002)) as sink:
        readers = at(*(f"r{number}" for number in range(60)))
        work = RecordedWork(readers)
        await provider(sink, connections=connections).deliver(work)
        assert sink.counts() == dict.fromkeys(readers, 1)
        assert sink.commands().count("CONNECT") == connections
        assert work.most_in_flight <= 2 * connections


async def test_rate_is_kept_over_all_connections(tmp_path: Path) -> None:
    with SmtpSink(tmp_path) as sink:
        loop = asyncio.get_running_loop()
        start = loop.time()
        await provider(sink, rate=50.0, connections=3).deliver(
            RecordedWork(at(*(f"r{number}" for number in range(20))))
        )
        assert loop.time() - start >= 19 / 50


async def test_stopping_finishes_the_message_in_flight_and_takes_no_more(tmp_path: Path) -> None:
    with SmtpSink(tmp_path, Options(latency=0.01)) as sink:
        work = RecordedWork(at(*(f"r{number}" for number in range(100))))
        delivering = asyncio.create_task(provider(sink).deliver(work))
        await asyncio.wait_for(work.reported.wait(), 60)
        work.stop()
        await asyncio.wait_for(delivering, 60)
        assert set(work.results.values()) == {Result.ACCEPTED}
        assert len(sink.messages()) == len(work.results) < 100


async def test_cancelled_after_the_dot_the_row_is_unclear_and_nothing_more_leaves(tmp_path: Path) -> None:
    with SmtpSink(tmp_path) as sink:
        work = RecordedWork(at("silent-after-dot", "next", "last"))
        delivering = asyncio.create_task(provider(sink, dot_timeout=60.0).deliver(work))
        while not sink.messages() or len(work.waiting) > 1:  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.01)
        delivering.cancel()
        with pytest.raises(asyncio.CancelledError):
            await delivering
        assert work.results == {at("silent-after-dot")[0]: Result.UNCERTAIN, at("next")[0]: Result.RETURNED}
        assert len(sink.messages()) == 1


async def test_server_that_comes_back_is_found_again(tmp_path: Path) -> None:
    sink = SmtpSink(tmp_path, Options(latency=0.005), port=free_port())
    sink.start()
    try:
        readers = at(*(f"r{number}" for number in range(60)))
        work = RecordedWork(readers)
        delivering = asyncio.create_task(provider(sink, retry_pause=0.3).deliver(work))
        await asyncio.wait_for(work.reported.wait(), 60)
        sink.stop()
        sink.start()
        await asyncio.wait_for(delivering, 60)
        copies = sink.counts()
        for address, result in work.results.items():
            assert copies[address] == 1 if result is Result.ACCEPTED else copies[address] <= 1
        assert list(work.results.values()).count(Result.ACCEPTED) >= 55
    finally:
        sink.stop()


async def test_punycode_goes_out_and_body_is_untouched(tmp_path: Path) -> None:
    with SmtpSink(tmp_path) as sink:
        await provider(sink).deliver(RecordedWork(["ann@bücher.example"]))
        assert sink.messages() == [("ann@xn--bcher-kva.example", BODY)]

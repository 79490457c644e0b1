"""Servers that limit what we may do get less, later, or over fewer connections; nobody is charged for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from briefingfeed.errors import ProviderError
from briefingfeed.models.delivery import Phase, Result
from briefingfeed.providers.smtp import Security, SmtpProvider, SmtpSettings
from servers.recorded_work import RecordedWork
from servers.smtp_sink import Options, SmtpSink

pytestmark = pytest.mark.anyio

READERS = [f"r{number}@example.org" for number in range(24)]


def provider(sink: SmtpSink, **changes: object) -> SmtpProvider:
    settings = {"security": Security.NONE, "retry_pause": 0.01, "dot_timeout": 60.0, "timeout": 60.0, **changes}
    return SmtpProvider(SmtpSettings(host="127.0.0.1", port=sink.port, **settings), None)  # type: ignore[arg-type]


@pytest.mark.parametrize("place", ["mail", "rcpt", "dot"])
@pytest.mark.parametrize("connections", [1, 3])
async def test_a_server_that_throttles_gets_everything_a_little_later(
    place: str, connections: int, tmp_path: Path
) -> None:
    options = Options(throttle_after=7, throttle_seconds=0.15, throttle_at=place)
    with SmtpSink(tmp_path, options) as sink:
        work = RecordedWork(READERS)
        await provider(sink, connections=connections, retry_pause=0.1).deliver(work)
        assert work.results == dict.fromkeys(READERS, Result.ACCEPTED)
        assert sink.counts() == dict.fromkeys(READERS, 1)


@pytest.mark.parametrize(
    ("place", "answer"),
    [
        ("mail", "454 4.7.0 Throttling failure: Daily message quota exceeded"),
        ("rcpt", "454 4.7.0 Throttling failure: Daily message quota exceeded"),
        ("dot", "454 Throttling failure"),
        ("rcpt", "451 4.7.1 Hourly sending limit exceeded"),
        ("rcpt", "550 5.4.5 Daily user sending quota exceeded"),
        ("dot", "550 5.4.5 Daily user sending quota exceeded"),
        ("mail", "550 5.4.5 Daily user sending quota exceeded"),
        ("dot", "550 Domain example.org has exceeded the max emails per hour (100/100 (100%)) allowed"),
    ],
)
async def test_a_server_that_does_not_relent_ends_the_run_with_every_row_untouched(
    place: str, answer: str, tmp_path: Path
) -> None:
    options = Options(throttle_after=2, throttle_seconds=60, throttle_at=place, throttle_answer=answer)
    with SmtpSink(tmp_path, options) as sink:
        work = RecordedWork(READERS)
        with pytest.raises(ProviderError, match=r"asks us to slow down|takes no mail just now") as caught:
            await provider(sink).deliver(work)
        assert "Nobody loses their copy" in str(caught.value.remedy)
        results = list(work.results.values())
        assert results.count(Result.ACCEPTED) == len(sink.messages()) == 2
        assert set(results) == {Result.ACCEPTED, Result.RETURNED}
        assert len(work.waiting) >= len(READERS) - 5  # two taken, two told it, one fetched ahead
        assert work.unreported == []


async def test_a_quota_for_the_day_is_believed_once_a_second_reader_meets_it(tmp_path: Path) -> None:
    with SmtpSink(tmp_path, Options(rcpt="550 5.4.5 Daily user sending quota exceeded")) as sink:
        with pytest.raises(ProviderError, match="slow down"):
            await provider(sink).deliver(RecordedWork(READERS))
        assert len([command for command in sink.commands() if command.startswith("RCPT")]) == 2


@pytest.mark.parametrize(
    ("options", "most_deferred"),
    [
        (Options(rcpt="451 4.3.0 temporary lookup failure"), 9),
        (Options(rcpt="450 4.7.1 try again later"), 9),
        (Options(dot="452 4.3.1 insufficient system storage"), 9),
    ],
)
async def test_a_trouble_that_everybody_meets_does_not_go_through_the_whole_list(
    options: Options, most_deferred: int, tmp_path: Path
) -> None:
    with SmtpSink(tmp_path, options) as sink:
        work = RecordedWork(READERS)
        with pytest.raises(ProviderError, match="asks us to slow down"):
            await provider(sink).deliver(work)
        results = list(work.results.values())
        assert results.count(Result.DEFERRED) == most_deferred
        assert results.count(Result.RETURNED) <= 3
        assert len(work.waiting) == len(READERS) - len(results)


async def test_greylisting_defers_each_row_and_goes_on(tmp_path: Path) -> None:
    with SmtpSink(tmp_path, Options(rcpt="451 4.7.1 Greylisting in action, please come back in 00:05:00")) as sink:
        work = RecordedWork(READERS)
        await provider(sink).deliver(work)
        assert work.results == dict.fromkeys(READERS, Result.DEFERRED)
        assert {outcome.phase for outcome in work.outcomes.values()} == {Phase.RCPT}
        assert sink.commands().count("CONNECT") == 1


async def test_full_mailboxes_are_nobodys_business_but_their_own(tmp_path: Path) -> None:
    readers = [f"452-4.2.2.{number}@example.org" for number in range(24)]
    with SmtpSink(tmp_path) as sink:
        work = RecordedWork([*readers, "last@example.org"])
        await provider(sink).deliver(work)
        assert work.results == {**dict.fromkeys(readers, Result.DEFERRED), "last@example.org": Result.ACCEPTED}


@pytest.mark.parametrize("allowed", [1, 2])
async def test_a_server_that_allows_fewer_connections_gets_fewer(allowed: int, tmp_path: Path) -> None:
    with SmtpSink(tmp_path, Options(most_connections=allowed, latency=0.003)) as sink:
        work = RecordedWork(READERS)
        await provider(sink, connections=5).deliver(work)
        assert work.results == dict.fromkeys(READERS, Result.ACCEPTED)
        assert sink.counts() == dict.fromkeys(READERS, 1)
        assert sink.commands().count("CONNECT") == 5


async def test_a_server_that_has_no_room_at_all_is_tried_five_times(tmp_path: Path) -> None:
    with SmtpSink(tmp_path, Options(greeting="421 4.7.0 too many connections from you")) as sink:
        work = RecordedWork(READERS)
        with pytest.raises(ProviderError, match="takes no mail just now: 421"):
            await provider(sink, connections=3).deliver(work)
        assert sink.commands().count("CONNECT") == 5
        assert work.results == {}


@pytest.mark.parametrize(("most", "connections"), [(1, 24), (5, 5), (8, 3), (24, 1), (None, 1)])
async def test_a_connection_ends_with_a_goodbye_after_as_many_messages_as_were_set(
    most: int | None, connections: int, tmp_path: Path
) -> None:
    with SmtpSink(tmp_path) as sink:
        work = RecordedWork(READERS)
        await provider(sink, messages_per_connection=most).deliver(work)
        assert sink.counts() == dict.fromkeys(READERS, 1)
        commands = sink.commands()
        assert commands.count("CONNECT") == commands.count("QUIT") == connections
        assert work.most_in_flight <= 2


async def test_refused_messages_count_for_a_connection_too(tmp_path: Path) -> None:
    with SmtpSink(tmp_path) as sink:
        await provider(sink, messages_per_connection=2).deliver(
            RecordedWork(["550-5.1.1.1@example.org", "550-5.1.1.2@example.org", "ann@example.org"])
        )
        assert sink.commands().count("CONNECT") == 2

"""A port where nobody greets: an HTTP server, TLS that waits for the client. It is asked once, and words say why."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from briefingfeed.delivery.single import hand_over
from briefingfeed.errors import ProviderError
from briefingfeed.models.delivery import Result
from briefingfeed.providers.base import CanHurry
from briefingfeed.providers.smtp import Security, SmtpProvider, SmtpSettings
from briefingfeed.providers.smtp_convoy import MOST_FAILURES
from servers.certificates import Authority
from servers.recorded_work import RecordedWork, message
from servers.silent_server import SilentServer, silent_server
from servers.smtp_sink import Options, SmtpSink

pytestmark = pytest.mark.anyio

READERS = [f"r{number}@example.org" for number in range(6)]


@pytest.fixture
def silent() -> Iterator[SilentServer]:
    with silent_server() as server:
        yield server


def provider(port: int, **changes: object) -> SmtpProvider:
    settings = {"security": Security.STARTTLS, "retry_pause": 0.01, "timeout": 60.0, "dot_timeout": 60.0, **changes}
    return SmtpProvider(SmtpSettings(host="127.0.0.1", port=port, **settings), None)  # type: ignore[arg-type]


async def trouble_of(delivering: SmtpProvider) -> ProviderError:
    work = RecordedWork(READERS)
    with pytest.raises(ProviderError) as caught:
        await delivering.deliver(work)
    assert set(work.results.values()) <= {Result.RETURNED}
    assert work.unreported == []
    return caught.value


@pytest.mark.parametrize("connections", [1, 3])
async def test_a_run_asks_a_server_that_says_nothing_once_and_names_the_settings_to_check(
    connections: int, silent: SilentServer
) -> None:
    port = silent.server_port
    error = await trouble_of(provider(port, connections=connections, timeout=0.2))
    assert silent.connections == 1
    assert str(error) == (
        f"127.0.0.1:{port}: The server took the connection and said nothing for 0.2 s.\n"
        '  Check host and port in [smtp], and security, which is "starttls": 465 goes with security = "tls", 587 with '
        '"starttls". Nobody loses their copy by it. The next run tries again by itself.'
    )


async def test_a_server_that_begins_with_tls_is_asked_once_without(tmp_path: Path) -> None:
    certificate = str(Authority(tmp_path).issue("127.0.0.1"))
    with SmtpSink(tmp_path, Options(certificate=certificate, implicit_tls=True)) as sink:
        error = await trouble_of(provider(sink.port, timeout=0.3))
        assert "said nothing" in error.message
        assert sink.commands() == ["CONNECT"]


async def test_a_server_that_does_not_answer_tls_is_asked_once(tmp_path: Path) -> None:
    with SmtpSink(tmp_path, Options(latency=2.0)) as sink:
        error = await trouble_of(provider(sink.port, security=Security.TLS, timeout=0.3))
        assert "said nothing" in error.message
        assert 'security, which is "tls"' in str(error.remedy)
        assert sink.commands().count("CONNECT") == 1


async def test_a_server_that_was_heard_before_is_waited_for_as_ever(tmp_path: Path) -> None:
    with SmtpSink(tmp_path, Options(greets=1, drop_after=1)) as sink:
        work = RecordedWork(READERS)
        with pytest.raises(ProviderError, match="timed out"):
            await provider(sink.port, security=Security.NONE, timeout=1.0).deliver(work)
        assert sink.counts() == {READERS[0]: 1}
        assert sink.commands().count("CONNECT") >= MOST_FAILURES


async def test_a_further_connection_that_is_not_greeted_ends_nothing(tmp_path: Path) -> None:
    with SmtpSink(tmp_path, Options(greets=1)) as sink:
        work = RecordedWork(["slow.a@example.org", "slow.b@example.org"])
        await provider(sink.port, security=Security.NONE, connections=2, timeout=1.0).deliver(work)
        assert set(work.results.values()) == {Result.ACCEPTED}
        assert sink.commands().count("CONNECT") == 2


async def test_a_server_that_has_begun_to_greet_is_waited_for_as_ever(tmp_path: Path) -> None:
    with SmtpSink(tmp_path, Options(trickle=0.05)) as sink:
        error = await trouble_of(provider(sink.port, security=Security.NONE, timeout=0.5))
        assert "timed out" in error.message
        assert "465 goes with" in str(error.remedy)
        assert sink.commands().count("CONNECT") == MOST_FAILURES


class TestInHaste:
    """What `--test-to` asks for: somebody waits."""

    def test_nobody_waits_for_minutes(self) -> None:
        way = provider(25, timeout=300.0)
        assert isinstance(way, CanHurry)
        assert way.in_haste()._door._impatient.timeout == 60.0
        assert provider(25, timeout=20.0).in_haste()._door._impatient.timeout == 20.0

    async def test_the_first_session_decides(self, tmp_path: Path) -> None:
        for number, options in enumerate((Options(greeting="421 4.3.2 busy"), Options(mail="451 4.3.0 later"))):
            with SmtpSink(tmp_path / str(number), options) as sink:
                way = provider(sink.port, security=Security.NONE)
                error = await trouble_of(way.in_haste())
                assert sink.commands().count("CONNECT") == 1
                assert error.remedy == "Try the same command again in some minutes."

    async def test_a_refusal_that_asks_to_slow_down_is_told_at_once(self, tmp_path: Path) -> None:
        with SmtpSink(tmp_path, Options(rcpt="454 4.7.0 Throttling failure")) as sink:
            error = await trouble_of(provider(sink.port, security=Security.NONE).in_haste())
            assert "slow down" in error.message
            assert len([command for command in sink.commands() if command.startswith("RCPT")]) == 1

    async def test_no_run_that_tries_again_is_promised(self, silent: SilentServer) -> None:
        error = await trouble_of(provider(silent.server_port, timeout=0.2).in_haste())
        assert "465 goes with" in str(error.remedy)
        assert "next run" not in str(error.remedy)

    async def test_once_it_was_let_in_a_message_has_all_the_time(self, tmp_path: Path) -> None:
        with SmtpSink(tmp_path, Options()) as sink:
            way = provider(sink.port, security=Security.NONE, timeout=300.0).in_haste()
            session = await way.open_session()
            await session.quit()
            assert session.settings.timeout == 300.0

    async def test_the_way_itself_stays_as_patient_as_it_was(self, tmp_path: Path) -> None:
        with SmtpSink(tmp_path, Options(greeting="421 4.3.2 busy")) as sink:
            way = provider(sink.port, security=Security.NONE)
            way.in_haste()
            await trouble_of(way)
            assert sink.commands().count("CONNECT") == MOST_FAILURES

    @pytest.mark.parametrize(
        ("local", "result"),
        [("a", Result.ACCEPTED), ("drop-after-dot", Result.UNCERTAIN), ("421-at-dot", Result.DEFERRED)],
    )
    def test_what_became_of_the_mail_is_told_whatever_broke_after_it(
        self, local: str, result: Result, tmp_path: Path
    ) -> None:
        with SmtpSink(tmp_path) as sink:
            way = provider(sink.port, security=Security.NONE)
            assert hand_over(way, message(0, f"{local}@example.org"), in_haste=True).result is result
            assert sink.commands().count("CONNECT") == 1

    def test_a_session_that_breaks_before_anything_was_said_is_told(self, tmp_path: Path) -> None:
        with SmtpSink(tmp_path) as sink:
            way = provider(sink.port, security=Security.NONE)
            with pytest.raises(ProviderError, match="closed by the server"):
                hand_over(way, message(0, "drop-at-rcpt@example.org"), in_haste=True)
            assert sink.commands().count("CONNECT") == 1

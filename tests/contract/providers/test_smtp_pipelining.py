"""Behind the end of a message comes the next one's envelope (RFC 2920), where the server offers PIPELINING."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import pytest

from briefingfeed.errors import ProviderError
from briefingfeed.models.delivery import Message, Result
from briefingfeed.providers.smtp import Security, SmtpProvider, SmtpSettings
from servers.recorded_work import RecordedWork

pytestmark = pytest.mark.anyio

READERS = [f"r{number}@example.org" for number in range(4)]


class PatientServer:
    """Answers the end of a message only once it has the next envelope, or after `patience` without one. Behind the
    first so many messages one is sure to come (`expected`), however long it takes."""

    def __init__(
        self, *, answer: bytes = b"250 taken\r\n", patience: float = 0.3, expected: int = 0, pipelining: bool = True
    ) -> None:
        self.answer, self.patience, self.expected, self.pipelining = answer, patience, expected, pipelining
        self.followed: list[bool] = []
        """For each message, whether the next envelope came before the answer."""
        self.named: list[str] = []
        """Recipients, in order."""

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await self._serve(reader, writer)
        writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 patient\r\n")
        line = await reader.readline()
        while line and line != b"QUIT\r\n":
            upcoming = None
            if line.startswith(b"EHLO"):
                writer.write(b"250-patient\r\n250 PIPELINING\r\n" if self.pipelining else b"250 patient\r\n")
            elif line == b"DATA\r\n":
                writer.write(b"354 go on\r\n")
                await reader.readuntil(b"\r\n.\r\n")
                upcoming = asyncio.ensure_future(reader.readline())
                patience = self.patience if len(self.followed) >= self.expected else 30.0
                await asyncio.wait((upcoming,), timeout=patience)
                self.followed.append(upcoming.done() and upcoming.result().startswith(b"MAIL"))
                writer.write(self.answer)
            else:
                self.named += [line[9:-3].decode()] if line.startswith(b"RCPT") else []
                writer.write(b"250 ok\r\n")
            line = await (upcoming or reader.readline())

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[SmtpProvider]:
        async with await asyncio.start_server(self.talk, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            settings = SmtpSettings(
                host="127.0.0.1", port=port, security=Security.NONE, retry_pause=0.01, timeout=60.0, dot_timeout=60.0
            )
            yield SmtpProvider(settings, None)


async def test_an_envelope_does_not_wait_for_the_answer_to_the_message_before() -> None:
    server, work = PatientServer(expected=3), RecordedWork(READERS)
    async with server.listening() as provider:
        await provider.deliver(work)
    assert work.results == dict.fromkeys(READERS, Result.ACCEPTED)
    assert server.followed == [True, True, True, False]


async def test_a_server_without_pipelining_is_asked_step_by_step() -> None:
    server, work = PatientServer(pipelining=False, patience=0.05), RecordedWork(READERS)
    async with server.listening() as provider:
        await provider.deliver(work)
    assert work.results == dict.fromkeys(READERS, Result.ACCEPTED)
    assert server.followed == [False] * 4


async def test_a_refused_message_does_not_spoil_the_envelope_behind_it() -> None:
    server, work = PatientServer(answer=b"550 5.2.2 full\r\n", expected=3), RecordedWork(READERS)
    async with server.listening() as provider:
        await provider.deliver(work)
    assert work.results == dict.fromkeys(READERS, Result.FAILED)
    assert server.followed == [True, True, True, False]


async def test_an_answer_too_many_is_never_taken_for_the_next_messages() -> None:
    """The replies are out of step then: what was announced is untouched, and goes in a session of its own."""
    server, work = PatientServer(answer=b"250 taken\r\n250 and taken\r\n"), RecordedWork(READERS)
    async with server.listening() as provider:
        await provider.deliver(work)
    assert work.results == dict.fromkeys(READERS, Result.ACCEPTED)
    assert len(server.followed) == len(READERS), "each message was sent once"


async def test_a_server_that_asks_for_patience_never_gets_one_message_in_anothers_envelope() -> None:
    server, work = PatientServer(answer=b"451 4.7.0 slow down, too many messages\r\n"), RecordedWork(READERS)
    async with server.listening() as provider:
        with pytest.raises(ProviderError):
            await provider.deliver(work)
    assert set(work.results.values()) <= {Result.RETURNED, Result.DEFERRED}
    assert work.unreported == []


class HesitantWork(RecordedWork):
    """Arms a message now sooner, now later than the one before it is answered."""

    async def take(self, most: int) -> Sequence[Message]:
        for _ in range(len(self.outcomes) % 12):
            await asyncio.sleep(0)
        return await super().take(1)


async def test_a_message_whose_turn_comes_as_it_is_armed_is_announced_once() -> None:
    readers = [f"r{number}@example.org" for number in range(120)]
    server, work = PatientServer(patience=0), HesitantWork(readers)
    async with server.listening() as provider:
        await provider.deliver(work)
    assert work.results == dict.fromkeys(readers, Result.ACCEPTED)
    assert server.named == readers


class HastyServer(PatientServer):
    """Answers the end of a message, and all of the envelope behind it, in one write."""

    def __init__(self, *, nobody: str, at_data: bytes) -> None:
        """`nobody` is refused; `at_data`: what DATA is answered then."""
        super().__init__(patience=0.3)
        self.nobody, self.at_data = nobody.encode(), at_data
        self.bodies: list[bytes] = []
        """Whom each message was for that had any content."""

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hasty\r\n")
        answers, recipient = b"", b""
        line = await reader.readline()
        while line and line != b"QUIT\r\n":
            if line.startswith(b"EHLO"):
                writer.write(b"250-hasty\r\n250 PIPELINING\r\n")
            elif line.startswith(b"RCPT"):
                recipient = line[9:-3]
                answers += b"550 5.1.1 no such user\r\n" if recipient == self.nobody else b"250 ok\r\n"
            elif line == b"DATA\r\n":
                answer = self.at_data if recipient == self.nobody else b"354 go on\r\n"
                writer.write(answers + answer)
                answers = await self._taken(reader, recipient) if answer.startswith(b"354") else b""
            else:
                answers += b"250 ok\r\n"
            upcoming = asyncio.ensure_future(reader.readline())
            if not (await asyncio.wait((upcoming,), timeout=self.patience))[0]:
                writer.write(answers)
                answers = b""
            line = await upcoming

    async def _taken(self, reader: asyncio.StreamReader, recipient: bytes) -> bytes:
        content = line = await reader.readline()
        while line not in (b".\r\n", b""):
            line = await reader.readline()
            content += line
        if content == b".\r\n":
            return b"554 no valid recipients\r\n"
        self.bodies.append(recipient)
        return b"250 taken\r\n"


@pytest.mark.parametrize("at_data", [b"503 no recipient\r\n", b"354 for nobody\r\n"])
async def test_nobody_who_was_refused_is_sent_a_message_even_if_all_answers_come_at_once(at_data: bytes) -> None:
    server, work = HastyServer(nobody=READERS[1], at_data=at_data), RecordedWork(READERS)
    async with server.listening() as provider, asyncio.timeout(20):
        await provider.deliver(work)
    assert work.results == dict.fromkeys(READERS, Result.ACCEPTED) | {READERS[1]: Result.REJECTED}
    assert server.bodies == [reader.encode() for reader in READERS if reader != READERS[1]]

"""What the kernel took is known to the octet, plain and with TLS."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from briefingfeed.providers.smtp_wire import Wire, WireError
from servers.certificates import Authority

pytestmark = pytest.mark.anyio

LARGE = (b"x" * 70 + b"\r\n") * 200_000


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[Wire, socket.socket]]:
    """A wire, and the other end as a blocking socket."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        wire = await Wire.connect("127.0.0.1", listener.getsockname()[1], seconds=5, loopback_only=True)
        other, _ = listener.accept()
    try:
        yield wire, other
    finally:
        wire.close()
        other.close()


async def encrypt(wire: Wire, other: socket.socket, authority: Authority) -> ssl.SSLSocket:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(authority.issue("127.0.0.1"))
    wrapping = asyncio.to_thread(server.wrap_socket, other, server_side=True)
    client = ssl.create_default_context(cafile=authority.file)
    wrapped, _ = await asyncio.gather(wrapping, wire.start_tls(client, "127.0.0.1", 5))
    return wrapped


def receive_all(sock: socket.socket) -> bytes:
    """Everything up to the end, a reset, or a TLS record that was cut off."""
    seen = b""
    with sock, suppress(OSError):
        sock.settimeout(5)
        while chunk := sock.recv(1_000_000):
            seen += chunk
    return seen


def receive(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size and (chunk := sock.recv(1_000_000)):
        data += chunk
    return data


async def test_small_message_leaves_at_once_with_its_dot() -> None:
    async with connected() as (wire, other):
        wire.write_message((b"Subject: x\r\n", b"\r\n", b"text\r\n"))
        assert wire.dot_taken
        assert other.recv(1000) == b"Subject: x\r\n\r\ntext\r\n.\r\n"


@pytest.mark.parametrize("segments", [(b"text",), (b"text\r", b"\n"), (b"text\r\n", b""), (), (b"text\n",)])
async def test_the_dot_stands_on_a_line_of_its_own(segments: tuple[bytes, ...]) -> None:
    async with connected() as (wire, other):
        wire.write_message(segments)
        assert other.recv(1000).endswith(b"\r\n.\r\n")


@pytest.mark.parametrize("tls", [False, True])
async def test_dot_behind_a_full_buffer_was_not_taken_and_never_leaves(tls: bool, authority: Authority) -> None:
    async with connected() as (wire, other):
        if tls:
            other = await encrypt(wire, other, authority)
        wire.write_message((LARGE,))
        assert not wire.dot_taken
        wire.close()
        assert not wire.dot_taken
        seen = receive_all(other)
        assert seen
        assert b"\r\n.\r\n" not in seen


@pytest.mark.parametrize("tls", [False, True])
async def test_large_message_arrives_whole_once_the_other_side_reads(tls: bool, authority: Authority) -> None:
    async with connected() as (wire, other):
        if tls:
            other = await encrypt(wire, other, authority)
        wire.write_message((LARGE,))
        wire.write(b"QUIT\r\n")
        wanted = LARGE + b".\r\nQUIT\r\n"
        with other:
            assert await asyncio.to_thread(receive, other, len(wanted)) == wanted
        assert wire.dot_taken


async def test_more_segments_than_the_kernel_takes_at_once() -> None:
    async with connected() as (wire, other):
        segments = tuple(b"%d\r\n" % number for number in range(3000))
        wire.write_message(segments)
        wanted = b"".join(segments) + b".\r\n"
        assert await asyncio.to_thread(receive, other, len(wanted)) == wanted


async def test_reset_in_the_middle_of_a_message_says_that_the_dot_was_not_taken() -> None:
    async with connected() as (wire, other):
        wire.write_message((LARGE,))
        other.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        other.close()
        with pytest.raises(WireError):
            await wire.receive(5)
        assert not wire.dot_taken
        assert not wire.is_usable


async def test_words_before_a_close_are_still_read() -> None:
    async with connected() as (wire, other):
        other.sendall(b"421 bye\r\n")
        other.close()
        assert await wire.receive(5) == b"421 bye\r\n"
        with pytest.raises(WireError, match="closed by the server"):
            await wire.receive(5)


async def test_silence_ends_in_time() -> None:
    async with connected() as (wire, _):
        for seconds in (0.2, 0.05):  # the second, shorter wait must not hang on the first one's timer
            loop = asyncio.get_running_loop()
            start = loop.time()
            with pytest.raises(WireError):
                await wire.receive(seconds)
            assert loop.time() - start < 20


async def test_short_wait_after_a_long_one_is_short() -> None:
    async with connected() as (wire, other):
        asyncio.get_running_loop().call_later(0.05, other.sendall, b"250 ok\r\n")
        assert await wire.receive(60)
        with pytest.raises(WireError, match="timed out"):
            await asyncio.wait_for(wire.receive(0.1), 20)


async def test_flood_is_cut_off() -> None:
    async with connected() as (wire, other):
        sending = asyncio.to_thread(flood, other)
        await asyncio.wait_for(sending, 60)
        assert not wire.is_usable


def flood(sock: socket.socket) -> None:
    sock.settimeout(0.3)
    with suppress(OSError):
        for _ in range(20):
            sock.sendall(b"x" * 1_000_000)


async def test_loopback_only_refuses_another_address() -> None:
    with pytest.raises(OSError, match="this machine"):
        await Wire.connect("192.0.2.1", 25, seconds=5, loopback_only=True)


@pytest.mark.parametrize("host", ["a..b.example", "x" * 70 + ".example", "nobody.invalid"])
async def test_name_that_leads_nowhere_is_an_os_error(host: str) -> None:
    with pytest.raises(OSError, match=r"."):
        await Wire.connect(host, 25, seconds=5, loopback_only=False)

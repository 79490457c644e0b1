"""The HTTP client never reaches inside, never follows, never reads without end."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import httpx
import pytest

from briefingfeed.hosts import is_loopback, is_public
from briefingfeed.http import PrivateAddressError, ResponseTooLongError, open_client
from servers.certificates import Authority

pytestmark = pytest.mark.anyio

PRIVATE = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "224.0.0.1", "255.255.255.255", "192.0.2.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "2002:7f00:1::", "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe", "2001:db8::1",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_private_address_is_known_in_every_disguise(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_address_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    ("host", "loops"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("::1", True),
        ("x.org", False),
        ("localhost.x.org", False),
        ("127.0.0.1.x.org", False),
    ],
)
def test_loopback_by_name_or_number(host: str, loops: bool) -> None:
    assert is_loopback(host) is loops


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/",
        "http://localhost:1/",
        "http://[::ffff:127.0.0.1]:1/",
        "http://2130706433:1/",
        "http://[::1]:1/",
    ],
)
async def test_nothing_private_is_reached_by_default(url: str) -> None:
    async with open_client() as client:
        with pytest.raises(PrivateAddressError):
            await client.get(url)


async def test_each_kind_of_waiting_has_a_bound_of_its_own() -> None:
    async with open_client(connect_seconds=1, read_seconds=2, write_seconds=3) as client:
        assert (client.timeout.connect, client.timeout.read, client.timeout.write) == (1, 2, 3)


async def test_allowing_loopback_allows_nothing_else() -> None:
    async with open_client(allow_loopback=True) as client:
        for url in ("http://10.0.0.1/", "http://169.254.169.254/latest/", "http://[fe80::1]/"):
            with pytest.raises(PrivateAddressError):
                await client.get(url)


async def test_redirect_is_not_followed_and_host_header_is_the_name() -> None:
    seen: list[bytes] = []
    with server(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", seen) as port:
        async with open_client(allow_loopback=True) as client:
            response = await client.get(f"http://localhost:{port}/")
    assert response.status_code == 302
    assert f"host: localhost:{port}\r\n".encode() in seen[0].lower()


async def test_response_without_end_is_cut_off() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"
    with server(head + b"x" * 2_000_000) as port:
        async with open_client(allow_loopback=True, longest_response=100_000) as client:
            with pytest.raises(ResponseTooLongError):
                await client.get(f"http://127.0.0.1:{port}/")


async def test_compressed_response_is_refused() -> None:
    with server(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc") as port:
        async with open_client(allow_loopback=True) as client:
            with pytest.raises(ResponseTooLongError):
                await client.get(f"http://127.0.0.1:{port}/")


async def test_silence_ends_in_time() -> None:
    with server(b"") as port:
        async with open_client(allow_loopback=True, read_seconds=0.2) as client:
            with pytest.raises(httpx.ReadTimeout):
                await asyncio.wait_for(client.get(f"http://127.0.0.1:{port}/"), 60)


async def test_certificate_is_checked_against_the_name(tmp_path_factory: pytest.TempPathFactory) -> None:
    authority = Authority(tmp_path_factory.mktemp("authority"))
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    trusting = ssl.create_default_context(cafile=authority.file)
    for host, fits in (("localhost", True), ("mail.example.org", False)):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(authority.issue(host))
        with server(answer, tls=context) as port:
            async with open_client(allow_loopback=True, verify=trusting) as client:
                if fits:
                    assert (await client.get(f"https://localhost:{port}/")).text == "ok"
                else:
                    with pytest.raises(httpx.ConnectError, match="certificate"):
                        await client.get(f"https://localhost:{port}/")


async def test_unknown_name_is_a_connect_error() -> None:
    async with open_client() as client:
        with pytest.raises(httpx.ConnectError):
            await client.get("http://nobody.invalid/")


@contextmanager
def server(answer: bytes, seen: list[bytes] | None = None, *, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """Answers every connection with the same octets; nothing: stays silent."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(60)
    thread = threading.Thread(target=_serve, args=(listener, answer, seen, tls))
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()
        thread.join(timeout=60)


def _serve(listener: socket.socket, answer: bytes, seen: list[bytes] | None, tls: ssl.SSLContext | None) -> None:
    with suppress(OSError):
        connection, _ = listener.accept()
        connection.settimeout(60)
        with tls.wrap_socket(connection, server_side=True) if tls else connection as talking:
            data = talking.recv(65_536)
            if seen is not None:
                seen.append(data)
            talking.sendall(answer)
            if not answer:
                talking.recv(1)


class Counting:
    """A server that answers every request, and counts its connections."""

    def __init__(self) -> None:
        self.connections = 0
        self.url = ""

    async def __aenter__(self) -> Counting:
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/"
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._server.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
        writer.close()


@pytest.mark.parametrize(("keep", "connections"), [(False, 3), (True, 1)])
async def test_a_connection_is_kept_only_if_asked_for(keep: bool, connections: int) -> None:
    async with Counting() as server, open_client(allow_loopback=True, keep_connections=keep) as client:
        for _ in range(3):
            await client.get(server.url)
        assert server.connections == connections


async def test_an_address_that_was_looked_up_counts_for_its_own_host_alone() -> None:
    async with Counting() as server, open_client(allow_loopback=True, keep_connections=True) as client:
        await client.get(server.url)
        with pytest.raises(PrivateAddressError):
            await client.get("http://10.0.0.1/")

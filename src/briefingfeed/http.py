"""The one place where HTTP clients are made, and where httpx is imported beside the providers that speak HTTP.

To import it takes 40 ms: whoever may have nothing to ask imports it when there is something.

A client from here has timeouts, follows no redirect, reads no proxy or login from the environment, stops reading a
response that is too long, and connects to no private address unless told that loopback is allowed: not by number, not
by a name that resolves to one, and not by one that resolves to one only the second time (the address that was checked
is the address that is used).
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import AsyncIterator

import httpx
from httpx import HTTPError as HTTPError  # whatever goes wrong with a request, for rooms that do not know httpx

from briefingfeed.hosts import is_loopback, is_public

LONGEST_RESPONSE = 5_000_000
"""Octets."""
KEPT_SECONDS = 2.0
"""How long an idle connection is kept, if any is: well below what servers close one after."""
USER_AGENT = "briefingfeed"

# At INFO it writes every address down, and some of them are secrets.
logging.getLogger("httpx").setLevel(logging.WARNING)


class ResponseTooLongError(httpx.TransportError):
    """The other side sent more than was allowed, or compressed, which would hide how much it is."""


class PrivateAddressError(httpx.ConnectError):
    """The host is on this machine or a private network. Nothing was sent."""


def open_client(
    *,
    base_url: str = "",
    connect_seconds: float = 15.0,
    read_seconds: float = 60.0,
    write_seconds: float = 600.0,
    longest_response: int = LONGEST_RESPONSE,
    allow_loopback: bool = False,
    verify: ssl.SSLContext | None = None,
    keep_connections: bool = False,
) -> httpx.AsyncClient:
    """Return a client to be used with `async with`.

    Each request has a connection of its own: a kept one that the server closes in the very moment of the next request
    would leave open whether that request was seen. `keep_connections`: for many small requests to one server, where
    that is worth its price; one idle for two seconds is closed by us, and as long a looked-up address counts.
    `verify` replaces the certificates this machine trusts.
    """
    context = verify or ssl.create_default_context()
    return httpx.AsyncClient(
        base_url=base_url,
        transport=_GuardedTransport(context, longest_response, allow_loopback=allow_loopback, keep=keep_connections),
        timeout=httpx.Timeout(read_seconds, connect=connect_seconds, write=write_seconds),
        headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
        follow_redirects=False,
        trust_env=False,
    )


class _GuardedTransport(httpx.AsyncBaseTransport):
    def __init__(
        self, context: ssl.SSLContext, longest_response: int, *, allow_loopback: bool, keep: bool = False
    ) -> None:
        limits = httpx.Limits(max_keepalive_connections=None if keep else 0, keepalive_expiry=KEPT_SECONDS)
        self._inner = httpx.AsyncHTTPTransport(verify=context, trust_env=False, limits=limits)
        self._longest = longest_response
        self._allow_loopback = allow_loopback
        self._keep = keep
        self._checked: dict[tuple[str, int], tuple[str, float]] = {}
        self._last = (httpx.URL(), "", httpx.URL())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        address = await self._checked_address(request)
        request.extensions = {**request.extensions, "sni_hostname": host}
        request.url = self._at(request.url, address)  # the Host header was set from the name before
        response = await self._inner.handle_async_request(request)
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            await response.aclose()
            raise ResponseTooLongError("The response is compressed although we asked for a plain one.")
        response.stream = _LimitedStream(response.stream, self._longest)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()

    def _at(self, url: httpx.URL, address: str) -> httpx.URL:
        """Return `url` with a number for its host; the last one again if it is the same, since making one is dear."""
        if self._last[:2] != (url, address):
            self._last = (url, address, url.copy_with(host=address))
        return self._last[2]

    async def _checked_address(self, request: httpx.Request) -> str:
        """Return the first address of the host, once all of them are known to be allowed."""
        url = request.url
        port = url.port or {"https": 443, "http": 80}.get(url.scheme, 0)
        now = asyncio.get_running_loop().time()
        known, checked_at = self._checked.get((url.host, port), ("", -KEPT_SECONDS))
        if now - checked_at < KEPT_SECONDS:
            return known
        seconds = request.extensions.get("timeout", {}).get("connect")
        try:
            async with asyncio.timeout(seconds):
                found = await asyncio.get_running_loop().getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:  # TimeoutError is an OSError
            raise httpx.ConnectError(f"The name {url.host} cannot be looked up: {error}.") from error
        addresses = [str(entry[4][0]) for entry in found]
        if not addresses or not all(map(self._allows, addresses)):
            raise PrivateAddressError(f"{url.host} is not on the public internet.")
        if self._keep:
            self._checked[url.host, port] = (addresses[0], now)
        return addresses[0]

    def _allows(self, address: str) -> bool:
        return is_public(address) or (self._allow_loopback and is_loopback(address.partition("%")[0]))


class _LimitedStream(httpx.AsyncByteStream):
    def __init__(self, stream: httpx.SyncByteStream | httpx.AsyncByteStream, longest: int) -> None:
        assert isinstance(stream, httpx.AsyncByteStream)  # noqa: S101 - what an async transport returns
        self._stream = stream
        self._longest = longest

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._stream:
            size += len(chunk)
            if size > self._longest:
                raise ResponseTooLongError(f"The response has more than {self._longest} bytes.")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()

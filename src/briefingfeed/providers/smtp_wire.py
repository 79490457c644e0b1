"""One TCP connection that knows, to the octet, what the kernel has taken.

asyncio's transports throw their buffer away when a connection breaks, and with it the answer to the only question that
matters then: can the other side have seen the final dot? So sockets and TLS (over memory buffers) are driven here.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
import sys
from collections import deque
from collections.abc import Sequence

from briefingfeed.providers.smtp_tls import TlsBuffers

END_OF_DATA = b".\r\n"

_READ = 65_536
_MOST_UNREAD = 262_144
"""Octets the other side may send before it is asked; more is a flood."""
_NEVER = sys.maxsize
_MOST_BUFFERS = 512
"""The kernel takes at most IOV_MAX (1024) pieces in one call."""


class WireError(Exception):
    """The connection cannot be used any more. The message ends a sentence that begins "The connection …".

    `was_silence`: the other side did not answer in time.
    """

    def __init__(self, words: str, *, was_silence: bool = False) -> None:
        super().__init__(words)
        self.was_silence = was_silence


class Wire:
    """A connection, plain or TLS. Not for use by several tasks at once."""

    def __init__(self, sock: socket.socket) -> None:
        self._loop = asyncio.get_running_loop()
        self._socket = sock
        self._tls: TlsBuffers | None = None
        self._chunks: deque[bytes] = deque()
        self._unread = 0
        self._backlog = memoryview(b"")
        self._queued = 0
        self._taken = 0
        self._dot_at = 0
        self._waiter: asyncio.Future[None] | None = None
        self._deadline = 0.0
        self._alarm: asyncio.TimerHandle | None = None
        self._error: WireError | None = None
        self._loop.add_reader(sock.fileno(), self._on_readable)

    @classmethod
    async def connect(cls, host: str, port: int, *, seconds: float, loopback_only: bool) -> Wire:
        """Connect to the first address of `host` that answers; each has `seconds`.

        Raises OSError, for an unknown host and for silence too. `loopback_only` refuses every address beyond this
        machine.
        """
        loop = asyncio.get_running_loop()
        trouble: OSError | None = None
        try:
            async with asyncio.timeout(seconds):
                addresses = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except UnicodeError as error:
            raise OSError("this is not the name of a machine") from error
        for family, kind, protocol, _, address in addresses:
            if loopback_only and not ipaddress.ip_address(address[0]).is_loopback:
                trouble = OSError("the name does not stand for this machine")
                continue
            sock = socket.socket(family, kind, protocol)
            try:
                sock.setblocking(False)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                async with asyncio.timeout(seconds):
                    await loop.sock_connect(sock, address)
            except OSError as error:
                sock.close()
                trouble = error
            except BaseException:
                sock.close()
                raise
            else:
                return cls(sock)
        raise trouble or OSError("the name has no address")

    @property
    def local_address(self) -> str:
        return str(self._socket.getsockname()[0])

    @property
    def is_encrypted(self) -> bool:
        return self._tls is not None

    @property
    def is_usable(self) -> bool:
        """Whether nothing has gone wrong so far, as far as is known without asking the other side."""
        return self._error is None

    @property
    def has_unread(self) -> bool:
        return bool(self._chunks)

    @property
    def dot_taken(self) -> bool:
        """Whether the kernel took the dot that ends the last message (with TLS: the whole record that holds it).

        False is certain: the other side has not seen the end of the message, and never will.
        """
        return self._taken > self._dot_at

    def write(self, data: bytes) -> None:
        """Queue `data` and hand over as much of it as the kernel takes now. A broken connection shows in `receive`."""
        self._hand_over((data,) if self._tls is None else (self._seal(data),))

    def write_message(self, segments: Sequence[bytes], behind: bytes = b"", *, size: int | None = None) -> None:
        """Write a message, its final dot and what comes `behind` it in one go.

        The message has CRLF line ends and no line begins with a dot. `size`: of the segments together, if it is known.
        """
        end = END_OF_DATA if _ends_a_line(segments) else b"\r\n" + END_OF_DATA
        if self._tls is None:
            whole = (sum(map(len, segments)) if size is None else size) + len(end)
            self._dot_at = self._queued + whole - len(END_OF_DATA)
            self._hand_over((*segments, end + behind), whole + len(behind))
        else:
            # The end is a record of its own: nothing of it can be read before all of it has arrived.
            sealed = self._seal(b"".join(segments)) + self._seal(end)
            self._dot_at = self._queued + len(sealed) - 1 if self._error is None else _NEVER
            self._hand_over((sealed, self._seal(behind)) if behind else (sealed,))

    async def receive(self, seconds: float) -> bytes:
        """Return what came in, at least one octet. Raises WireError; after `seconds` without any too."""
        while not self._chunks:
            if self._error is not None:
                raise self._error
            await self._wait(seconds)
        chunk = self._chunks.popleft()
        self._unread -= len(chunk)
        return chunk

    async def start_tls(self, context: ssl.SSLContext, hostname: str, seconds: float) -> None:
        """Encrypt from here on, within so many `seconds`.

        Raises WireError, ssl.SSLError (ssl.SSLCertVerificationError among them).
        """
        tls = TlsBuffers(context, hostname)
        deadline = self._loop.time() + seconds
        try:
            while not tls.shake_hands():
                self._hand_over((tls.outgoing(),))
                tls.incoming(await self.receive(max(deadline - self._loop.time(), 0)))
        finally:
            self._hand_over((tls.outgoing(),))
        self._tls = tls
        self._keep(tls.decrypt(b""))

    def close(self) -> None:
        """Close at once. What the kernel has not taken is never sent."""
        if self._alarm is not None:
            self._alarm.cancel()
        self._fail("was closed")
        self._socket.close()

    async def _wait(self, seconds: float) -> None:
        self._waiter = self._loop.create_future()
        self._deadline = self._loop.time() + seconds
        # One lazy timer for all waits: arming one per reply would cost more than reading the reply.
        if self._alarm is None or self._alarm.when() > self._deadline:
            self._set_alarm()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = self._loop.call_at(self._deadline, self._on_alarm)

    def _on_alarm(self) -> None:
        self._alarm = None
        if self._waiter is None:
            return
        if self._loop.time() < self._deadline:
            self._set_alarm()
        else:
            self._fail("timed out: the server did not answer", was_silence=True)

    def _seal(self, data: bytes) -> bytes:
        assert self._tls is not None  # noqa: S101 - for the type checker
        try:
            return self._tls.encrypt(data)
        except ssl.SSLError as error:
            self._fail(f"broke: {_words(error)}")
            return b""

    def _hand_over(self, buffers: Sequence[bytes], size: int | None = None) -> None:
        """`size`: of all together, if it is known."""
        if size is None:
            size = sum(map(len, buffers))
        if len(buffers) > _MOST_BUFFERS:
            buffers = (b"".join(buffers),)
        self._queued += size
        if self._error is not None or not size:
            return
        if self._backlog:
            self._backlog = memoryview(b"".join((self._backlog, *buffers)))
            return
        taken = self._send(buffers)
        if taken < size and self._error is None:
            self._backlog = memoryview(b"".join(buffers))[taken:]
            self._loop.add_writer(self._socket.fileno(), self._on_writable)

    def _on_writable(self) -> None:
        self._backlog = self._backlog[self._send((self._backlog,)) :]
        if not self._backlog and self._error is None:
            self._loop.remove_writer(self._socket.fileno())

    def _send(self, buffers: Sequence[bytes | memoryview]) -> int:
        try:
            taken = self._socket.sendmsg(buffers)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as error:
            self._break(error)
            return 0
        self._taken += taken
        return taken

    def _on_readable(self) -> None:
        try:
            data = self._socket.recv(_READ)
            ended = not data
            if self._tls is not None and data:
                data = self._tls.decrypt(data)
                ended = self._tls.ended
                self._hand_over((self._tls.outgoing(),))
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._fail(f"broke: {_words(error)}")
            return
        self._keep(data)
        if ended:
            self._fail("was closed by the server")

    def _break(self, error: OSError) -> None:
        """A write failed. Whatever the server said before it closed may still wait to be read."""
        self._on_readable()
        self._fail(f"broke: {_words(error)}")

    def _keep(self, data: bytes) -> None:
        if not data:
            return
        self._chunks.append(data)
        self._unread += len(data)
        if self._unread > _MOST_UNREAD:
            self._fail("was flooded by the server")
        self._wake()

    def _fail(self, words: str, *, was_silence: bool = False) -> None:
        if self._error is None:
            self._error = WireError(words, was_silence=was_silence)
            self._backlog = memoryview(b"")
            self._loop.remove_reader(self._socket.fileno())
            self._loop.remove_writer(self._socket.fileno())
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def _ends_a_line(segments: Sequence[bytes]) -> bool:
    last = segments[-1] if segments else b""
    return (last if len(last) > 1 else b"".join(segments)).endswith(b"\r\n")


def _words(error: OSError) -> str:
    return error.strerror or str(error)

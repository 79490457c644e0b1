"""TLS between two memory buffers, so that whoever owns the socket knows which octets the kernel took."""

from __future__ import annotations

import ssl

_READ = 65_536


class TlsBuffers:
    """One client's side of a TLS connection. Methods raise ssl.SSLError."""

    def __init__(self, context: ssl.SSLContext, hostname: str) -> None:
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._object = context.wrap_bio(self._in, self._out, server_hostname=hostname)
        self.ended = False
        """Whether the other side said that it will send no more."""

    def shake_hands(self) -> bool:
        """Go on with the handshake; False: more octets from the other side are needed."""
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def incoming(self, data: bytes) -> None:
        self._in.write(data)

    def outgoing(self) -> bytes:
        return self._out.read()

    def encrypt(self, data: bytes) -> bytes:
        """Return the records that hold `data`, and no other octet of it."""
        rest = memoryview(data)
        while rest:
            rest = rest[self._object.write(rest) :]
        return self._out.read()

    def decrypt(self, data: bytes) -> bytes:
        """Return what can be read with `data` added to what came before."""
        self._in.write(data)
        plain = bytearray()
        while not self.ended:
            try:
                chunk = self._object.read(_READ)
            except ssl.SSLWantReadError:
                break
            except ssl.SSLZeroReturnError:
                chunk = b""
            self.ended = not chunk
            plain += chunk
        return bytes(plain)

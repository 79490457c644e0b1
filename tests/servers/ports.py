"""Ports for servers that must be told one before they start."""

from __future__ import annotations

import random
import socket
from pathlib import Path

_LOWEST = 10_000
_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_chance = random.SystemRandom()
_given: set[int] = set()


def free_port() -> int:
    """Return a port of this machine where nobody listens. It stays free until its server starts: it is not one of those
    that the kernel gives to whoever asks for any, and no other call in this process returns it."""
    above = int(_RANGE.read_text().split()[0])
    while True:
        port = _chance.randrange(_LOWEST, above)
        if port not in _given and _is_free(port):
            _given.add(port)
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as sock:
        try:
            sock.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True

"""Run the web application: one process, until somebody stops it."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from briefingfeed.errors import ConfigurationError
from briefingfeed.web.connections import PATIENCE, punctual

HOST = "127.0.0.1"
PORT = 8090

_MOST_AT_ONCE = 200
"""Requests; more are answered with 503 at once."""
_LAST_ANSWERS = 10
"""Seconds that open requests have to finish once we were asked to stop."""


def serve(
    app: ASGIApp,
    *,
    host: str = HOST,
    port: int = PORT,
    ready: Callable[[str], None] = lambda _: None,
    stopping: Callable[[], None] = lambda: None,
    patience: float = PATIENCE,
) -> None:
    """Answer requests until SIGINT or SIGTERM, then finish those under way and return.

    `ready` is told the address (`http://127.0.0.1:8090`) once connections are taken; port 0 picks a free one.
    `stopping` is called in the event loop before answers under way are waited for, so that endless ones can end.
    Who asks for nothing within `patience` seconds is hung up on. Raises ConfigurationError if the address cannot be
    used. Nothing is logged here but errors; `web.requests.access` logs what was asked, without tokens.
    """
    listener = _listen(host, port)
    config = uvicorn.Config(
        app,
        http=punctual(patience),
        access_log=False,
        log_config=None,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        ws="none",
        limit_concurrency=_MOST_AT_ONCE,
        timeout_graceful_shutdown=_LAST_ANSWERS,
    )
    server = _Server(config, stopping)
    with listener, _stopped_by_signals(server):
        bound, name = listener.getsockname()[1], f"[{host}]" if ":" in host else host
        ready(f"http://{name}:{bound}")
        server.run(sockets=[listener])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, stopping: Callable[[], None]) -> None:
        super().__init__(config)
        self._stopping = stopping

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stopping()
        await super().shutdown(sockets)


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((host, port), family=family, backlog=128)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigurationError(
            f"Nothing can be served at this address: {reason}.",
            where=f"{host}:{port}",
            remedy="Stop what uses it already, or choose another with --host and --port.",
        ) from error
    # Connections inherit it. asyncio sets it only on sockets made in another way; without it a body waits 40 ms for the
    # reader to acknowledge the headers.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


@contextmanager
def _stopped_by_signals(server: uvicorn.Server) -> Iterator[None]:
    """Have signals stop the server and nothing else.

    They may come before it listens to them itself, and it sends them to the process once more when it has stopped:
    neither must be lost, nor end the process with a traceback.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        server.should_exit = True

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

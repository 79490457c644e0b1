"""Connections on which nobody asks for anything."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

PATIENCE = 15.0
"""Seconds from the beginning of a connection, or from an answer, to the end of the next request's headers."""


def punctual(patience: float = PATIENCE) -> type[H11Protocol]:
    """Return uvicorn's HTTP with an end to waiting for headers.

    It has one only between requests, and none once a first byte has come. A few hundred silent connections, which cost
    their owner nothing, would take every place there is.
    """

    class Punctual(H11Protocol):
        _waiting: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._wait()

        def connection_lost(self, exc: Exception | None) -> None:
            self._wait_no_more()
            super().connection_lost(exc)

        def handle_events(self) -> None:
            super().handle_events()
            if self.cycle is not None and not self.cycle.response_complete:
                self._wait_no_more()

        def on_response_complete(self) -> None:
            self._wait()  # before a next request, which may have come already, ends the waiting
            super().on_response_complete()

        def _wait(self) -> None:
            self._wait_no_more()
            self._waiting = self.loop.call_later(patience, self.timeout_keep_alive_handler)

        def _wait_no_more(self) -> None:
            if self._waiting is not None:
                self._waiting.cancel()

    return Punctual

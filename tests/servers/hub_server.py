"""A WebSub hub on a free loopback port that takes pings and answers as it is told to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs


@dataclass
class Hub:
    url: str = ""
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    wait: float = 0.0
    pings: list[dict[str, list[str]]] = field(default_factory=list)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    on_ping: Callable[[], None] | None = None

    @property
    def topics(self) -> list[str]:
        return [ping["hub.url"][0] for ping in self.pings]


@contextmanager
def running_hub() -> Iterator[Hub]:
    hub = Hub()
    closing = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            hub.requests.append((self.path, dict(self.headers)))
            hub.pings.append(parse_qs(body, strict_parsing=True))
            if hub.on_ping:
                hub.on_ping()
            closing.wait(hub.wait)
            self.send_response(hub.status)
            for name, value in hub.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_address[1]}/hub"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield hub
    finally:
        closing.set()
        server.shutdown()
        server.server_close()
        thread.join()

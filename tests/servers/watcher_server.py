"""A watcher on a loopback port, such as a dead man's switch, that counts who asks for what, and answers as told."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType


class WatcherServer:
    """`asked` holds the path of each request. `answer` is the status, 0: none ever comes."""

    def __init__(self, answer: int = 200) -> None:
        self.answer = answer
        self.asked: list[str] = []
        self._over = threading.Event()
        watcher = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                watcher.asked.append(self.path)
                if watcher.answer == 0:
                    watcher._over.wait(30)
                    return
                self.send_response(watcher.answer)
                self.send_header("Content-Length", "2")
                if 300 <= watcher.answer < 400:
                    self.send_header("Location", "/elsewhere")
                self.end_headers()
                self.wfile.write(b"OK")

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/ping/s3cr3t-canary"

    def __enter__(self) -> WatcherServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()

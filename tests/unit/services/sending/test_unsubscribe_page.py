from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from briefingfeed.services.sending.unsubscribe_page import ask_page, page_trouble, page_words


@pytest.mark.parametrize(
    ("status", "page", "words"),
    [
        (200, "unsubscribe", None),
        (200, None, "not with our page"),
        (404, None, "can't read our links"),
        (404, "unknown-link", "can't read our links"),
        (301, None, "leads elsewhere"),
        (502, None, "502"),
    ],
)
def test_only_our_own_page_will_do(status: int, page: str | None, words: str | None) -> None:
    found = page_words(status, page)
    assert found is None if words is None else words in (found or "")


@contextmanager
def site(status: int, **headers: str) -> Iterator[int]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_the_page_is_asked() -> None:
    with site(200, Briefingfeed_Page="unsubscribe") as ours, site(200) as theirs:
        assert asyncio.run(ask_page(f"http://127.0.0.1:{ours}/u/token")) is None
        assert "not with our page" in (asyncio.run(ask_page(f"http://127.0.0.1:{theirs}/u/token")) or "")


def test_readers_cannot_reach_this_machine_by_its_loopback_name() -> None:
    with site(200, Briefingfeed_Page="unsubscribe") as port:
        for host in ("127.0.0.1", "localhost"):
            assert "this machine" in (page_trouble(f"http://{host}:{port}/u/token") or "")


def test_a_name_that_does_not_exist_is_told_without_the_link() -> None:
    found = page_trouble("http://no-such-host.invalid/u/secret-token")
    assert found
    assert "secret-token" not in found

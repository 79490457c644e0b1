"""`check --online` asks other servers, real ones on this machine, and tells what is gone."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from briefingfeed.services.publishing.outside_links import outside_problems


class _Site(BaseHTTPRequestHandler):
    asked: list[str] = []  # noqa: RUF012 - one server at a time

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        self.asked.append(f"{self.command} {self.path}")
        name = self.path.partition("?")[0].strip("/")
        status = {"gone": 410, "broken": 500, "robots": 403, "moved": 301, "round": 302}.get(name, 200)
        if name == "get" and self.command == "HEAD":
            status = 404
        self.send_response(status)
        if status in {301, 302}:
            self.send_header("Location", "/fine" if name == "moved" else "/round")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[str]:
    _Site.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Site)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def told(desk, *, allow_loopback: bool = True) -> dict[str, str]:
    found = outside_problems(desk.load().posts, desk.settings, allow_loopback=allow_loopback)
    return {each.message.partition(": ")[0].rpartition("/")[2]: each.message.partition(": ")[2] for each in found}


def test_what_is_gone_is_told_and_what_is_there_is_not(desk, site: str) -> None:
    names = ("fine", "gone", "broken", "robots", "moved", "round", "get", "fine?x=1&y=2")
    desk.post("tides", text=" ".join(f"[words]({site}/{name}#part)" for name in names))
    assert told(desk) == {
        "gone": "there is nothing any more (410)",
        "broken": "the server answers 500",
        "round": "it leads on and on",
    }
    assert "HEAD /fine?x=1&y=2" in _Site.asked


def test_an_address_is_asked_once_for_all_posts_and_told_for_each(desk, site: str) -> None:
    for slug in ("tides", "winds"):
        desk.post(slug, text=f"[words]({site}/gone) and again [words]({site}/gone#b)")
    found = outside_problems(desk.load().posts, desk.settings, allow_loopback=True)
    assert [each.path for each in found] == ["posts/2026-11-20-tides.md", "posts/2026-11-20-winds.md"]
    assert _Site.asked == ["HEAD /gone", "GET /gone"]


def test_nothing_is_asked_of_private_addresses(desk, site: str) -> None:
    desk.post("tides", text=f"[words]({site}/fine) [more](http://10.0.0.1/fine)")
    assert set(told(desk, allow_loopback=False).values()) == {
        "it leads to a private address, where readers cannot follow"
    }
    assert _Site.asked == []


def test_links_within_the_site_are_not_asked_for(desk) -> None:
    desk.post("tides", text="[words](https://harbour.example/posts/tides/) [home](https://harbour.example)")
    assert told(desk) == {}


def test_a_server_that_is_not_there_is_told(desk) -> None:
    desk.post("tides", text="[words](http://127.0.0.1:1/fine)")
    assert told(desk) == {"fine": "the server cannot be reached"}

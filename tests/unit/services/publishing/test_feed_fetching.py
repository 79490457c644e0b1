"""A published feed is fetched whole, whatever its server does."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from briefingfeed.errors import UsageError
from briefingfeed.feeds.reading import UnreadableFeedError
from briefingfeed.services.publishing import feed_fetching
from briefingfeed.services.publishing.feed_fetching import FeedNotFetchedError, read_history

Answer = tuple[int, dict[str, str], bytes]


class Server:
    base = ""

    def __init__(self) -> None:
        self.pages: dict[str, Answer] = {}
        self.answer: Callable[[str], Answer] = lambda path: self.pages.get(path, (404, {}, b""))
        self.asked: list[str] = []


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.asked.append(self.path)
            status, headers, content = server.answer(self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        server.base = f"http://127.0.0.1:{running.server_port}"
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield server
        running.shutdown()
        thread.join()


def page(ids: str, older: str = "") -> Answer:
    link = f'<link rel="prev-archive" href="{older}"/>' if older else ""
    entries = "".join(f"<entry><id>tag:{id_}</id></entry>" for id_ in ids)
    return 200, {}, f'<feed xmlns="http://www.w3.org/2005/Atom">{link}{entries}</feed>'.encode()


def ids(source: str) -> str:
    return "".join(entry.id.removeprefix("tag:") for entry in read_history(source))


def test_older_documents_are_followed(server: Server) -> None:
    server.pages = {"/f": page("ab", "/2"), "/2": page("bc", "3"), "/3": page("d")}
    assert ids(f"{server.base}/f") == "abcd"


def test_a_circle_ends(server: Server) -> None:
    server.pages = {"/f": page("a", "/2"), "/2": page("b", "/f")}
    assert ids(f"{server.base}/f") == "ab"


def test_a_server_that_always_has_another_page_ends(server: Server) -> None:
    server.answer = lambda path: page("a", f"/{len(server.asked)}")
    assert ids(f"{server.base}/f") == "a"
    assert len(server.asked) == 2


def test_a_broken_chain_ends_where_it_breaks(server: Server) -> None:
    server.pages = {"/f": page("a", "/2"), "/2": page("b", "/gone")}
    assert ids(f"{server.base}/f") == "ab"


def test_a_feed_that_moved_is_found(server: Server) -> None:
    server.pages = {"/old": (301, {"Location": "/dir/f"}, b""), "/dir/f": page("a", "2"), "/dir/2": page("b")}
    assert ids(f"{server.base}/old") == "ab"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((404, {}, b""), "answers 404"),
        ((301, {"Location": "/f"}, b""), "again and again"),
        ((302, {"Location": "file:///etc/passwd"}, b""), "not on the web"),
        ((200, {"Content-Encoding": "gzip"}, b"x"), "compressed"),
    ],
)
def test_what_cannot_be_fetched_is_said_in_words(server: Server, answer: Answer, words: str) -> None:
    server.pages = {"/f": answer}
    with pytest.raises(FeedNotFetchedError, match=words) as failure:
        read_history(f"{server.base}/f")
    assert failure.value.exit_code == 75


def test_a_document_without_end_is_cut_off(server: Server) -> None:
    server.pages = {"/f": (200, {}, b" " * (feed_fetching.LONGEST_DOCUMENT + 1))}
    with pytest.raises(FeedNotFetchedError, match="more than"):
        read_history(f"{server.base}/f")


def test_nobody_listening_is_said(server: Server) -> None:
    with pytest.raises(FeedNotFetchedError):
        read_history("http://127.0.0.1:1/feed")


def test_a_page_is_no_feed(server: Server) -> None:
    server.pages = {"/f": (200, {}, b"<html/>")}
    with pytest.raises(UnreadableFeedError, match="neither Atom nor RSS"):
        read_history(f"{server.base}/f")


def test_a_file_is_read_and_nothing_is_fetched(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "feed.xml"
    file.write_bytes(page("ab", f"{server.base}/2")[2])
    assert ids(str(file)) == "ab"
    assert server.asked == []


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        read_history(str(tmp_path / "feed.xml"))

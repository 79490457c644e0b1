"""The real server in a process of its own, asked over a socket."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import lxml.html
import pytest

from briefingfeed.errors import ConfigurationError
from briefingfeed.models.subscriber import SubscriberState
from briefingfeed.web.server import _listen, serve

SERVER = """
import logging, sys
from datetime import UTC, datetime
from pathlib import Path
from briefingfeed.look import Look
from briefingfeed.shipped import shipped_templates
from briefingfeed.models.settings import *
from briefingfeed.storage.database import Database
from briefingfeed.tokens import Keyring, fingerprint
from briefingfeed.web.app import create_app
from briefingfeed.web.server import _listen, serve

logging.basicConfig(level=logging.DEBUG)
root = Path(sys.argv[1])
settings = Settings(
    file=root / "briefingfeed.toml", publication=PublicationSettings(), site=SiteSettings(), feeds=FeedSettings(),
    paths=PathSettings(root=root, posts=root, templates=root, output=root / "public", state=root / "var"),
    newsletter=NewsletterSettings(), database=DatabaseSettings(url=sys.argv[2]), web=WebSettings(),
)
key = b"o" * 32
app = create_app(
    settings=settings, database=Database.open(settings.database.url), keyring=Keyring({fingerprint(key): key}),
    look=Look([shipped_templates()], settings.publication), now=lambda: datetime.now(UTC),
)
serve(app, port=0, ready=lambda address: print(address, flush=True), patience=float(sys.argv[3]))
print("stopped", flush=True)
"""


@pytest.fixture
def patience():
    return 60


@pytest.fixture
def server(publication, patience):
    root, database = str(publication.settings.paths.root), publication.settings.database.url
    command = [sys.executable, "-c", SERVER, root, database, str(patience)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.address = process.stdout.readline().strip()
    yield process
    if process.poll() is None:
        process.kill()
        process.communicate(timeout=60)


def test_one_click_over_the_wire_then_a_quiet_end(publication, server):
    url = f"{server.address}/u/{publication.token}"
    answer = httpx.post(url, data={"List-Unsubscribe": "One-Click"}, timeout=60)
    assert answer.status_code == 200
    assert "server" not in answer.headers
    assert publication.subscriber().state is SubscriberState.UNSUBSCRIBED
    server.send_signal(signal.SIGTERM)
    out, log = server.communicate(timeout=60)
    assert (server.returncode, out) == (0, "stopped\n")
    assert "POST unsubscribe 200" in log
    for secret in (publication.token, publication.address, publication.subscriber_id, "127.0.0.1:"):
        assert secret not in log


def test_hostile_requests_get_no_further(publication, server):
    for path in ("/%2e%2e/var/briefingfeed.db", "/..%2f..%2fetc/passwd", "/u/%0d%0aSet-Cookie:x"):
        answer = httpx.get(server.address + path, timeout=60)
        assert answer.status_code == 404
        assert "set-cookie" not in answer.headers


def test_the_button_of_the_page_leaves(publication, server):
    """What a browser does: it reads the form, and sends it to the page's own address with a body of its own."""
    with httpx.Client(base_url=server.address, timeout=60) as browser:
        page = browser.get(f"/u/{publication.token}")
        (form,) = lxml.html.fromstring(page.text).forms
        assert (form.method, form.action, dict(form.fields)) == ("POST", None, {})
        assert publication.subscriber().state is SubscriberState.CONFIRMED
        headers = {"content-type": "application/x-www-form-urlencoded", "origin": "null"}
        answer = browser.post(page.url, content=b"", headers=headers)
    assert "You are unsubscribed" in answer.text
    assert publication.subscriber().state is SubscriberState.UNSUBSCRIBED
    assert publication.consents()[-1].source == "page"


@pytest.mark.parametrize("patience", [0.2])
@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTTP/1.1\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nsome",
    ],
)
def test_who_asks_for_nothing_is_hung_up_on_even_while_bytes_come(server, said):
    with connected(server) as connection:
        connection.sendall(said)
        for _ in range(600):
            try:
                connection.sendall(b"x")
                if not connection.recv(10_000):
                    break
            except TimeoutError:
                continue
            except ConnectionError:
                break
        else:
            pytest.fail("still connected")


@pytest.mark.parametrize("patience", [0.2])
def test_who_has_asked_is_waited_for(publication, server):
    with connected(server) as connection:
        about = "Host: x\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 26"
        connection.sendall(f"POST /u/{publication.token} HTTP/1.1\r\n{about}\r\n\r\n".encode())
        for _ in range(6):
            with pytest.raises(TimeoutError):
                connection.recv(1)
        connection.sendall(b"List-Unsubscribe=One-Click")
        connection.settimeout(60)
        assert connection.recv(100).startswith(b"HTTP/1.1 200 ")


def connected(server):
    address, _, port = server.address.removeprefix("http://").rpartition(":")
    return socket.create_connection((address, int(port)), timeout=0.1)


def test_an_address_in_use_is_told_with_what_to_do(server):
    port = int(server.address.rpartition(":")[2])
    with pytest.raises(ConfigurationError, match="in use") as refused:
        serve(lambda *_: None, port=port)
    assert "--port" in refused.value.remedy


def test_no_answer_waits_for_its_headers_to_be_acknowledged():
    with _listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname(), timeout=5):
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_host_that_is_not_ours_is_told(tmp_path: Path):
    with pytest.raises(ConfigurationError, match="Nothing can be served"):
        serve(lambda *_: None, host="203.0.113.1", port=0)

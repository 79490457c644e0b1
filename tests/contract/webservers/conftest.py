"""Four servers over one publication: our own, and those whose configuration docs/web-servers.md shows."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from servers.ports import free_port
from servers.web_servers import Server, WebServers, block, running, with_hub

HUB = "https://hub.example/"
SETTINGS = f"""
[publication]
title = "Harbour Notes"
url = "https://briefings.example"
[feeds]
websub_hub = "{HUB}"
[redirects]
"/feed.xml" = "/atom.xml"
"/feeds/posts/default" = "/rss.xml"
"/{"a-long-way-" * 20}" = "https://elsewhere.example/x?a=1&b=2#top"
"""
POST = """---
title: Mooring
date: 2026-11-16
id: tag:briefings.example,2026:mooring
aliases: [/old/address/, /2019/über.html]
topics: [water, Straße & Müll, море]
---
The quay of mooring. ![The quay](quay.png)
""" + "It is long, and it is wet. " * 60  # fmt: skip
BESIDE = {
    "closing-dates.ics": "BEGIN:VCALENDAR\r\n" + "X-NOTE:all day\r\n" * 50 + "END:VCALENDAR\r\n",
    "opml.xml": '<?xml version="1.0"?>\n<opml version="2.0"><head/><body>' + "<outline/>" * 50 + "</body></opml>",
    "archive/2026-10/atom.xml": '<feed xmlns="http://www.w3.org/2005/Atom">' + "<!-- a month -->" * 50 + "</feed>",
    ".secret": "hidden",
}
"""What the build of these posts would not make; files that are not its own it leaves alone."""


@dataclass(frozen=True)
class Newsroom:
    """A built publication, served by our own server."""

    folder: Path
    address: str

    @property
    def public(self) -> Path:
        return self.folder / "public"

    @property
    def front(self) -> WebServers:
        return WebServers(self.folder, self.address.removeprefix("http://"))

    def build(self) -> None:
        run(self.folder, "build")


def run(folder: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "briefingfeed", "--config", str(folder / "briefingfeed.toml"), *arguments]
    subprocess.run(command, check=True, timeout=300, stdin=subprocess.DEVNULL)


@pytest.fixture(scope="session")
def newsroom() -> Iterator[Newsroom]:
    with tempfile.TemporaryDirectory(prefix="newsroom-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # servers give up root, and must still reach it; pytest's folders are closed
        yield from open_newsroom(Path(folder))


def open_newsroom(folder: Path) -> Iterator[Newsroom]:
    (folder / "briefingfeed.toml").write_text(SETTINGS)
    (folder / "posts").mkdir()
    (folder / "posts" / "2026-11-16-mooring.md").write_text(POST)
    (folder / "posts" / "quay.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40)
    run(folder, "build")
    for name, content in BESIDE.items():
        file = folder / "public" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            file.write_text(content)
    port = free_port()
    serve = ["-m", "briefingfeed", "--config", str(folder / "briefingfeed.toml"), "serve", "--port", str(port)]
    with running([sys.executable, *serve], port, folder / "serve.log"):
        yield Newsroom(folder, f"http://127.0.0.1:{port}")


@pytest.fixture(scope="session", params=["serve", "nginx", "apache", "caddy"])
def server(request: pytest.FixtureRequest, newsroom: Newsroom) -> Iterator[Server]:
    """Each of the four, set up for a publication that has a hub."""
    if request.param == "serve":
        yield Server("serve", newsroom.address)
        return
    with getattr(newsroom.front, request.param)(with_hub(block(request.param))) as address:
        yield Server(request.param, address)


@pytest.fixture(params=["nginx", "apache", "caddy"])
def hubless(request: pytest.FixtureRequest, newsroom: Newsroom) -> Iterator[Server]:
    """Each of the three, with its configuration as it stands in the docs."""
    with getattr(newsroom.front, request.param)(block(request.param)) as address:
        yield Server(request.param, address)


@pytest.fixture(params=["nginx", "caddy"])
def proxy(request: pytest.FixtureRequest, newsroom: Newsroom) -> Iterator[Server]:
    """Those two, passing everything on."""
    text = block("Caddyfile" if request.param == "caddy" else "conf")
    with getattr(newsroom.front, request.param)(text) as address:
        yield Server(request.param, address)

"""Four servers over one publication: our own, and those whose configuration docs/web-servers.md shows."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

DOCS = Path(__file__).parents[3] / "docs" / "web-servers.md"
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
topics: [water]
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
    def upstream(self) -> tuple[str, str]:
        """Where the docs say that our server is, and where it is."""
        return "127.0.0.1:8090", self.address.removeprefix("http://")

    def build(self) -> None:
        run(self.folder, "build")


@dataclass(frozen=True)
class Server:
    name: str
    address: str

    def ask(self, path: str, method: str = "GET", **headers: str) -> httpx.Response:
        """Ask for the plain bytes, unless the headers say otherwise, and follow nothing."""
        asked = {"accept-encoding": "identity", **{name.replace("_", "-"): value for name, value in headers.items()}}
        return httpx.request(method, self.address + path, headers=asked, timeout=10)


def run(folder: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "briefingfeed", "--config", str(folder / "briefingfeed.toml"), *arguments]
    subprocess.run(command, check=True, timeout=60, stdin=subprocess.DEVNULL)


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
    with ExitStack() as stack:
        yield STARTERS[request.param](newsroom, with_hub(block(request.param)), stack)


def block(language: str) -> str:
    """Return the one code block of the docs in this language."""
    (text,) = re.findall(rf"^```{language}\n(.*?)^```$", DOCS.read_text(), re.DOTALL | re.MULTILINE)
    return text


def with_hub(text: str) -> str:
    """Do what the docs tell those who have a hub to do."""
    text = re.sub(r"^( *)#(?! )", r"\1", text, flags=re.MULTILINE)
    return text.replace("public, max-age=300, must-revalidate", "no-cache")


def fitted(text: str, newsroom: Newsroom, *changes: tuple[str, str]) -> str:
    """Put this machine's folder and ports into a text of the docs; each change must find something to change."""
    for old, new in (("/srv/briefings", str(newsroom.folder)), *changes):
        assert old in text
        text = text.replace(old, new)
    return text


def start_nginx(newsroom: Newsroom, text: str, stack: ExitStack) -> Server:
    port, folder = free_port(), make_folder(newsroom, "nginx")
    moved = "/etc/nginx/briefings-moved.map"
    site = fitted(
        text, newsroom, ("listen 80;", f"listen 127.0.0.1:{port};"), newsroom.upstream, (moved, f"{folder}/moved.map")
    )
    make_map, _, reload = fitted(block("sh"), newsroom, (moved, f"{folder}/moved.map")).partition(" && ")
    assert reload == "nginx -s reload\n"
    subprocess.run(make_map, shell=True, check=True, timeout=10)  # noqa: S602 - the docs' own line
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in NGINX_TEMPORARY)
    (folder / "nginx.conf").write_text(
        f"daemon off;\npid {folder}/pid;\nerror_log stderr;\nevents {{ }}\n"
        f"http {{\ninclude /etc/nginx/mime.types;\ndefault_type application/octet-stream;\n"
        f"access_log {folder}/access.log;\n{temporary}{site}}}\n"
    )
    command = ["nginx", "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf")]
    stack.enter_context(running(command, port, folder / "log"))
    return Server("nginx", f"http://127.0.0.1:{port}")


NGINX_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def start_apache(newsroom: Newsroom, text: str, stack: ExitStack) -> Server:
    port, folder = free_port(), make_folder(newsroom, "apache")
    enabled = re.search(r"`a2enmod ([a-z_ ]+)`", DOCS.read_text())
    assert enabled
    modules = dict.fromkeys((*APACHE_USUAL, *enabled[1].split()))
    loading = "".join(
        f"IncludeOptional /etc/apache2/mods-available/{name}.{kind}\n" for kind in ("load", "conf") for name in modules
    )
    site = fitted(text, newsroom, ("<VirtualHost *:80>", f"<VirtualHost 127.0.0.1:{port}>"), newsroom.upstream)
    (folder / "apache2.conf").write_text(
        f'ServerRoot "{folder}"\nServerName localhost\nPidFile {folder}/pid\nErrorLog {folder}/error.log\n'
        f"DefaultRuntimeDir {folder}\nListen 127.0.0.1:{port}\nUser www-data\nGroup www-data\n{loading}{site}"
    )
    command = ["apache2", "-D", "FOREGROUND", "-f", str(folder / "apache2.conf")]
    stack.enter_context(running(command, port, folder / "log", APACHE_LOG_DIR=str(folder), APACHE_RUN_DIR=str(folder)))
    return Server("apache", f"http://127.0.0.1:{port}")


APACHE_USUAL = (
    "mpm_event", "access_compat", "alias", "authz_core", "authz_host", "autoindex", "deflate", "dir", "env", "filter",
    "mime", "negotiation", "reqtimeout", "setenvif",
)  # fmt: skip
"""What Debian has switched on already."""


def start_caddy(newsroom: Newsroom, text: str, stack: ExitStack) -> Server:
    port, folder = free_port(), make_folder(newsroom, "caddy")
    site = fitted(text, newsroom, ("\nbriefings.example {", f"\nhttp://127.0.0.1:{port} {{"), newsroom.upstream)
    (folder / "Caddyfile").write_text("{\nadmin off\n}\n" + site)
    command = ["caddy", "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]
    homes = {"XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    stack.enter_context(running(command, port, folder / "log", **homes))
    return Server("caddy", f"http://127.0.0.1:{port}")


STARTERS: dict[str, Callable[[Newsroom, str, ExitStack], Server]] = {
    "nginx": start_nginx,
    "apache": start_apache,
    "caddy": start_caddy,
}


def make_folder(newsroom: Newsroom, name: str) -> Path:
    folder = newsroom.folder / f"{name}-{free_port()}"
    folder.mkdir(mode=0o755)
    return folder


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@contextmanager
def running(command: list[str], port: int, log: Path, **environment: str) -> Iterator[None]:
    """Run a server in the foreground until the end of the block; what it says is shown if it doesn't come up."""
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env={**os.environ, "PATH": path, **environment}, stdin=subprocess.DEVNULL,
            stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            wait_for(process, port, log)
            yield
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(15)


def wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    for _ in range(300):
        assert process.poll() is None, log.read_text()
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(log.read_text())

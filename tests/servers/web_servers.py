"""The web servers of docs/web-servers.md, each started with the docs' own lines, in folders that are thrown away."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from servers.ports import free_port

DOCS = Path(__file__).parents[2] / "docs" / "web-servers.md"

NGINX_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
APACHE_USUAL = (
    "mpm_event", "access_compat", "alias", "authz_core", "authz_host", "autoindex", "deflate", "dir", "env", "filter",
    "mime", "negotiation", "reqtimeout", "setenvif",
)  # fmt: skip
"""What Debian has switched on already."""


@dataclass(frozen=True)
class Server:
    name: str
    address: str

    def ask(self, path: str, method: str = "GET", **headers: str) -> httpx.Response:
        """Ask for the plain bytes, unless the headers say otherwise, and follow nothing."""
        asked = {"accept-encoding": "identity", **{name.replace("_", "-"): value for name, value in headers.items()}}
        return httpx.request(method, self.address + path, headers=asked, timeout=60)


def block(language: str) -> str:
    """Return the one code block of the docs in this language."""
    (text,) = re.findall(rf"^```{language}\n(.*?)^```$", DOCS.read_text(), re.DOTALL | re.MULTILINE)
    return text


def with_hub(text: str) -> str:
    """Do what the docs tell those who have a hub to do."""
    text = re.sub(r"^( *)#(?! )", r"\1", text, flags=re.MULTILINE)
    return text.replace("public, max-age=300, must-revalidate", "no-cache")


@dataclass(frozen=True)
class WebServers:
    """Starts servers in front of the publication in `folder`, whose own server is at `upstream` (host:port)."""

    folder: Path
    upstream: str

    @contextmanager
    def nginx(self, text: str) -> Iterator[str]:
        """Run until the end of the block; yield the address."""
        port, here = free_port(), self._make_folder("nginx")
        moved = ("/etc/nginx/briefings-moved.map", f"{here}/moved.map")
        site = self._fitted(text, moved, ("listen 80;", f"listen 127.0.0.1:{port};"))
        if "include" in site:
            make_map, _, reload = self._fitted(block("sh"), moved).partition(" && ")
            assert reload == "nginx -s reload\n"
            subprocess.run(make_map, shell=True, check=True, timeout=60)  # noqa: S602 - the docs' own line
        temporary = "".join(f"{kind}_temp_path {here}/{kind};\n" for kind in NGINX_TEMPORARY)
        (here / "nginx.conf").write_text(
            f"daemon off;\npid {here}/pid;\nerror_log stderr;\nevents {{ }}\n"
            f"http {{\ninclude /etc/nginx/mime.types;\ndefault_type application/octet-stream;\n"
            f"access_log {here}/access.log;\n{temporary}{site}}}\n"
        )
        command = ["nginx", "-e", "stderr", "-p", str(here), "-c", str(here / "nginx.conf")]
        with running(command, port, here / "log"):
            yield f"http://127.0.0.1:{port}"

    @contextmanager
    def apache(self, text: str) -> Iterator[str]:
        port, here = free_port(), self._make_folder("apache")
        enabled = re.search(r"`a2enmod ([a-z_ ]+)`", DOCS.read_text())
        assert enabled
        modules = dict.fromkeys((*APACHE_USUAL, *enabled[1].split()))
        available = "/etc/apache2/mods-available"
        loading = "".join(
            f"IncludeOptional {available}/{name}.{kind}\n" for kind in ("load", "conf") for name in modules
        )
        site = self._fitted(text, ("<VirtualHost *:80>", f"<VirtualHost 127.0.0.1:{port}>"))
        (here / "apache2.conf").write_text(
            f'ServerRoot "{here}"\nServerName localhost\nPidFile {here}/pid\nErrorLog {here}/error.log\n'
            f"DefaultRuntimeDir {here}\nListen 127.0.0.1:{port}\nUser www-data\nGroup www-data\n{loading}{site}"
        )
        command = ["apache2", "-D", "FOREGROUND", "-f", str(here / "apache2.conf")]
        with running(command, port, here / "log", APACHE_LOG_DIR=str(here), APACHE_RUN_DIR=str(here)):
            yield f"http://127.0.0.1:{port}"

    @contextmanager
    def caddy(self, text: str) -> Iterator[str]:
        port, here = free_port(), self._make_folder("caddy")
        site = self._fitted(f"\n{text}", ("\nbriefings.example {", f"\nhttp://127.0.0.1:{port} {{"))
        (here / "Caddyfile").write_text("{\nadmin off\n}\n" + site)
        command = ["caddy", "run", "--adapter", "caddyfile", "--config", str(here / "Caddyfile")]
        with running(command, port, here / "log", XDG_DATA_HOME=str(here), XDG_CONFIG_HOME=str(here)):
            yield f"http://127.0.0.1:{port}"

    def _fitted(self, text: str, *changes: tuple[str, str]) -> str:
        """Put this machine's folders and ports into a text of the docs; a port must be there to be changed."""
        for old, new in (("/srv/briefings", str(self.folder)), ("127.0.0.1:8090", self.upstream), *changes):
            assert old in text or not old.startswith(("listen", "<Virt", "\n"))
            text = text.replace(old, new)
        assert "/etc/nginx" not in re.sub(r"^ *#.*$", "", text, flags=re.MULTILINE)
        return text

    def _make_folder(self, name: str) -> Path:
        folder = self.folder / f"{name}-{free_port()}"
        folder.mkdir(mode=0o755)
        return folder


@contextmanager
def running(command: list[str], port: int, log: Path, **environment: str) -> Iterator[None]:
    """Run a server in the foreground until the end of the block; what it says is shown if it doesn't come up."""
    variables = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin", **environment}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=variables, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            _wait_for(process, port, log)
            yield
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(15)


def _wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    for _ in range(1200):
        assert process.poll() is None, log.read_text()
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(log.read_text())

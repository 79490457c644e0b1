"""The example publication, built, and shown by a real browser (Debian's chromium)."""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from servers.chromium import Page, chromium
from servers.ports import free_port
from servers.web_servers import running

PROJECT = Path(__file__).parents[3]
NODE = PROJECT / "tests" / "setup" / "node" / "node_modules"
EXAMPLE = ("posts", "authors.toml", "briefingfeed.toml")
DARK = "--blink-settings=preferredColorScheme=0"

QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Browser:
    address: str
    profile: Path

    def document(self, path: str, *options: str) -> str:
        """Return a page as it stands once its scripts have run."""
        return self._run("--dump-dom", "--virtual-time-budget=2000", *options, self.address + path)

    def colours(self, path: str, *options: str, width: int = 800) -> dict[Colour, int]:
        """Return how many pixels of a picture of the page, 900 high, have each colour."""
        picture = self.profile.with_suffix(".png")
        self._run(f"--screenshot={picture}", f"--window-size={width},900", *options, self.address + path)
        return _colours(picture.read_bytes())

    def _run(self, *arguments: str) -> str:
        # No sandbox: a test may run as root, and shows nothing but our own pages.
        done = subprocess.run(
            ["chromium", *QUIET, f"--user-data-dir={self.profile}", *arguments],
            capture_output=True, text=True, timeout=300, check=True,
        )  # fmt: skip
        return done.stdout


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("publication")
    for name in EXAMPLE:
        source = PROJECT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
    subprocess.run([sys.executable, "-m", "briefingfeed", "build"], cwd=folder, check=True, timeout=300)
    return folder / "public"


@pytest.fixture(scope="session")
def address(site: Path) -> Iterator[str]:
    """The site as `briefingfeed serve` shows it, over a socket."""
    port, settings = free_port(), site.with_name("briefingfeed.toml")
    command = [sys.executable, "-m", "briefingfeed", "--config", str(settings), "serve", "--port", str(port)]
    with running(command, port, site.with_name("serve.log")):
        yield f"http://127.0.0.1:{port}/"


@pytest.fixture(scope="session")
def browser(address: str, tmp_path_factory: pytest.TempPathFactory) -> Browser:
    return Browser(address, tmp_path_factory.mktemp("browser") / "profile")


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with chromium(tmp_path_factory.mktemp("tab")) as started:
        yield started.page()


def axe_finds(page: Page) -> list[str]:
    """Return what axe-core holds against the page that stands open."""
    page.run((NODE / "axe-core" / "axe.min.js").read_text("utf-8"))
    found: list[str] = page.run(
        "axe.run().then(found => found.violations.map(each => each.id + ': ' + each.nodes[0].html))"
    )
    return found


def html_validate_finds(files: Iterable[Path]) -> str:
    """Return what html-validate holds against pages."""
    script = NODE / "html-validate" / "bin" / "html-validate.mjs"
    command = ["node", str(script), "--preset", "standard", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def _colours(png: bytes) -> dict[Colour, int]:
    """Read the picture that Chromium writes: 8 bits, RGB or RGBA, not interlaced (PNG, sections 6 to 12)."""
    width, height, depth, kind = struct.unpack(">IIBB", png[16:26])
    assert (depth, kind) in ((8, 2), (8, 6))
    size = 3 if kind == 2 else 4
    data, place = b"", 8
    while place < len(png):
        length, name = struct.unpack(">I4s", png[place : place + 8])
        data += png[place + 8 : place + 8 + length] if name == b"IDAT" else b""
        place += length + 12
    raw, found = zlib.decompress(data), {}
    above = bytearray(width * size)
    for row in range(height):
        start = row * (width * size + 1)
        line = _unfiltered(raw[start], bytearray(raw[start + 1 : start + 1 + width * size]), above, size)
        for index in range(0, len(line), size):
            colour = (line[index], line[index + 1], line[index + 2])
            found[colour] = found.get(colour, 0) + 1
        above = line
    return found


def _unfiltered(kind: int, line: bytearray, above: bytearray, size: int) -> bytearray:
    for index in range(len(line)):
        left = line[index - size] if index >= size else 0
        corner = above[index - size] if index >= size else 0
        up = above[index]
        if kind == 4:
            expected = left + up - corner
            guess = min((left, up, corner), key=lambda value: abs(expected - value))
        else:
            guess = (0, left, up, (left + up) // 2)[kind]
        line[index] = (line[index] + guess) & 0xFF
    return line

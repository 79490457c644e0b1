"""The example publication at its desk: the real command, asked over HTTP and by a real browser."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from servers.chromium import Chromium, Page, chromium

PROJECT = Path(__file__).parents[3]
EXAMPLE = ("posts", "authors.toml", "briefingfeed.toml")
_PATIENCE = 120


@dataclass
class Desk:
    """A running preview, and the publication that it shows."""

    folder: Path
    entrance: str
    """The address that the terminal shows."""
    process: subprocess.Popen[str] = field(repr=False)

    @property
    def address(self) -> str:
        return self.entrance.partition("/?")[0]

    @property
    def posts(self) -> Path:
        return self.folder / "posts"

    def client(self, **more: Any) -> httpx.Client:
        """Somebody without a cookie, who is led nowhere."""
        return httpx.Client(base_url=self.address, timeout=_PATIENCE, **more)

    @contextmanager
    def guest(self) -> Iterator[httpx.Client]:
        """Somebody who opened the address from the terminal, with the header that the page's scripts bring."""
        with self.client() as client:
            page = client.get(self.entrance, follow_redirects=True)
            key = re.search(r'data-writing="([^"]+)"', page.text)
            assert key, page.text
            client.headers.update({"x-briefingfeed-preview": key[1], "origin": self.address})
            yield client

    def files(self) -> dict[str, bytes]:
        """Everything in the publication's folder."""
        found = (file for file in self.folder.rglob("*") if file.is_file())
        return {file.relative_to(self.folder).as_posix(): file.read_bytes() for file in found}


@contextmanager
def at_the_desk(folder: Path) -> Iterator[Desk]:
    command = [sys.executable, "-m", "briefingfeed", "--config", str(folder / "briefingfeed.toml")]
    with (folder.with_suffix(".log")).open("w") as log:
        process = subprocess.Popen(
            [*command, "preview", "--port", "0", "--no-browser"], stdout=subprocess.PIPE, stderr=log, text=True
        )
    try:
        assert process.stdout is not None
        entrance = process.stdout.readline().strip()
        assert entrance, folder.with_suffix(".log").read_text()
        yield Desk(folder, entrance, process)
    finally:
        process.send_signal(signal.SIGINT)
        code = process.wait(_PATIENCE)
        assert process.stdout is not None
        process.stdout.close()
    assert code == 0, folder.with_suffix(".log").read_text()


def publication(folder: Path) -> Path:
    folder.mkdir()
    for name in EXAMPLE:
        source = PROJECT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
    return folder


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with at_the_desk(publication(tmp_path / "publication")) as found:
        yield found


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    with chromium(tmp_path_factory.mktemp("browser") / "profile") as found:
        yield found


@pytest.fixture
def page(desk: Desk, browser: Chromium) -> Page:
    """The preview, opened by the address from the terminal."""
    page = browser.page()
    page.resize(1200)
    page.open(desk.entrance)
    page.wait("document.querySelector('#posts li') && document.querySelector('iframe.current')")
    return page

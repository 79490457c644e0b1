"""Nothing moves on a page when its images arrive: the browser has kept their place."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import pytest

from servers.chromium import Page

IMAGES = Path(__file__).parents[2] / "data" / "images"
SETTINGS = """\
[publication]
title = "Harbour Notes"
url = "https://harbour.example"
id_authority = "harbour.example,2026"
postal_address = "Harbour Trust, 1 Quay, Porttown"
[theme]
logo = "logo.png"
logo_width = 200
"""
POST = """\
---
title: Boats
image: lead.jpg
image_alt: The quay
---

Above the picture.

![A boat](boat.gif)

Below the picture.
"""
PLACES = (
    "['h1', '.text p:last-child', '.imprint']"
    ".map(each => document.querySelector(each).getBoundingClientRect().top + scrollY)"
)


@pytest.fixture(scope="module")
def pictured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictured")
    (folder / "posts").mkdir()
    (folder / "briefingfeed.toml").write_text(SETTINGS, "utf-8")
    (folder / "posts" / "2026-11-18-boats.md").write_text(POST, "utf-8")
    for name, place in (("wide.png", "logo.png"), ("wide.jpg", "posts/lead.jpg"), ("wide.gif", "posts/boat.gif")):
        shutil.copy(IMAGES / name, folder / place)
    subprocess.run([sys.executable, "-m", "briefingfeed", "build"], cwd=folder, check=True, timeout=300)
    return folder / "public"


class _Handler(SimpleHTTPRequestHandler):
    may_show: Event

    def do_GET(self) -> None:
        if self.path.endswith((".png", ".jpg", ".gif")):
            self.may_show.wait(60)
        super().do_GET()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class names it so
        """Say nothing."""


@contextmanager
def serving(folder: Path) -> Iterator[tuple[str, Event]]:
    """Serve a folder; its images are held back until the event."""
    may_show = Event()
    handler = type("_Held", (_Handler,), {"may_show": may_show})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder))) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/", may_show
        finally:
            may_show.set()
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("width", [375, 1200])
def test_nothing_moves_when_the_images_come(pictured: Path, page: Page, width: int) -> None:
    page.resize(width)
    with serving(pictured) as (address, may_show):
        page.call("Page.navigate", url=f"{address}posts/boats/")
        page.wait(
            "document.readyState === 'interactive' && document.images.length === 3 && document.styleSheets.length"
        )
        assert not page.run("[...document.images].some(each => each.complete)")
        before = page.run(PLACES)
        may_show.set()
        page.wait("[...document.images].every(each => each.complete && each.naturalWidth)")
        assert page.run(PLACES) == pytest.approx(before, abs=1), "a height is told in whole pixels"

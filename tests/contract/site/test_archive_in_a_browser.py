"""Pages of the archive, made by the real commands, judged by html-validate and, in a real browser, by axe-core."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from servers.chromium import Page
from servers.smtp_sink import SmtpSink

from .conftest import PROJECT, axe_finds, html_validate_finds

PAGES = ("editions/index.html", "editions/weekly/2026-w47/index.html", "editions/weekly/2026-w48/index.html")

_SETTINGS = """\
[publication]
title = "Harbour Notes"
url = "http://127.0.0.1:8090"
postal_address = "Harbour Trust, 1 Quay, Porttown"
[newsletter]
from = "Harbour Notes <notes@harbour.example>"
provider = "smtp"
[smtp]
host = "127.0.0.1"
port = {port}
security = "none"
"""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example's posts, mailed on 16 November 2026, and one of them corrected after that."""
    folder = tmp_path_factory.mktemp("publication")
    shutil.copytree(PROJECT / "posts", folder / "posts")
    shutil.copy(PROJECT / "authors.toml", folder)

    def run(*arguments: str) -> None:
        command = [sys.executable, "-m", "briefingfeed", *arguments]
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=120)

    with SmtpSink(folder / "sink") as sink:
        (folder / "briefingfeed.toml").write_text(_SETTINGS.format(port=sink.port), "utf-8")
        run("subscribers", "add", "ann@example.org", "--source", "asked on paper")
        run("send-weekly", "--now", "--as-of", "2026-11-16 08:01")
        (post,) = (folder / "posts").glob("2026-11-13-*.md")
        note = '---\ncorrections:\n  - {date: 2026-11-18, note: "It was 36, not 38."}\n'
        post.write_text(post.read_text("utf-8").replace("---\n", note, 1), "utf-8")
        run("send-weekly", "--as-of", "2026-11-23 08:01")
    run("build")
    return folder / "public"


def test_html_validate_finds_nothing(archive: Path) -> None:
    assert not html_validate_finds(archive / path for path in PAGES)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [375, 1200])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_and_nothing_sticks_out(archive: Path, page: Page, path: str, width: int, dark: bool) -> None:
    page.resize(width, dark=dark)
    page.open((archive / path).as_uri())
    assert axe_finds(page) == []
    assert page.run("document.documentElement.scrollWidth") <= width

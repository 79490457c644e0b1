"""Pages of the archive, made by the real commands, judged by html-validate and, in a real browser, by axe-core."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from servers.chromium import Page, chromium
from servers.smtp_sink import SmtpSink

PROJECT = Path(__file__).parents[3]
NODE = PROJECT / "tests" / "setup" / "node" / "node_modules"
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


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with chromium(tmp_path_factory.mktemp("browser")) as browser:
        yield browser.page()


def test_html_validate_finds_nothing(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "rules.json").write_text('{"extends": ["html-validate:standard"]}', "utf-8")
    script = NODE / "html-validate" / "bin" / "html-validate.mjs"
    command = ["node", str(script), "--config", str(tmp_path / "rules.json"), *(str(archive / path) for path in PAGES)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [375, 1200])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_and_nothing_sticks_out(archive: Path, page: Page, path: str, width: int, dark: bool) -> None:
    page.resize(width, dark=dark)
    page.open((archive / path).as_uri())
    page.run((NODE / "axe-core" / "axe.min.js").read_text("utf-8"))
    found = page.run("axe.run().then(found => found.violations.map(each => each.id + ': ' + each.nodes[0].html))")
    assert found == []
    assert page.run("document.documentElement.scrollWidth") <= width

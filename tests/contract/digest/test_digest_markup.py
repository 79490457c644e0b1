"""The digest before judges of markup: html-validate, axe-core in a browser, and caniemail's data of mail programs."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from servers.chromium import Chromium, chromium

from .conftest import GOLDEN

HERE = Path(__file__).parent
NODE_MODULES = HERE.parents[1] / "setup" / "node" / "node_modules"
PROGRAMS = ("gmail.*", "outlook.*", "apple-mail.*")
UNSUPPORTED = {
    "@media": "Outlook and Gmail without its own account keep the wide, light layout, which is fluid",
    "<style> element": "what the design needs is inlined; the style element holds what is only better",
    "Type selector": "as <style>",
    "Class selector": "as <style>",
    "ID selector": "as <style>",
    "Descendant combinator": "as <style>",
    "Adjacent sibling combinator": "as <style>: it keeps Gmail from colouring telephone numbers",
    "Attribute selector": "as <style>: it keeps Apple's programs from colouring dates",
    "color-scheme meta tag": "Apple Mail needs it to take the dark colours; others invert by themselves",
    "color-scheme CSS property": "as the meta tag",
    "overflow-wrap": "long addresses are wider than a phone then; word-wrap does the same in Outlook",
    "Local anchors": "in Gmail on iOS the list of contents is only read",
    "display:none": "in Gmail without its own account the preheader is hidden by its size and colour",
    "<body> element": "Outlook for macOS makes a div of it; the colours stand in a table, too",
    "overflow": "Outlook for Windows hides the preheader by mso-hide",
    "max-height property": "as overflow",
    "table-layout": "Outlook for Windows has fixed widths from the table around ours",
    "border-radius": "corners are square there",
    "white-space": "code wraps less well there",
    "aria-hidden attribute": "Windows Mail, which is no more",
    "aria-label attribute": "Windows Mail, which is no more",
    "role attribute": "Windows Mail, which is no more",
    "dir attribute": "the direction follows from the letters",
}
"""What may be unsupported in Gmail, Outlook or Apple Mail, and why a reader there misses nothing."""
LONG = "https://example.org/Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz_und_so_weiter"
PLACES = (
    "Lantern Street Briefings", "and what it means.", "How long did you wait? Tell us", "waiting times", "Start low.",
    "Nguyễn Thị Ánh", "Six questions", "Open until", "Answer the survey", "Head of policy", "in 4 days", "A letter",
    "jorg@lantern-street.example", "When I started", "“Dawn”", "Two more were spilt.", "We first wrote",
    "You get this because", "12 Example Row",
)  # fmt: skip
"""Words of each place of the digest where people write."""


def node(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["node", *map(str, command)], capture_output=True, text=True, timeout=120, check=False)


def test_the_html_is_valid(page: Path) -> None:
    judge = NODE_MODULES / "html-validate" / "bin" / "html-validate.mjs"
    done = node(judge, "--config", HERE / "htmlvalidate.json", page)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_a_mail_program_does_not_support_is_not_missed(page: Path) -> None:
    done = node(HERE / "caniemail.mjs", NODE_MODULES, page, *PROGRAMS)
    assert done.returncode == 0, done.stderr
    assert {name: programs for name, programs in json.loads(done.stdout).items() if name not in UNSUPPORTED} == {}


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    with chromium(tmp_path_factory.mktemp("browser") / "profile") as running:
        yield running


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [375, 1200])
def test_axe_finds_no_barrier(browser: Chromium, page: Path, width: int, dark: bool) -> None:
    tab = browser.page()
    tab.resize(width, dark=dark)
    tab.open(page.as_uri())
    tab.run((NODE_MODULES / "axe-core" / "axe.min.js").read_text("utf-8"))
    found = tab.run(
        "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
        ".then(done => done.violations.map(each => [each.id, each.nodes.map(node => node.html)]))"
    )
    assert found == []
    assert tab.run("document.documentElement.scrollWidth") <= width


def test_no_word_is_too_long_for_a_phone(browser: Chromium, tmp_path: Path) -> None:
    html = (GOLDEN / "digest.html").read_text("utf-8")
    for words in PLACES:
        assert words in html
        html = html.replace(words, LONG)
    (tmp_path / "long.html").write_text(html, "utf-8")
    tab = browser.page()
    tab.resize(375)
    tab.open((tmp_path / "long.html").as_uri())
    assert tab.run("document.documentElement.scrollWidth") == 375

"""The digest before judges of markup: html-validate, axe-core in a browser, and caniemail's data of mail programs."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from servers.chromium import Chromium, chromium
from unit.newsletter.editions import NAMES

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
    "text-wrap": "a headline's last line may be a single word there",
    "white-space": "code wraps less well there",
    "aria-hidden attribute": "Windows Mail, which is no more",
    "aria-label attribute": "Windows Mail, which is no more",
    "role attribute": "Windows Mail, which is no more",
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


def unsupported(page: Path) -> dict[str, list[str]]:
    """Return what some of the programs do not support, and which."""
    done = node(HERE / "caniemail.mjs", NODE_MODULES, page, *PROGRAMS)
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


def test_what_a_mail_program_does_not_support_is_not_missed(page: Path) -> None:
    assert {name: programs for name, programs in unsupported(page).items() if name not in UNSUPPORTED} == {}


def test_nothing_is_excused_that_is_not_there() -> None:
    found = {name for edition in NAMES for name in unsupported(GOLDEN / f"{edition}.html")}
    assert found == set(UNSUPPORTED)


@pytest.mark.parametrize(
    ("mistake", "rule"),
    [
        ('<p style="display:flex">a</p>', "display:flex"),
        ('<p style="position:absolute">a</p>', "position"),
        ('<form action="https://x.example/"><input type="text" name="a"></form>', "<form> element"),
    ],
)
def test_caniemail_sees_what_programs_leave_out(tmp_path: Path, mistake: str, rule: str) -> None:
    page = tmp_path / "page.html"
    page.write_text((GOLDEN / "digest.html").read_text("utf-8").replace("<body ", f"{mistake}<body ", 1), "utf-8")
    assert any(rule in name for name in unsupported(page))


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    with chromium(tmp_path_factory.mktemp("browser") / "profile") as running:
        yield running


def barriers(browser: Chromium, page: Path, width: int, *, dark: bool = False) -> list[tuple[str, list[str]]]:
    """Return the rules that axe-core finds broken, each with the elements."""
    tab = browser.page()
    tab.resize(width, dark=dark)
    tab.open(page.as_uri())
    tab.run((NODE_MODULES / "axe-core" / "axe.min.js").read_text("utf-8"))
    found: list[tuple[str, list[str]]] = tab.run(
        "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
        ".then(done => done.violations.map(each => [each.id, each.nodes.map(node => node.html)]))"
    )
    assert tab.run("document.documentElement.scrollWidth") <= width
    return found


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [375, 1200])
def test_axe_finds_no_barrier(browser: Chromium, page: Path, width: int, dark: bool) -> None:
    assert barriers(browser, page, width, dark=dark) == []


@pytest.mark.parametrize(
    ("right", "wrong", "rule"),
    [
        (' lang="en"', "", "html-has-lang"),
        (' role="main"', "", "landmark-one-main"),
        (' alt="Our door at night."', "", "image-alt"),
        ("color:#5f5a53", "color:#a0a0a0", "color-contrast"),
        ("</h1>", "</h1><h4>deep</h4>", "heading-order"),
    ],
)
def test_axe_sees_a_barrier(browser: Chromium, tmp_path: Path, right: str, wrong: str, rule: str) -> None:
    html = (GOLDEN / "digest.html").read_text("utf-8")
    assert right in html
    (tmp_path / "page.html").write_text(html.replace(right, wrong), "utf-8")
    assert rule in [name for name, _ in barriers(browser, tmp_path / "page.html", 375)]


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

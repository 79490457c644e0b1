"""A mail that runs from right to left, measured in a browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from servers.chromium import Page, chromium

from .conftest import GOLDEN

EDGES = (
    "(element => { const range = document.createRange(); range.selectNodeContents(element);"
    " const box = range.getBoundingClientRect(); return [box.left, box.right]; })"
)


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with chromium(tmp_path_factory.mktemp("browser")) as browser:
        page = browser.page()
        page.resize(800)
        page.open((GOLDEN / "mirrored.html").as_uri())
        yield page


def test_the_day_stands_before_the_month(mirrored: Page) -> None:
    assert mirrored.run("getComputedStyle(document.querySelector('.date')).direction") == "ltr"
    _, right = mirrored.run(f"{EDGES}(document.querySelector('.masthead'))")
    assert mirrored.run(f"{EDGES}(document.querySelector('.date'))")[1] == pytest.approx(right, abs=1)


def test_code_runs_from_the_left(mirrored: Page) -> None:
    left, right = mirrored.run(
        "(() => { const code = document.createElement('pre'); code.textContent = 'tide --at quay';"
        f" const text = document.querySelector('.text'); text.append(code); const [from, to] = {EDGES}(code);"
        " const box = text.getBoundingClientRect(); return [from - box.left, box.right - to]; })()"
    )
    assert left < 20 < right

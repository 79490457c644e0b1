"""A publication that is read from right to left, with one post that isn't: built, and measured in a browser."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from servers.chromium import Page

from .conftest import axe_finds, html_validate_finds

SETTINGS = """\
[publication]
title = "مذكرات الميناء"
tagline = "كل أسبوع"
url = "https://harbour.example"
language = "ar"
id_authority = "harbour.example,2026"
postal_address = "جمعية الميناء، ١ شارع الرصيف"
"""
TIDES = """\
---
title: المدّ يرتفع، والناس ينتظرون
authors: [{name: أمارا أوسي, role: مستأجرة}]
topics: [المدّ]
closes: 2999-12-05
call_to_action: {label: أجب, url: "https://survey.example/1"}
---

قال المجلس إن **المدّ** سيصل إلى ٣ أمتار. انظر [الخريطة](https://charts.example/?a=1).

> لا أحد سألنا.
>
> — أمارا أوسي، مستأجرة

- أول نقطة: `harbour --tide 3`

| المكان | الارتفاع |
|---|---|
| الرصيف | 3.2 |

```
tide --at quay
```
"""
ENGLISH = """\
---
title: "Who pays for the quay?"
language: en
---

The quay costs £3m.

> Nobody asked us.
"""
ARABIC_POST, ENGLISH_POST = "posts/tides/index.html", "posts/quay/index.html"
PAGES = ("index.html", "subscribe/index.html", ARABIC_POST, ENGLISH_POST)


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mirrored")
    (folder / "posts").mkdir()
    (folder / "briefingfeed.toml").write_text(SETTINGS, "utf-8")
    (folder / "posts" / "2026-11-18-tides.md").write_text(TIDES, "utf-8")
    (folder / "posts" / "2026-11-19-quay.md").write_text(ENGLISH, "utf-8")
    subprocess.run([sys.executable, "-m", "briefingfeed", "build"], cwd=folder, check=True, timeout=300)
    return folder / "public"


def edges(page: Page, selector: str) -> tuple[float, float]:
    """Return where the words of an element, or else what is in it, begin and end: left and right."""
    script = (
        "(selector => { const range = document.createRange();"
        " range.selectNodeContents(document.querySelector(selector));"
        " const box = range.getBoundingClientRect(); return [box.left, box.right]; })"
    )
    left, right = page.run(f"{script}({json.dumps(selector)})")
    return left, right


def bars(page: Page, selector: str) -> tuple[float, float]:
    """Return how wide an element's borders are, left and right."""
    script = "(style => [style.borderLeftWidth, style.borderRightWidth].map(parseFloat))"
    left, right = page.run(f"{script}(getComputedStyle(document.querySelector({json.dumps(selector)})))")
    return left, right


def test_html_validate_finds_nothing(mirrored: Path) -> None:
    assert not html_validate_finds(mirrored / path for path in (*PAGES, "404.html"))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [375, 1200])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_and_nothing_sticks_out(
    mirrored: Path, page: Page, path: str, width: int, dark: bool
) -> None:
    page.resize(width, dark=dark)
    page.open((mirrored / path).as_uri())
    assert axe_finds(page) == []
    assert page.run("document.documentElement.scrollWidth") <= width


def test_everything_begins_at_the_right(mirrored: Path, page: Page) -> None:
    page.resize(1200)
    page.open((mirrored / ARABIC_POST).as_uri())
    left, right = edges(page, "main")
    for selector in (".masthead .name", "h1", ".text > p", ".text thead th", ".imprint"):
        assert edges(page, selector)[1] == pytest.approx(right, abs=1), selector
    assert edges(page, ".masthead nav")[0] == pytest.approx(left, abs=1)
    for selector in (".text blockquote", ".call"):
        assert bars(page, selector)[0] == 0 < bars(page, selector)[1], selector
    assert edges(page, ".text li")[1] < right - 10, "the bullet has room"
    assert edges(page, ".text pre")[0] < left + 40, "code runs from the left"


def test_a_date_in_our_words_keeps_its_order(mirrored: Path, page: Page) -> None:
    page.open((mirrored / ARABIC_POST).as_uri())
    places = page.run(
        "(() => { const text = document.querySelector('.byline time').firstChild;"
        " return [[0, 2], [3, 11], [12, 16]].map(([from, to]) => { const range = document.createRange();"
        " range.setStart(text, from); range.setEnd(text, to); return range.getBoundingClientRect().left; }); })()"
    )
    assert places == sorted(places), "day, month, year"


def test_a_post_in_another_language_runs_its_own_way(mirrored: Path, page: Page) -> None:
    page.resize(1200)
    page.open((mirrored / ENGLISH_POST).as_uri())
    left, right = edges(page, "main")
    for selector in ("h1", ".text > p"):
        assert edges(page, selector)[0] == pytest.approx(left, abs=1), selector
    assert bars(page, ".text blockquote")[1] == 0 < bars(page, ".text blockquote")[0]
    assert edges(page, ".masthead .name")[1] == pytest.approx(right, abs=1), "the page around it does not turn"
    assert page.run("document.querySelector('article').lang") == "en"

    page.open((mirrored / "index.html").as_uri())
    assert edges(page, "article[lang=en] h3")[0] == pytest.approx(left, abs=1)
    assert edges(page, "article:not([lang]) h3")[1] == pytest.approx(right, abs=1)


def test_what_is_ours_and_english_runs_from_the_left(mirrored: Path, page: Page) -> None:
    page.resize(1200)
    page.open((mirrored / "subscribe" / "index.html").as_uri())
    left, _ = edges(page, "main")
    assert edges(page, ".subscribe h1")[0] == pytest.approx(left, abs=1)
    assert page.run("document.querySelector('.subscribe').lang") == "en"

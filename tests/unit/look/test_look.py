"""Templates: which one wins, what is escaped, and how an error in one reads."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from briefingfeed.errors import TemplateError
from briefingfeed.look import Look
from briefingfeed.models.settings import PublicationSettings


def look(*folders: Path) -> Look:
    return Look(folders, PublicationSettings(title="Ours", timezone=ZoneInfo("Europe/Berlin")))


def test_the_first_folder_that_has_the_file_wins(tmp_path: Path) -> None:
    own, shipped = tmp_path / "own", tmp_path / "shipped"
    for folder, text in ((own, "mine"), (shipped, "theirs")):
        (folder / "site").mkdir(parents=True)
        (folder / "site" / "a.html").write_text(text)
    (shipped / "site" / "b.html").write_text("only theirs")
    assert look(own, shipped).render("site/a.html") == "mine"
    assert look(own, shipped).render("site/b.html") == "only theirs"


def test_html_is_escaped_and_text_is_not(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("{{ it }}")
    (tmp_path / "a.txt").write_text("{{ it }}")
    assert look(tmp_path).render("a.html", it="AT&T <3") == "AT&amp;T &lt;3"
    assert look(tmp_path).render("a.txt", it="AT&T <3") == "AT&T <3"


def test_template_syntax_in_data_stays_as_written(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("{{ it }}")
    assert look(tmp_path).render("a.html", it="{{ 7*7 }}") == "{{ 7*7 }}"


def test_dates_are_written_for_people(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("{{ day|date }} / {{ at|time }}")
    rendered = look(tmp_path).render("a.txt", day=date(2026, 11, 24), at=datetime(2026, 11, 23, 16, 0, tzinfo=UTC))
    assert rendered == "24 November 2026 / 23 November 2026, 17:00"


@pytest.mark.parametrize(
    ("language", "around", "attributes"),
    [
        ("en", "en", ""),
        ("en", "en-GB", ""),
        ("en-GB", "en", ' lang="en-GB"'),
        ("he", "en", ' lang="he" dir="rtl"'),
        ("en", "az-Arab", ' lang="en" dir="ltr"'),
        ("fa", "ar", ' lang="fa"'),
    ],
)
def test_an_element_says_its_language_where_it_is_another(
    tmp_path: Path, language: str, around: str, attributes: str
) -> None:
    (tmp_path / "a.html").write_text("<p{{ language | tongue }}>")
    written = Look([tmp_path], PublicationSettings(language=around)).render("a.html", language=language)
    assert written == f"<p{attributes}>"


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("fine\n{% if %}\n", 2),
        ("fine\nfine\n{{ unknown }}\n", 3),
        ("{{ 1 / 0 }}", 1),
        ("{% include 'none.html' %}", None),
    ],
)
def test_an_error_names_template_and_line(tmp_path: Path, source: str, line: int | None) -> None:
    (tmp_path / "a.html").write_text(source)
    with pytest.raises(TemplateError) as caught:
        look(tmp_path).render("a.html")
    assert (f"a.html:{line}" if line else "none.html") in str(caught.value)
    assert caught.value.exit_code == 78


@pytest.mark.parametrize(
    "source",
    [
        "\n{% for a in range(9999999) %}{% for b in range(9999999) %}{% endfor %}{% endfor %}",
        "\n{% for a in range(9999) %}{% for b in 'abc'|batch(1) %}{% for c in range(999) %}" + 3 * "{% endfor %}",
        "\n{% for a in range(10 ** 30) %}{% endfor %}",
        "\n{% for a in 'x' * 5000 %}{{ 'x' * 500_000 }}{% endfor %}",
        "\n{% include 'macro.html' %}",
    ],
)
def test_a_loop_that_does_not_end_is_an_error(tmp_path: Path, source: str) -> None:
    (tmp_path / "a.html").write_text(source)
    (tmp_path / "macro.html").write_text(
        "{% macro turn() %}{% for a in range(99999) %}x{% endfor %}{% endmacro %}\n"
        "{% for a in range(99999) %}{% set y = turn() %}{% endfor %}"
    )
    with pytest.raises(TemplateError, match="does not come to its end") as caught:
        look(tmp_path).render("a.html")
    assert caught.value.where is not None
    assert "/a.html:2" in caught.value.where or "/macro.html:" in caught.value.where


def test_a_loop_knows_its_length_and_its_last_turn(tmp_path: Path) -> None:
    source = "{% for n in ns %}{{ loop.index }}/{{ loop.length }}{{ '.' if loop.last else ', ' }}{% endfor %}"
    (tmp_path / "a.txt").write_text(source)
    assert look(tmp_path).render("a.txt", ns=["a", "b"]) == "1/2, 2/2."
    assert look(tmp_path).render("a.txt", ns=(n for n in "ab")) == "1/2, 2/2."


def test_the_fingerprint_changes_with_a_template(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("one")
    before = look(tmp_path).fingerprint()
    assert look(tmp_path).fingerprint() == before
    (tmp_path / "a.html").write_text("two")
    assert look(tmp_path).fingerprint() != before

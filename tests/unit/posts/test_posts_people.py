from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from briefingfeed.models.post import Author
from briefingfeed.posts.people import load_authors

if TYPE_CHECKING:
    from pathlib import Path


def test_missing_file_is_nobody(tmp_path: Path) -> None:
    assert load_authors(tmp_path / "authors.toml") == ({}, [])


def test_people(tmp_path: Path) -> None:
    file = tmp_path / "authors.toml"
    file.write_text(
        '[amara]\nname = "Amara Osei"\nrole = "Policy lead"\norganization = "Lantern"\nurl = "https://x.example"\n'
        'email = "amara@x.example"\n\n[jo]\nname = "Jo"\nguest = true\n'
    )
    people, problems = load_authors(file)
    assert not problems
    assert people == {
        "amara": Author(
            name="Amara Osei",
            role="Policy lead",
            organisation="Lantern",
            url="https://x.example",
            email="amara@x.example",
        ),
        "jo": Author(name="Jo", guest=True),
    }


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("[a]\nname = 'A'\nrol = 'x'\n", "authors.toml:1: warning: [a] has an unknown key rol"),
        ("\n[a]\nrole = 'x'\n", "authors.toml:2: error: [a] has no name."),
        ("a = 'Amara'\n", "authors.toml:1: error: a is not a person."),
        ("[a]\nname = ['x']\n", "authors.toml:1: error: name of [a] must be a text."),
        ("[a]\nname = 'A'\nurl = 'x.example'\n", "authors.toml:1: warning: The url of [a]"),
        ("[a\n", "authors.toml:1: error: This is not right TOML"),
        ("[a]\nname = 'Zo\xeb'\n", "authors.toml:2: error: This line holds a byte"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, content: str, complaint: str) -> None:
    file = tmp_path / "authors.toml"
    file.write_bytes(content.encode("latin-1"))
    _, problems = load_authors(file)
    assert str(problems[0]).startswith(complaint)
    assert problems[0].remedy


def test_address_is_never_shown_by_accident() -> None:
    assert "amara@" not in repr(Author(name="Amara", email="amara@x.example"))

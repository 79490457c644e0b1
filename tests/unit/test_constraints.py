"""What pyproject.toml asks for is pinned: a fresh clone installs from the pins alone."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def pinned(file: str) -> set[str]:
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    return {plain(line.partition("==")[0]) for line in lines if re.match(r"[A-Za-z0-9._-]+==", line)}


def plain(requirement: str) -> str:
    """Return a distribution's name as PyPI compares it."""
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert name, requirement
    return re.sub(r"[-_.]+", "-", name[0]).lower()


def test_everything_that_runs_is_pinned() -> None:
    assert {plain(each) for each in PROJECT["project"]["dependencies"]} <= pinned("constraints.txt")


def test_everything_that_tests_and_checks_is_pinned() -> None:
    groups = PROJECT["dependency-groups"]
    groups |= PROJECT["project"]["optional-dependencies"]
    wanted = {plain(each) for group in groups.values() for each in group if isinstance(each, str)}
    assert wanted <= pinned("tests/setup/constraints.txt")
    assert pinned("constraints.txt") <= pinned("tests/setup/constraints.txt")


def test_what_lives_in_an_environment_of_its_own_is_pinned_there() -> None:
    moto = "tests/setup/moto"
    lines = (ROOT / moto / "packages.in").read_text(encoding="utf-8").splitlines()
    wanted = {plain(line) for line in lines if not line.startswith("#")}
    assert {"moto", "botocore"} <= wanted <= pinned(f"{moto}/constraints.txt")

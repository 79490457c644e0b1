"""docs/settings.md knows every setting there is, and no other."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest

from briefingfeed.config.reading import _SECTIONS
from briefingfeed.models.settings import USUAL_FOLDERS, DatabaseSettings
from briefingfeed.providers.registry import PROVIDERS, provider_spec

PAGE = (Path(__file__).parents[2] / "docs" / "settings.md").read_text(encoding="utf-8")
ELSEWHERE = {"redirects", "ids"}
"""Tables that other pages explain."""
TABLES: dict[str, type[Any]] = {
    **{name: cls for name, cls in _SECTIONS.items() if name not in ELSEWHERE},
    **{name: provider_spec(name).settings for name in PROVIDERS},
}


def documented(table: str) -> set[str]:
    """Return the keys in the first cells of the table's rows; a cell may name several."""
    section = re.split(rf"^## `\[{table}\]`.*$", PAGE, maxsplit=1, flags=re.MULTILINE)[1].split("\n## ", 1)[0]
    cells = re.findall(r"^\| (`[^|]+`) \|", section, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([a-z_]+)`", cell)}


@pytest.mark.parametrize("table", sorted(TABLES))
def test_the_page_names_every_key_of_a_table_and_no_other(table: str) -> None:
    assert documented(table) == {field.name.rstrip("_") for field in dataclasses.fields(TABLES[table])}


def test_the_page_names_the_paths_and_the_database() -> None:
    found = set(re.findall(r"^\| `\[(paths|database)\] ([a-z_]+)` \|", PAGE, re.MULTILINE))
    database = {field.name for field in dataclasses.fields(DatabaseSettings)}
    assert found == {("paths", key) for key in USUAL_FOLDERS} | {("database", key) for key in database}

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .house import House


@pytest.fixture
def open_house(tmp_path: Path) -> Iterator[Callable[..., House]]:
    houses: list[House] = []

    def opened(**how: str) -> House:
        folder = tmp_path / str(len(houses))
        folder.mkdir()
        houses.append(House(folder, **how))
        return houses[-1]

    yield opened
    for house in houses:
        house.database.close()


@pytest.fixture
def house(open_house: Callable[..., House]) -> House:
    """Wednesday, 18 November 2026, 10:00. The next weekly slot is Monday 23rd, 08:00: weekly/2026-W48."""
    return open_house()

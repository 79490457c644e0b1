"""A real database in a folder of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from briefingfeed.storage.database import Database


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/var/briefingfeed.db"


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    with Database.open(url, busy_timeout=0.2) as opened:
        yield opened

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from briefingfeed.storage.database import Database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(f"sqlite:///{tmp_path}/var/briefingfeed.db") as opened:
        yield opened

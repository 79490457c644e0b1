"""A real database of each kind; with SQLite in a folder of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from briefingfeed.storage.database import Database
from servers.postgres import PostgresServer


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a database is to be made. Nothing is there yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/var/briefingfeed.db"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.fresh_url()


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    with Database.open(url, busy_timeout=0.2) as opened:
        yield opened


@pytest.fixture
def sqlite_database(tmp_path: Path) -> Iterator[Database]:
    """For what only a file of SQLite has."""
    with Database.open(f"sqlite:///{tmp_path}/var/briefingfeed.db", busy_timeout=0.2) as opened:
        yield opened

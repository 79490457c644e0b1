"""Servers that many rooms' tests need; each starts with the first test that asks for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from servers.postgres import PostgresServer, running_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One PostgreSQL for each process of pytest. Each test takes a database of its own: `postgres.fresh_url()`."""
    with running_postgres() as server:
        yield server

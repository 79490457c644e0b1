"""Servers that many rooms' tests need, each started by the first test that asks for it; how examples are chosen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from faults.warm_command import WarmCommand
from servers.postgres import PostgresServer, running_postgres

# `make test` tries the same examples each time, so that red means changed; `make torture` tries ever new ones.
_PATIENT = settings(deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("steady", _PATIENT, derandomize=True)
settings.register_profile("roaming", _PATIENT, derandomize=False)
settings.load_profile("steady")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One PostgreSQL for each process of pytest. Each test takes a database of its own: `postgres.fresh_url()`."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def command() -> Iterator[WarmCommand]:
    """The command, imported once for each process of pytest: for tests that are about what it does."""
    with WarmCommand() as started:
        yield started

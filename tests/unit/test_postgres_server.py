"""The tests' own PostgreSQL: its databases are apart, and it comes back with what was committed."""

from __future__ import annotations

import signal

import psycopg
import pytest

from servers.postgres import PostgresServer


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
def test_what_was_committed_is_there_after_a_restart(postgres: PostgresServer, how: signal.Signals) -> None:
    url = postgres.fresh_url()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE note AS SELECT 1 AS number")
    postgres.restart(how)
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT number FROM note").fetchall() == [(1,)]


def test_ending_sessions_ends_those_of_one_database_only(postgres: PostgresServer) -> None:
    first, second = postgres.fresh_url(), postgres.fresh_url()
    with psycopg.connect(first) as here, psycopg.connect(second) as there:
        assert postgres.kill_backends(first) == 1
        with pytest.raises(psycopg.OperationalError):
            here.execute("SELECT 1")
        assert there.execute("SHOW synchronous_commit").fetchall() == [("on",)]

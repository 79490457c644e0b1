"""The connection that a run's transactions share, alike on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection

from briefingfeed.storage import meta
from briefingfeed.storage.database import Database


def identity(c: Connection) -> int:
    return id(c.connection.driver_connection)


def leave_half_way(c: Connection) -> None:
    meta.set_mark(c, "written", "by half")
    raise ZeroDivisionError


def mark(database: Database) -> str | None:
    with database.read() as c:
        return meta.get_mark(c, "written")


def test_transactions_share_a_connection_and_each_is_committed(database: Database) -> None:
    with database.writer() as writer:
        with writer.write() as c:
            first = identity(c)
            meta.set_mark(c, "written", "once")
        assert mark(database) == "once"
        with writer.write() as c:
            assert identity(c) == first
            meta.set_mark(c, "written", "twice")
        assert mark(database) == "twice"


def test_a_transaction_that_fails_leaves_nothing_and_the_next_one_counts(database: Database) -> None:
    with database.writer() as writer:
        with pytest.raises(ZeroDivisionError), writer.write() as c:
            leave_half_way(c)
        assert mark(database) is None
        with writer.write() as c:
            meta.set_mark(c, "written", "whole")
    assert mark(database) == "whole"


def test_others_may_write_between_two_transactions(database: Database) -> None:
    with database.writer() as writer:
        for number in range(3):
            with writer.write() as c:
                meta.set_mark(c, "written", f"writer {number}")
            with database.write() as c:
                assert meta.get_mark(c, "written") == f"writer {number}"
                meta.set_mark(c, "written", "another")

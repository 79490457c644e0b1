"""How the statements run: by an index where there are many rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from briefingfeed.storage import deliveries, editions, erasure, subscribers
from briefingfeed.storage.database import Database

from .samples import KEY, NOW, RUN, accepted, freeze, refused, subscribe

QUESTIONS: dict[str, Callable[[Connection], object]] = {
    "recover": lambda c: deliveries.recover(c, "run-2", NOW),
    "claim": lambda c: deliveries.claim(c, KEY, RUN, 2, NOW),
    "arm": lambda c: deliveries.arm(c, RUN, [1, 2], NOW),
    "record": lambda c: deliveries.record(c, RUN, [accepted(1), refused(2)], NOW),
    "unclaim": lambda c: deliveries.unclaim(c, RUN),
    "expire": lambda c: deliveries.expire(c, KEY, NOW),
    "cancel": lambda c: deliveries.cancel(c, KEY, NOW),
    "next_due": lambda c: deliveries.next_due(c, KEY),
    "counts": lambda c: deliveries.counts(c, KEY),
    "story": lambda c: deliveries.story(c, "id-ann"),
    "attempts": lambda c: deliveries.attempts(c, 1),
    "unsettled": deliveries.unsettled,
    "acknowledge": lambda c: deliveries.acknowledge(c, NOW, key=KEY),
    "release_posts": lambda c: editions.release_posts(c, KEY),
    "post_ids": lambda c: editions.post_ids(c, KEY),
    "by_address": lambda c: subscribers.by_address(c, "ann@readers.example"),
    "consents": lambda c: subscribers.consents(c, "id-ann"),
    "erase": lambda c: erasure.erase(c, "id-ann", NOW, source="command"),
}
INDEXES = {
    "recover": "delivery_by_claim",
    "claim": "delivery_by_state",
    "unclaim": "delivery_by_claim",
    "unsettled": "delivery_by_state",
}
"""Which index a statement is meant for. With three rows PostgreSQL takes whichever it likes."""
SCAN = {"sqlite": re.compile(r"^SCAN (\w+)(?!.*USING)"), "postgresql": re.compile(r"Seq Scan on (\w+)")}
LARGE = ("delivery", "attempt", "subscriber", "consent", "suppression", "edition_post")


@contextmanager
def statements_of(c: Connection) -> Iterator[list[tuple[str, Any]]]:
    seen: list[tuple[str, Any]] = []

    def see(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, executemany: bool) -> None:
        seen.append((statement, parameters[0] if executemany else parameters))

    event.listen(c, "before_cursor_execute", see)
    try:
        yield seen
    finally:
        event.remove(c, "before_cursor_execute", see)


def plan_of(c: Connection, statement: str, parameters: Any) -> list[str]:
    how = "EXPLAIN QUERY PLAN" if c.dialect.name == "sqlite" else "EXPLAIN"
    return [row[-1] for row in c.exec_driver_sql(f"{how} {statement}", parameters)]


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_question_reads_a_large_table_from_end_to_end(database: Database, question: str) -> None:
    with database.write() as c:
        subscribe(c, "ann", "ben", "cat")
        freeze(c)
        if c.dialect.name == "postgresql":
            c.execute(text("SET LOCAL enable_seqscan = off"))  # with three rows it would pay
        if question in ("arm", "record"):
            deliveries.claim(c, KEY, RUN, 2, NOW)
        if question == "record":
            deliveries.arm(c, RUN, [1, 2], NOW)
        with statements_of(c) as seen:
            QUESTIONS[question](c)
        assert seen
        plans = ""
        for statement, parameters in seen:
            plan = plan_of(c, statement, parameters)
            scanned = {found for line in plan for found in SCAN[c.dialect.name].findall(line)}
            assert scanned.isdisjoint(LARGE), statement
            plans += "\n".join(plan)
        assert INDEXES.get(question, "") in plans or c.dialect.name == "postgresql"

"""How the statements run: by an index where there are many rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, text

from briefingfeed.models.edition import Cadence
from briefingfeed.storage import audience, batches, deliveries, editions, erasure, events, subscribers
from briefingfeed.storage.database import Database

from .samples import KEY, NOW, RUN, accepted, edition, freeze, refused, subscribe

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
    "batches": lambda c: batches.counts(c, KEY),
    "is_tried": lambda c: batches.is_tried(c, KEY),
    "waits": lambda c: deliveries.waits(c, KEY),
    "settle_heard_of": lambda c: events.settle_heard_of(c, NOW),
    "audience": lambda c: audience.count(c, Cadence.WEEKLY),
    "switched": lambda c: list(audience.switched(c, edition(), NOW)),
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
    "waits": "delivery_by_state",
    "settle_heard_of": "delivery_by_state",
    "batches": "delivery_first_batch (edition_key=? AND batch=?)",
    "is_tried": "delivery_first_batch",
    "audience": "subscriber_by_cadence",
    "switched": "subscriber_by_cadence",
}
"""Which index a statement is meant for. With three rows PostgreSQL takes whichever it likes."""
WRONG_INDEXES = {"record": "delivery_by_claim"}
"""It finds all the rows that a run has in hand, a thousand, for each of the few that are named."""
SCAN = {"sqlite": re.compile(r"^SCAN (\w+)(?!.*USING)"), "postgresql": re.compile(r"Seq Scan on (\w+)")}
LARGE = ("delivery", "attempt", "subscriber", "consent", "suppression", "edition_post")


class Listening:
    """A driver's cursor that is overheard: some statements go to the driver past SQLAlchemy and its events."""

    def __init__(self, cursor: Any, seen: list[tuple[str, Any]]) -> None:
        self._cursor = cursor
        self._seen = seen

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)

    def execute(self, statement: str, parameters: Any = ()) -> Any:
        self._seen.append((statement, parameters))
        return self._cursor.execute(statement, parameters)

    def executemany(self, statement: str, several: Any) -> Any:
        self._seen.append((statement, several[0]))
        return self._cursor.executemany(statement, several)


@contextmanager
def statements_of(c: Connection, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, Any]]]:
    seen: list[tuple[str, Any]] = []
    connection: Any = c.connection
    with monkeypatch.context() as patch:
        cursor = connection.cursor
        patch.setattr(type(connection), "cursor", lambda _connection: Listening(cursor(), seen))
        yield seen


def plan_of(c: Connection, statement: str, parameters: Any) -> list[str]:
    how = "EXPLAIN QUERY PLAN" if c.dialect.name == "sqlite" else "EXPLAIN"
    return [row[-1] for row in c.exec_driver_sql(f"{how} {statement}", parameters)]


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_question_reads_a_large_table_from_end_to_end(
    database: Database, question: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as c:
        subscribe(c, "ann", "ben", "cat")
        freeze(c)
        if c.dialect.name == "postgresql":
            c.execute(text("SET LOCAL enable_seqscan = off"))  # with three rows it would pay
        if question in ("arm", "record"):
            deliveries.claim(c, KEY, RUN, 2, NOW)
        if question == "record":
            deliveries.arm(c, RUN, [1, 2], NOW)
        with statements_of(c, monkeypatch) as seen:
            QUESTIONS[question](c)
        assert seen
        plans = ""
        for statement, parameters in seen:
            plan = plan_of(c, statement, parameters)
            scanned = {found for line in plan for found in SCAN[c.dialect.name].findall(line)}
            assert scanned.isdisjoint(LARGE), statement
            plans += "\n".join(plan)
        if c.dialect.name == "sqlite":
            assert INDEXES.get(question, "") in plans
            assert WRONG_INDEXES.get(question, "none") not in plans

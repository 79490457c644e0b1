"""Where two databases, or a statement's limits, need a word of their own."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    Integer,
    String,
    Subquery,
    Table,
    bindparam,
    cast,
    func,
    literal,
    select,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.types import TypeEngine

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

_Value = TypeVar("_Value")

MOST_VALUES: Final = 10_000
"""In one IN (…): SQLite takes 32,766 parameters in a statement, PostgreSQL 65,535."""


def upsert(c: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT that understands `on_conflict_do_nothing` and `on_conflict_do_update`.

    Both databases spell it alike, but SQLAlchemy has it in each dialect's own constructor only.
    """
    if c.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql  # whoever has a SQLite file does without: it takes 25 ms

        return postgresql.insert(table)
    return sqlite.insert(table)


def batches(values: Collection[_Value], size: int = MOST_VALUES) -> Iterator[Sequence[_Value]]:
    """Cut `values` so that each piece fits into one statement."""
    ordered = list(values)
    for start in range(0, len(ordered), size):
        yield ordered[start : start + size]


def numbers_by_name(c: Connection, numbers: Mapping[str, int]) -> Subquery:
    """Return a table with the columns `name` and `number`, however long: it is a single parameter of the statement."""
    content = literal(json.dumps(dict(numbers)), String)
    if c.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql  # as above

        rows = func.json_each_text(cast(content, postgresql.JSON)).table_valued("key", "value")
    else:
        rows = func.json_each(content).table_valued("key", "value")
    return select(rows.c.key.label("name"), cast(rows.c.value, Integer).label("number")).subquery()


def numbers_in_order(c: Connection, numbers: Sequence[int]) -> Subquery:
    """Return a table with the columns `place`, from 0 on, and `number`: it is a single parameter, too."""
    content = literal(json.dumps(list(numbers)), String)
    if c.dialect.name == "postgresql":
        items = func.json_array_elements_text(cast(content, JSON))
        rows = items.table_valued("value", with_ordinality="key").render_derived()
        place = rows.c.key - 1
    else:
        rows = func.json_each(content).table_valued("key", "value")
        place = rows.c.key
    return select(cast(place, Integer).label("place"), cast(rows.c.value, Integer).label("number")).subquery()


def columns_of(dialect: str, name: str, types: Mapping[str, TypeEngine[Any]]) -> dict[str, ColumnElement[Any]]:
    """Return the columns of a table, however long, that is a single parameter of the statement: `name`, as `as_table`
    writes it.

    A statement that runs once for all of them holds Python's lock up once. Running it once for each takes as long in
    the database, and lets another thread in between, to be waited for, each time.
    """
    content = bindparam(name, type_=String)
    if dialect == "postgresql":
        value = func.json_array_elements(cast(content, JSON)).table_valued("value").render_derived().alias(name).c.value
        return {column: cast(value.op("->>")(place), kind) for place, (column, kind) in enumerate(types.items())}
    value = func.json_each(content).table_valued("value").alias(name).c.value
    return {
        column: func.json_extract(value, f"$[{place}]", type_=kind)
        for place, (column, kind) in enumerate(types.items())
    }


def as_table(rows: Iterable[Iterable[int | str | None]]) -> str:
    """Write rows as JSON, an array for each. What no database can hold in a text is replaced."""
    return json.dumps([[_storable(value) if isinstance(value, str) else value for value in row] for row in rows])


def _storable(value: str) -> str:
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()

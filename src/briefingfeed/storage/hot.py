"""Statements that a run repeats for every few copies.

SQLAlchemy writes such a statement once, and hands it to the driver as it is: to bind its values anew each time would
cost more than the database needs to do what it says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from functools import cache
from typing import Any, Final, cast

from sqlalchemy import ARRAY, JSON, Connection, Dialect, Integer, TextClause, bindparam, text
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ClauseElement

Values = Mapping[str, Any]

_AMONG: Final = {
    "sqlite": text("delivery.id IN (SELECT value FROM json_each(:ids))").bindparams(bindparam("ids", type_=JSON())),
    "postgresql": text("delivery.id = ANY(:ids)").bindparams(bindparam("ids", type_=ARRAY(Integer()))),
}


def among_ids(dialect: str) -> TextClause:
    """Return the condition that a delivery is one of `ids`: one text, and one value, for any number of them."""
    return _AMONG[dialect]


class Hot:
    """A statement as `build` makes it for a dialect's name. Its values go by the names of its parameters.

    It runs within the transaction of the connection that it is given. What the driver raises comes as it is.
    """

    def __init__(self, build: Callable[[str], ClauseElement]) -> None:
        self._form = cache(lambda dialect: _Form(build(dialect.name), dialect))

    def rows(self, c: Connection, values: Values) -> list[tuple[Any, ...]]:
        """Run it once; return what it returns, as the driver has it."""
        form = self._form(c.dialect)
        with closing(c.connection.cursor()) as cursor:
            cursor.execute(form.sql, form.bound(values))
            return cast(list[tuple[Any, ...]], cursor.fetchall())

    def run(self, c: Connection, values: Values) -> int:
        """Run it once; return how many rows it changed."""
        form = self._form(c.dialect)
        with closing(c.connection.cursor()) as cursor:
            cursor.execute(form.sql, form.bound(values))
            return cursor.rowcount


class _Form:
    """A statement in one driver's words."""

    def __init__(self, statement: ClauseElement, dialect: Dialect) -> None:
        compiled = cast(SQLCompiler, statement.compile(dialect=dialect))
        self.sql = str(compiled)
        self._positions = compiled.positiontup
        """None: the driver takes values by name."""
        kinds = {name: each.type.dialect_impl(dialect).bind_processor(dialect) for name, each in compiled.binds.items()}
        self._store = {name: store for name, store in kinds.items() if store is not None}
        self._constants = self._stored({name: value for name, value in compiled.params.items() if value is not None})

    def bound(self, values: Values) -> Any:
        """Return the values as the driver takes them, and the statement's own."""
        stored = self._constants | self._stored(values)
        return stored if self._positions is None else tuple([stored[name] for name in self._positions])

    def _stored(self, values: Values) -> dict[str, Any]:
        return {name: self._store[name](value) if name in self._store else value for name, value in values.items()}

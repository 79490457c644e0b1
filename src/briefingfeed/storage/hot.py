"""Statements that a run repeats for every few copies.

SQLAlchemy writes such a statement once, and hands it to the driver as it is: to bind its values anew each time would
cost more than the database needs to do what it says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from operator import itemgetter
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
    """A statement as `build` makes it for a dialect's name. Its values go by the names of its parameters."""

    def __init__(self, build: Callable[[str], ClauseElement]) -> None:
        self._form = cache(lambda dialect: _Form(build(dialect.name), dialect))

    def ids(self, c: Connection, values: Values) -> set[int]:
        """Run it once; return the numbers that it returns."""
        form = self._form(c.dialect)
        return set(c.exec_driver_sql(form.sql, form.arrange(form.stored(values))).scalars())

    def for_each(self, c: Connection, same: Values, several: Sequence[Values]) -> int:
        """Run it for each of `several`, with `same` added; return how many rows were changed."""
        form = self._form(c.dialect)
        stored = form.stored(same)
        rows = [form.arrange(stored | form.stored(values)) for values in several]
        return c.exec_driver_sql(form.sql, rows).rowcount


class _Form:
    """A statement in one driver's words."""

    def __init__(self, statement: ClauseElement, dialect: Dialect) -> None:
        compiled = cast(SQLCompiler, statement.compile(dialect=dialect))
        self.sql = str(compiled)
        self.arrange: Callable[[dict[str, Any]], Any] = (
            itemgetter(*compiled.positiontup) if compiled.positiontup else _as_it_is
        )
        kinds = {name: each.type.dialect_impl(dialect).bind_processor(dialect) for name, each in compiled.binds.items()}
        self._store = {name: store for name, store in kinds.items() if store is not None}
        self._constants = self._processed({name: value for name, value in compiled.params.items() if value is not None})

    def stored(self, values: Values) -> dict[str, Any]:
        """Return the values as the driver takes them, and the statement's own."""
        return self._constants | self._processed(values)

    def _processed(self, values: Values) -> dict[str, Any]:
        return {name: self._store[name](value) if name in self._store else value for name, value in values.items()}


def _as_it_is(values: dict[str, Any]) -> dict[str, Any]:
    return values

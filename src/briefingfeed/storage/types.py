"""Column types: instants that know their zone, and enums stored as the words people read."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import DateTime, Dialect, Enum
from sqlalchemy.types import TypeDecorator

_Word = TypeVar("_Word", bound=StrEnum)
_LONGEST_WORD = 20


class Instant(TypeDecorator[datetime]):
    """A moment in time: an aware datetime goes in, an aware datetime in UTC comes out.

    A naive datetime raises ValueError before any SQL runs: nobody can say which moment it means. SQLite keeps text of
    fixed width in UTC, so that instants compare and sort as text.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.utcoffset() is None:
            raise ValueError("an instant needs a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def word(kind: type[_Word]) -> Enum:
    """Return a column type for the values of `kind`, stored as text. Any other word raises LookupError.

    The database itself doesn't check it: each new word would then mean to copy a table.
    """
    return Enum(kind, values_callable=_values, native_enum=False, validate_strings=True, length=_LONGEST_WORD)


def _values(kind: Any) -> list[str]:
    return [member.value for member in kind]

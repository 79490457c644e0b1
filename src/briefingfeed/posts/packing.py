"""What is found in files as JSON and back: frozen data of a few known classes, and nothing that could do anything."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

_PLAIN = frozenset({str, int, bool, float, type(None)})
_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class _Kind:
    """How values of one dataclass are read."""

    make: Callable[..., Any]
    names: tuple[str, ...]


class Packing:
    """Packs values of `classes` (dataclasses and enums), and what they are made of. Times in `zone` stay in it."""

    def __init__(self, zone: ZoneInfo, classes: tuple[type, ...]) -> None:
        self._zone = zone
        self._enums = {each.__name__: each for each in classes if issubclass(each, Enum)}
        self._kinds = {
            each.__name__: _Kind(each, tuple(one.name for one in fields(each)))
            for each in classes
            if is_dataclass(each)
        }

    def pack(self, value: object) -> str:
        """Return one line of JSON. Raises TypeError for a value that would not come back the same."""
        return _ENCODE(self._fold(value))

    def unpack(self, text: str) -> Any:
        """Return the value. Raises ValueError, TypeError, KeyError, IndexError or RecursionError for what is none."""
        return self._unfold(json.loads(text))

    def _fold(self, value: Any) -> Any:
        kind = type(value)
        if kind in _PLAIN:
            return value
        if kind is tuple:
            return ["tuple", *self._folded(value)]
        if kind is list:
            return ["list", *self._folded(value)]
        if isinstance(value, Mapping):
            return ["dict", *(self._folded(pair) for pair in value.items())]
        if kind is datetime:
            return self._fold_instant(value)
        if kind is date:
            return ["date", value.isoformat()]
        if isinstance(value, Path):
            return ["path", str(value)]
        if kind.__name__ in self._enums:
            return [kind.__name__, value.value]
        names = self._kinds[kind.__name__].names if kind.__name__ in self._kinds else None
        if names is None:
            raise TypeError(f"{kind.__name__} cannot be packed")
        return [kind.__name__, *self._folded([getattr(value, name) for name in names])]

    def _folded(self, values: Iterable[Any]) -> list[Any]:
        # Most are plain: a call for each would take longer than all the rest.
        return [value if type(value) in _PLAIN else self._fold(value) for value in values]

    def _fold_instant(self, at: datetime) -> list[Any]:
        if at.tzinfo is self._zone:
            return ["local", at.replace(tzinfo=None, fold=0).isoformat(), at.fold]
        if isinstance(at.tzinfo, ZoneInfo) or at.tzinfo is None:
            raise TypeError(f"{at!r} cannot be packed")
        return ["instant", at.isoformat()]

    def _unfold(self, value: Any) -> Any:
        if type(value) is not list:
            return value
        name = value[0]
        if name == "dict":
            return {self._unfold(key): self._unfold(inner) for key, inner in value[1:]}
        inside = [self._unfold(inner) if type(inner) is list else inner for inner in value[1:]]
        kind = self._kinds.get(name)
        if kind is not None:
            return kind.make(**dict(zip(kind.names, inside, strict=True)))
        match name:
            case "tuple":
                return tuple(inside)
            case "list":
                return inside
            case "local":
                return datetime.fromisoformat(value[1]).replace(tzinfo=self._zone, fold=value[2])
            case "instant":
                return datetime.fromisoformat(value[1])
            case "date":
                return date.fromisoformat(value[1])
            case "path":
                return Path(value[1])
            case _:
                return self._enums[name](value[1])

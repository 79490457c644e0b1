"""A form on its way over the wire: JSON that comes from a page, and is believed in nothing. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from typing import Any

from starlette.exceptions import HTTPException

from briefingfeed.models.post import Author
from briefingfeed.posts.characters import without_illegal
from briefingfeed.posts.frontmatter import Value
from briefingfeed.services.previewing.files import Opened
from briefingfeed.services.previewing.form import Form

_LINES = tuple(field.name for field in fields(Form) if field.type == "str" and field.name != "body")
_MOST_ITEMS = 100


def opened_as_json(opened: Opened, people: Mapping[str, Author]) -> dict[str, Any]:
    return {
        "base": opened.base,
        "form": asdict(opened.form) if opened.form else None,
        "whole": opened.whole,
        "people": [{"key": key, "name": each.name, "role": each.role or ""} for key, each in people.items()],
    }


def content_of(data: Any) -> Form | str:
    """Return what is to be saved: a form, or the text of a whole file. Raises HTTPException (400)."""
    whole = _table(data).get("whole")
    if isinstance(whole, str):
        return whole
    table = _table(data.get("form"))
    lines = {name: _line(table.get(name)) for name in _LINES}
    return Form(
        **lines,
        feed=_switch(table.get("feed")),
        ready=_switch(table.get("ready")),
        email=None if table.get("email") is None else _switch(table["email"]),
        authors=tuple(_author(item) for item in _items(table.get("authors"))),
        topics=tuple(_line(item) for item in _items(table.get("topics"))),
        body=without_illegal(_text(table.get("body"))),
    )


def text_in(data: Any, name: str) -> str:
    """Return a text of a JSON object. Raises HTTPException (400)."""
    return _text(_table(data).get(name))


def _author(item: Any) -> Value:
    if isinstance(item, str):
        return _line(item)
    words = {_line(key): _value(value) for key, value in _table(item).items()}
    return {key: value for key, value in words.items() if value}


def _value(value: Any, depth: int = 0) -> Value:
    """A value of front matter that the form does not show, on its way back."""
    if isinstance(value, str):
        return _line(value)
    if isinstance(value, list) and depth < _MOST_ITEMS:
        return [_value(item, depth + 1) for item in value]
    if isinstance(value, dict) and depth < _MOST_ITEMS:
        return {_line(key): _value(item, depth + 1) for key, item in value.items()}
    if value is None:
        return None
    raise _odd()


def _items(value: Any) -> Iterable[Any]:
    if not isinstance(value, list) or len(value) > _MOST_ITEMS:
        raise _odd()
    return (item for item in value if item)


def _line(value: Any) -> str:
    return " ".join(without_illegal(_text(value)).split())


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _odd()
    return value


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _odd()
    return value


def _table(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _odd()
    return value


def _odd() -> HTTPException:
    return HTTPException(400)

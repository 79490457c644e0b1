"""A small, safe reading of YAML: mappings, lists and scalars as text; no tags, no shorthands, bounded depth.

Built from the parser's events: composing nodes recurses in C and overruns its stack on a few thousand brackets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from briefingfeed.posts.characters import without_illegal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from briefingfeed.posts.frontmatter import Value

_DEPTH = 20
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_QUOTE = 'Put the value in quotes, for example: title: "Housing: what we said".'
_INDENT = "Begin each key at the very left, and indent what belongs below a key with two spaces, never with tabs."
_REMEDIES = {
    "mapping values are not allowed in this context": ("A value holds a colon followed by a space.", _QUOTE),
    "found character that cannot start any token": (
        "A value begins with a character that YAML keeps for itself.",
        _QUOTE,
    ),
    "did not find expected alphabetic or numeric character": ("A value begins with YAML's own * or &.", _QUOTE),
    "found a tab character that violates indentation": ("There is a tab where only spaces may stand.", _INDENT),
    "found unexpected end of stream": ("A quotation mark is opened and never closed.", "Close the quotation mark."),
    "could not find expected ':'": ("A line has no colon after its key.", "Write it as key: value."),
    "did not find expected key": ("Something follows a closed quotation mark, or a line is indented wrongly.", _INDENT),
    "did not find expected ',' or ']'": ("A square bracket is opened and never closed.", "Close it with ]."),
    "did not find expected ',' or '}'": ("A curly bracket is opened and never closed.", "Close it with }."),
    "did not find expected '-' indicator": ("A list is mixed with other lines.", _INDENT),
}


class YamlError(Exception):
    """`line` counts from 0 at the top of what was read."""

    def __init__(self, message: str, remedy: str, line: int) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.line = line


def read_yaml(source: str) -> list[tuple[str, Value, int]]:
    """Return the keys at the top with their values and lines (from 0), in order.

    Raises:
        YamlError: not YAML, not a mapping, too deep, or with an alias (`*name`).
    """
    try:
        return _top_level(yaml.parse(source, Loader=yaml.CBaseLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = min(mark.line, source.rstrip("\n").count("\n")) if mark else 0
        fallback = (f"The front matter is not right YAML here: {error.problem or error.context}.", _INDENT)
        message, remedy = _REMEDIES.get(error.problem or "", fallback)
        if source.split("\n")[line].startswith("\t"):
            message, remedy = _REMEDIES["found a tab character that violates indentation"]
        raise YamlError(message, remedy, line) from error
    except yaml.YAMLError as error:
        raise YamlError("The front matter holds a character that YAML cannot.", "Type the line again.", 0) from error


def _top_level(events: Iterator[yaml.Event]) -> list[tuple[str, Value, int]]:
    first = next(event for event in events if not isinstance(event, yaml.StreamStartEvent | yaml.DocumentStartEvent))
    if isinstance(first, yaml.StreamEndEvent) or (isinstance(first, yaml.ScalarEvent) and not first.value):
        return []
    if not isinstance(first, yaml.MappingStartEvent):
        raise YamlError("The front matter is not a list of keys and values.", "Write lines such as title: …", 0)
    pairs: list[tuple[str, Value, int]] = []
    for event in events:
        if isinstance(event, yaml.MappingEndEvent):
            break
        line = _line(event)
        if not isinstance(event, yaml.ScalarEvent):
            raise YamlError("A key of the front matter is not a word.", _INDENT, line)
        pairs.append((str(event.value), _value(next(events), events), line))
    return pairs


def _value(first: yaml.Event, events: Iterator[yaml.Event], depth: int = 0) -> Value:
    line = _line(first)
    if isinstance(first, yaml.AliasEvent):
        raise YamlError(f"The value *{first.anchor} is read as YAML's shorthand, which is not used here.", _QUOTE, line)
    if isinstance(first, yaml.ScalarEvent):
        return _scalar(first)
    if depth >= _DEPTH:
        raise YamlError("The front matter is nested too deeply.", "Write it without so many brackets.", line)
    if isinstance(first, yaml.SequenceStartEvent):
        items: list[Value] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            items.append(_value(event, events, depth + 1))
        return items
    table: dict[str, Value] = {}
    while not isinstance(event := next(events), yaml.MappingEndEvent):
        key = _value(event, events, depth + 1)
        table[key if isinstance(key, str) else ""] = _value(next(events), events, depth + 1)
    return table


def _scalar(event: yaml.ScalarEvent) -> str | None:
    text = str(event.value)
    if not event.style and text in _NULLS:
        return None
    return without_illegal(text)


def _line(event: yaml.Event) -> int:
    return event.start_mark.line if event.start_mark else 0

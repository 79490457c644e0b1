"""Values of a head as somebody would write them: in YAML, in TOML, or in Pelican's bare lines. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from briefingfeed.posts.frontmatter import Syntax
from briefingfeed.posts.yaml_head import YamlError, read_yaml

if TYPE_CHECKING:
    from briefingfeed.posts.frontmatter import Value


class Word(str):
    """A value that other programs read as something else than a text, such as a date or `true`: never in quotes."""

    __slots__ = ()


# What is a number, a date, a truth value or nothing to some reader of YAML or other.
_MEANS_MORE = re.compile(r"[-+.\d~=].*|(?:null|true|false|yes|no|on|off|y|n)", re.IGNORECASE | re.DOTALL)
_INVISIBLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff]")
_TOML_KEY = re.compile(r"[A-Za-z0-9_-]+")


def phrase(value: Value, syntax: Syntax, quote: str = "") -> str:
    """Return a value on one line. `quote` is the mark in which a text stood before.

    Raises ValueError for what the syntax has no words for.
    """
    if syntax is Syntax.BARE:
        return _bare(value)
    if isinstance(value, Word):
        return value
    if isinstance(value, str):
        return _yaml_text(value, quote) if syntax is Syntax.YAML else _quoted(value)
    if isinstance(value, list):
        return f"[{', '.join(_inner(item, syntax) for item in value)}]"
    if isinstance(value, dict):
        mark = ": " if syntax is Syntax.YAML else " = "
        return f"{{{', '.join(f'{_key(key, syntax)}{mark}{_inner(item, syntax)}' for key, item in value.items())}}}"
    raise ValueError(value)


def block(items: Sequence[Value], indent: str) -> list[str]:
    """Return a list as lines of YAML, an item on each, what belongs to one on lines below it."""
    lines = []
    for item in items:
        if isinstance(item, dict) and item:
            keys = [f"{_key(key, Syntax.YAML)}: {phrase(value, Syntax.YAML)}" for key, value in item.items()]
            lines += [f"{indent}- {keys[0]}", *(f"{indent}  {key}" for key in keys[1:])]
        else:
            lines.append(f"{indent}- {phrase(item, Syntax.YAML)}")
    return lines


def _inner(value: Value, syntax: Syntax) -> str:
    """Return a value inside brackets, where commas and brackets mean something."""
    if syntax is Syntax.YAML and isinstance(value, str) and not isinstance(value, Word):
        return value if _is_plain(value, "[{}]", [value]) and not set(value) & set(",[]{}") else _quoted(value)
    return phrase(value, syntax)


def _key(key: str, syntax: Syntax) -> str:
    if syntax is Syntax.TOML:
        return key if _TOML_KEY.fullmatch(key) else _quoted(key)
    return key if _is_plain(key, "{}", key) else _quoted(key)


def _yaml_text(text: str, quote: str) -> str:
    if quote == "'" and text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    if quote == '"' or not _is_plain(text, "{}", text):
        return _quoted(text)
    return text


def _is_plain(text: str, frame: str, meant: Value) -> bool:
    """Whether any YAML reader takes a text without quotation marks as that text."""
    if not text.isprintable() or not text.strip() or _MEANS_MORE.fullmatch(text):
        return False
    try:
        return read_yaml(f"key: {frame.replace('{}', text)}\n") == [("key", meant, 0)]
    except YamlError:
        return False


def _quoted(text: str) -> str:
    """Write a text as YAML, TOML and JSON all read it."""
    written = json.dumps(text, ensure_ascii=False)
    return _INVISIBLE.sub(lambda found: f"\\u{ord(found[0]):04x}", written)


def _bare(value: Value) -> str:
    """Pelican's head has only texts; a list is divided by commas."""
    items = value if isinstance(value, list) else [value]
    if not all(isinstance(item, str) and item.strip() and "\n" not in item for item in items):
        raise ValueError(value)
    words = [str(item) for item in items]
    if isinstance(value, list) and any(mark in word for word in words for mark in ",;"):
        raise ValueError(value)
    return ", ".join(words)

"""What a page says of its colours on a dark screen: the rules of `@media (prefers-color-scheme: dark)`. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cssselect import HTMLTranslator, SelectorError, parse
from lxml import etree

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_BLOCK = re.compile(r"@media([^{}@]*)\{((?:[^{}]*\{[^{}]*\})*)", re.IGNORECASE)
_DARK = re.compile(r"prefers-color-scheme:\s*dark", re.IGNORECASE)
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_JUDGED = frozenset({"color", "background-color", "background-image", "opacity", "display", "visibility"})

Specificity = tuple[int, int, int]
Declaration = tuple[str, str, bool]
"""Name, value, and whether it is `!important`."""


@dataclass(frozen=True, slots=True)
class _Selector:
    specificity: Specificity
    path: etree.XPath


@lru_cache(maxsize=2048)
def declarations(text: str) -> tuple[Declaration, ...]:
    """Return what stands between the braces of a rule, or in a style attribute, in small letters.

    `background` counts as `background-color`: a single colour is what mails write there.
    """
    return tuple(_declarations(text))


def _declarations(text: str) -> Iterator[Declaration]:
    for declaration in text.lower().split(";"):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        plain, mark, _ = value.partition("!")
        if plain:
            yield "background-color" if name == "background" else name, plain.strip(), bool(mark)


def dark_rules(root: Any) -> dict[Any, dict[str, str]]:
    """Return for each element what the rules for dark screens say of its colours, over its own style.

    A rule that doesn't say `!important` loses against a style attribute that has the same property.
    """
    strength: dict[tuple[Any, str], tuple[bool, Specificity]] = {}
    found: dict[Any, dict[str, str]] = {}
    for selector, said in _rules(root):
        for element in selector.path(root):
            own = {name for name, _, _ in declarations(element.get("style", ""))}
            for name, value, is_important in said:
                if not is_important and name in own:
                    continue
                mine = (is_important, selector.specificity)
                if mine >= strength.get((element, name), (False, (0, 0, 0))):
                    strength[element, name] = mine
                    found.setdefault(element, {})[name] = value
    return found


def _rules(root: Any) -> Iterator[tuple[_Selector, list[Declaration]]]:
    css = _COMMENT.sub("", "\n".join(block.text or "" for block in root.iter("style")))
    for block in _BLOCK.finditer(css):
        for rule in _RULE.finditer(block[2]) if _DARK.search(block[1]) else ():
            said = [each for each in declarations(rule[2]) if each[0] in _JUDGED]
            for selector in _selectors(rule[1].strip()) if said else ():
                yield selector, said


@lru_cache(maxsize=512)
def _selectors(text: str) -> tuple[_Selector, ...]:
    """Return the selectors of a rule. None for what stands before or after an element: that is no text of the mail."""
    try:
        chosen = [each for each in parse(text) if not each.pseudo_element]
        paths = [(each.specificity(), HTMLTranslator().selector_to_xpath(each)) for each in chosen]
    except SelectorError:
        return ()
    return tuple(_Selector(specificity, etree.XPath(path)) for specificity, path in paths)

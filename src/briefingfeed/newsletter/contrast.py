"""Text that cannot be read well: each colour of the mail against the ground that it stands on. Pure.

Settings of the theme are judged when they are read. This is for templates of a publication's own: it looks at the page
as it goes out, in its light colours and in those for dark screens. WCAG 2.2, 1.4.3. What the page leaves to the mail
program, or says in a way that isn't plain (half-transparent colours, images), is not judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from lxml import etree

from briefingfeed.models.theme import LEAST_CONTRAST, Colour
from briefingfeed.newsletter.dark_rules import dark_rules, declarations
from briefingfeed.newsletter.digest import cut
from briefingfeed.newsletter.finding import Finding

_LEAST_FOR_LARGE: Final = 3.0
_LARGE, _LARGE_IF_BOLD, _BOLD = 24.0, 18.66, 700
"""Pixels from which text is large, plain and bold; the weight from which it is bold."""
_BLACK, _WHITE = Colour(0, 0, 0), Colour(255, 255, 255)
_LINK = Colour.parse("#0000ee")
_NAMED: Final = {
    "aqua": "#00ffff", "black": "#000000", "blue": "#0000ff", "fuchsia": "#ff00ff", "gray": "#808080",
    "green": "#008000", "grey": "#808080", "lime": "#00ff00", "maroon": "#800000", "navy": "#000080",
    "olive": "#808000", "orange": "#ffa500", "purple": "#800080", "red": "#ff0000", "silver": "#c0c0c0",
    "teal": "#008080", "white": "#ffffff", "yellow": "#ffff00",
}  # fmt: skip
_RGB = re.compile(r"rgb\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})\s*\)")
_PIXELS = re.compile(r"(?<![\w.-])(\d+(?:\.\d+)?)px")
_WEIGHT = re.compile(r"(?<![\w.-])(bold|normal|[1-9]00)(?![\w.%-])")
_BOLD_BY_NATURE: Final = frozenset({"b", "strong", "th", "h1", "h2", "h3", "h4", "h5", "h6"})

Declarations = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ink:
    """How the text of an element is written. A colour that isn't known is None."""

    colour: Colour | None
    ground: Colour | None
    size: float = 0.0
    """Pixels; 0 where that isn't known."""
    is_bold: bool = False
    is_hidden: bool = False

    @property
    def least(self) -> float:
        large = self.size >= (_LARGE_IF_BOLD if self.is_bold else _LARGE)
        return _LEAST_FOR_LARGE if large else LEAST_CONTRAST


@dataclass(frozen=True, slots=True)
class _Scheme:
    name: str
    file: str
    """Where the shipped templates say these colours."""
    start: _Ink
    link: Colour | None
    """Of links that the page leaves to the mail program."""


_LIGHT = _Scheme("light", "email/_inlined.css", _Ink(colour=_BLACK, ground=_WHITE), _LINK)
_DARK = _Scheme("dark", "email/_screens.css", _Ink(colour=None, ground=None), None)


def contrast_findings(html: str) -> Iterator[Finding]:
    """Yield what cannot be read well in an inlined page, each pair of colours once."""
    root = etree.fromstring(html, etree.HTMLParser(remove_comments=True))
    body = root.find("body") if root is not None else None
    if body is None:
        return
    yield from _findings(body, _LIGHT, {})
    rules = dark_rules(root)
    if rules:
        yield from _findings(body, _DARK, rules)


def _findings(body: Any, scheme: _Scheme, rules: Mapping[Any, Declarations]) -> Iterator[Finding]:
    inks: dict[Any, _Ink] = {}
    settled: set[_Ink] = set()
    told: set[tuple[Colour, Colour]] = set()
    for element in body.iter(etree.Element):
        around = inks.get(element.getparent(), scheme.start)
        dark = tuple(rules.get(element, {}).items())
        ink = inks[element] = _ink(element.tag, tuple(element.items()), around, scheme.link, dark)
        if ink in settled or ink.is_hidden or ink.colour is None or ink.ground is None:
            continue
        if ink.colour.contrast(ink.ground) >= ink.least:
            settled.add(ink)
            continue
        pair, words = (ink.colour, ink.ground), " ".join("".join(_own_text(element)).split())
        if words and pair not in told:
            told.add(pair)
            yield _finding(words, *pair, ink.least, _owner(element, rules), scheme)


@lru_cache(maxsize=4096)
def _ink(
    tag: str,
    attributes: tuple[tuple[str, str], ...],
    around: _Ink,
    link: Colour | None,
    dark: tuple[tuple[str, str], ...],
) -> _Ink:
    """Return how an element's text is written; `dark` has the last word. Most elements of a page are like others."""
    said = {**_said(attributes), **dict(dark)}
    colour, ground = around.colour, around.ground
    if tag == "a" and dict(attributes).get("href"):
        colour = link
    if said.get("color", "inherit") != "inherit":
        colour = _colour(said["color"])
    if said.get("background-color", "transparent") not in {"transparent", "none", "inherit"}:
        ground = _colour(said["background-color"])
    if "url(" in said.get("background-image", "") or said.get("opacity", "1") != "1":
        ground = None
    words = f"{said.get('font', '')} {said.get('font-weight', '')}"
    size, weight = _PIXELS.search(said.get("font-size", said.get("font", ""))), _WEIGHT.findall(words)
    is_bold = around.is_bold or tag in _BOLD_BY_NATURE
    return _Ink(
        colour=colour,
        ground=ground,
        size=float(size[1]) if size else 0.0 if "font-size" in said or "font" in said else around.size,
        is_bold=weight[-1] == "bold" or (weight[-1].isdigit() and int(weight[-1]) >= _BOLD) if weight else is_bold,
        is_hidden=around.is_hidden or said.get("display") == "none" or said.get("visibility") == "hidden",
    )


def _said(attributes: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return what an element says of its colours: by attributes, as mails still write it, and by its style."""
    given = dict(attributes)
    found = {"background-color": given.get("bgcolor"), "color": given.get("color")}
    style = {name: value for name, value, _ in declarations(given.get("style", ""))}
    return {name: value.lower() for name, value in found.items() if value} | style


def _colour(value: str) -> Colour | None:
    """Return the colour that is written, if it is a plain one."""
    rgb = _RGB.fullmatch(value)
    if rgb:
        red, green, blue = (min(int(share), 255) for share in rgb.groups())
        return Colour(red, green, blue)
    try:
        return Colour.parse(_NAMED.get(value, value))
    except ValueError:
        return None


def _own_text(element: Any) -> Iterator[str]:
    """Yield the words of the element itself; an image's are those that stand there until it is loaded."""
    yield element.text or (element.get("alt") if element.tag == "img" else "") or ""
    for child in element:
        yield child.tail or ""


def _owner(element: Any, rules: Mapping[Any, Declarations]) -> str:
    """Name the element that the colour of another one's text was given to."""
    for each in (element, *element.iterancestors()):
        if "color" in {**_said(each.items()), **rules.get(each, {})} or each.tag in {"a", "body"}:
            return _selector(each)
    return "body"


def _selector(element: Any) -> str:
    """Name an element as a style sheet would: by its class, else by its kind and the class around it."""
    if element.get("class"):
        return f".{element.get('class').split()[0]}"
    around = next((each for each in element.iterancestors() if each.get("class")), None)
    return f"{_selector(around)} {element.tag}" if around is not None else str(element.tag)


def _finding(words: str, colour: Colour, ground: Colour, least: float, owner: str, scheme: _Scheme) -> Finding:
    better = colour.until_readable(ground, max(_BLACK, _WHITE, key=ground.contrast), least)
    return Finding(
        stops=False,
        message=(
            f"“{cut(words, 40)}” cannot be read well in the {scheme.name} colours: {colour} on {ground} has a contrast "
            f"of {colour.contrast(ground):.1f} to 1, and {least:g} is the least."
        ),
        remedy=f"Give {owner} another colour, in {scheme.file} or where your templates say it: {better} would do.",
    )

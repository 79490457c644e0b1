"""CSS into style attributes. The only user of premailer; to import it takes 100 to 280 ms.

Mail programs that drop <style> still show the design. What must not be inlined (dark mode, narrow screens) stands in
`<style data-premailer="ignore">` and comes through word for word.

Which rules meet an element depends on its *place* alone: its name, class and style, and those of all around it. That
is so as long as rules select by elements and classes, as those of the shipped templates do. A digest has hundreds of
elements in some sixty places, and the digests of an edition share nearly all of these. So premailer is asked once about
each place, not again for each page.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from lxml import etree
from lxml.etree import _Element
from premailer import Premailer

_LINK = re.compile(r"<link\b[^>]*>", re.IGNORECASE)

_BY_PLACE = re.compile(r"[\w\s.>-]+")
"""A selector of elements and classes, one within another: nothing of neighbours, positions or other attributes."""

_Place = tuple[int, str, str | None, str | None]
"""The number of the place around it (-1: none), then name, class and style."""


class Inliner:
    """Inlines the pages of one edition, and remembers for so long what premailer made of each place.

    The result is, byte for byte, what premailer makes of the whole page.
    """

    def __init__(self) -> None:
        self.runs = 0
        """How often premailer was asked."""
        self._sheets: dict[tuple[str, ...], _Sheet] = {}

    def inline(self, html: str, *, kin: Callable[[], Iterable[str]] = tuple) -> str:
        """Return `html` with the rules of its style blocks moved into style attributes. No network, no files.

        If premailer must be asked about a place, it is asked about those in the pages of `kin`, too: they may follow.
        """
        page = _Page(html)
        if page.is_plain and _select_by_place(page.css):
            return self._by_place(page, kin)
        self.runs += 1
        return str(_premailer(page.html).transform(pretty_print=False))

    def _by_place(self, page: _Page, kin: Callable[[], Iterable[str]]) -> str:
        sheet = self._sheets.setdefault(page.css, _Sheet(page.css))
        places = sheet.places_in(page)
        if sheet.has_new_places:
            for other in map(_Page, kin()):
                if other.css == page.css:
                    sheet.places_in(other)
            sheet.ask()
            self.runs += 1
        for element, number in places:
            for name, value in sheet.attributes[number]:
                element.set(name, value)
        return page.written()


class _Page:
    """A parsed page. Its style blocks are taken out, or kept if they are to be ignored, as premailer does it."""

    def __init__(self, html: str) -> None:
        self.html = _LINK.sub("", html).strip()
        self.root = etree.fromstring(self.html, etree.HTMLParser())
        self.is_plain = self.root.find("head") is not None
        """Whether it has nothing for which premailer knows special rules."""
        css = []
        for block in list(self.root.iter("style")):
            purpose = block.attrib.pop("data-premailer", None)
            self.is_plain &= purpose in {None, "ignore"} and "media" not in block.attrib
            around = block.getparent()
            if purpose is None and around is not None:
                css.append(block.text or "")
                around.remove(block)
        self.css = tuple(css)

    def written(self) -> str:
        tree = self.root.getroottree()
        # The parser adds a doctype if there was none.
        whole = tree if self.html.startswith(tree.docinfo.doctype) else self.root
        return etree.tostring(whole, method="html", encoding="utf-8").decode("utf-8")


class _Sheet:
    """What the rules of some style blocks give to each place."""

    def __init__(self, css: tuple[str, ...]) -> None:
        self.attributes: list[tuple[tuple[str, str], ...]] = []
        """By the number of the place; premailer has not been asked about higher numbers."""
        self._css = css
        self._numbers: dict[_Place, int] = {}

    @property
    def has_new_places(self) -> bool:
        return len(self.attributes) < len(self._numbers)

    def places_in(self, page: _Page) -> list[tuple[_Element, int]]:
        """Return every element of a page with the number of its place."""
        found: list[tuple[_Element, int]] = []
        waiting = [(page.root, -1)]
        while waiting:
            element, around = waiting.pop()
            place = (around, str(element.tag), element.get("class"), element.get("style"))
            number = self._numbers.setdefault(place, len(self._numbers))
            found.append((element, number))
            waiting += [(child, number) for child in element.iterchildren(etree.Element)]
        return found

    def ask(self) -> None:
        """Ask premailer about the new places: with a page that has one element in each, and nothing else."""
        places = list(self._numbers)
        new = range(len(self.attributes), len(places))
        specimens = self._specimens(places, new)
        _premailer(specimens[-1], css_text=list(self._css), disable_leftover_css=True).transform()
        for number in new:
            given = dict(zip(("class", "style"), places[number][2:], strict=True))
            changed = [(name, value) for name, value in specimens[number].items() if given.get(name) != value]
            self.attributes.append(tuple(changed))

    def _specimens(self, places: list[_Place], new: range) -> dict[int, _Element]:
        """Return an element for each new place and for all around it; -1 is the one that holds them all."""
        wanted: set[int] = set()
        for number in new:
            while number >= 0 and number not in wanted:
                wanted.add(number)
                number = places[number][0]
        specimens = {-1: etree.HTMLParser().makeelement("specimens")}
        for number in sorted(wanted):  # what is around a place has a lower number
            around, name, class_, style = places[number]
            element = specimens[number] = etree.SubElement(specimens[around], name)
            if class_ is not None:
                element.set("class", class_)
            if style is not None:
                element.set("style", style)
            if name == "style":
                element.set("data-premailer", "ignore")  # it says that, too, in the page, or it would be gone
        return specimens


def _select_by_place(css: Iterable[str]) -> bool:
    parsed = [_parsed(block, number) for number, block in enumerate(css)]
    return all(not left and all(_BY_PLACE.fullmatch(selector) for _, selector, _ in rules) for rules, left in parsed)


def _premailer(html: str | _Element | None = None, **more: object) -> Any:
    inliner = Premailer(
        html,
        allow_network=False,
        allow_loading_external_files=False,
        strip_important=False,
        keep_style_tags=False,
        disable_validation=True,
        disable_basic_attributes=["width", "height"],
        cssutils_logging_level=logging.CRITICAL,
        **more,
    )
    inliner._parse_style_rules = _parsed  # noqa: SLF001 - its own takes most of the time, for the same rules each time
    return inliner


@lru_cache(maxsize=8)
def _parsed(css: str | None, number: int) -> Any:
    """Return the rules of a style block as premailer reads them, and what it would leave in the head."""
    return Premailer._parse_style_rules(_premailer(), css, number)  # noqa: SLF001

"""CSS into style attributes, once per rendition. The only user of premailer.

Mail programs that drop <style> still show the design. What must not be inlined (dark mode, narrow screens) stands in
`<style data-premailer="ignore">` and comes through word for word.
"""

from __future__ import annotations

import logging
import re
from functools import lru_cache
from typing import Any

from briefingfeed.errors import TemplateError

_LINK = re.compile(r"<link\b[^>]*>", re.IGNORECASE)
_TAG = re.compile(r"<([a-zA-Z][a-zA-Z0-9]*)((?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>")
_ATTRIBUTE = re.compile(r"([a-zA-Z-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_ADDRESSES = frozenset({"href", "src", "background"})
_ALLOWED = ("https://", "http://", "mailto:", "tel:", "#")


def inline_css(html: str, *, template: str) -> str:
    """Return `html` with the rules of its first style block moved into style attributes.

    Touches neither network nor disk. Raises TemplateError, naming `template`, if the result could not be mailed: no
    doctype, `!important` or an automatic height where it does harm, an address that is not absolute.
    """
    inliner = _inliner(_LINK.sub("", html))
    inliner._parse_style_rules = _parsed  # noqa: SLF001 - its own takes most of the time, for the same rules each time
    inlined: str = inliner.transform(pretty_print=False)
    for message in _faults(inlined):
        raise TemplateError(message, where=template, remedy="mend the template; nothing was sent")
    return inlined


def _inliner(html: str | None = None) -> Any:
    # Imported here: premailer and cssutils take 100 to 280 ms, and only a new rendition needs them.
    from premailer import Premailer

    return Premailer(
        html,
        allow_network=False,
        allow_loading_external_files=False,
        strip_important=False,
        keep_style_tags=False,
        disable_validation=True,
        disable_basic_attributes=["width", "height"],
        cssutils_logging_level=logging.CRITICAL,
    )


@lru_cache(maxsize=8)
def _parsed(css: str, number: int) -> Any:
    """Return the rules of a style block, as premailer reads them. Renditions of an edition share them."""
    return _inliner()._parse_style_rules(css, number)  # noqa: SLF001


def _faults(html: str) -> list[str]:
    faults = [] if html.startswith("<!DOCTYPE html>") else ["the first line must be <!DOCTYPE html>, in this spelling"]
    for tag in _TAG.finditer(html):
        for attribute in _ATTRIBUTE.finditer(tag[2]):
            name, value = attribute[1].lower(), attribute[2] or attribute[3] or ""
            if name == "style" and "!important" in value:
                faults.append(f"a rule for <{tag[1]}> says !important; that belongs into the style block of its own")
            if name in {"width", "height"} and not re.fullmatch(r"\d+%?", value):
                faults.append(f"<{tag[1]}> has the {name} “{value}”; only whole numbers work in mail programs")
            if name in _ADDRESSES and not value.lower().startswith(_ALLOWED):
                faults.append(f"<{tag[1]}> has the address “{value}”, which is not absolute")
    return faults

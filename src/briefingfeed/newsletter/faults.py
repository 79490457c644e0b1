"""What no mail's HTML may hold once its CSS is inlined. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from briefingfeed.errors import TemplateError

_TAG = re.compile(r"<([a-zA-Z][a-zA-Z0-9]*)((?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>")
_ATTRIBUTE = re.compile(r"([a-zA-Z-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_ADDRESSES = frozenset({"href", "src", "background"})
_ALLOWED = ("https://", "http://", "mailto:", "tel:", "#")


def refuse_faults(html: str, *, template: str) -> None:
    """Raise TemplateError, naming `template`, if `html` could not be mailed.

    That is: no doctype, `!important` or an automatic height where it does harm, an address that is not absolute.
    """
    for message in _faults(html):
        raise TemplateError(message, where=template, remedy="mend the template; nothing was sent")


def _faults(html: str) -> Iterator[str]:
    if not html.startswith("<!DOCTYPE html>"):
        yield "the first line must be <!DOCTYPE html>, in this spelling"
    for tag in _TAG.finditer(html):
        for attribute in _ATTRIBUTE.finditer(tag[2]):
            name, value = attribute[1].lower(), attribute[2] or attribute[3] or ""
            if name == "style" and "!important" in value:
                yield f"a rule for <{tag[1]}> says !important; that belongs into the style block of its own"
            if name in {"width", "height"} and not re.fullmatch(r"\d+%?", value):
                yield f"<{tag[1]}> has the {name} “{value}”; only whole numbers work in mail programs"
            if name in _ADDRESSES and not value.lower().startswith(_ALLOWED):
                yield f"<{tag[1]}> has the address “{value}”, which is not absolute"

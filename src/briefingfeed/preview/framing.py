"""What mails and pages become in a frame: in the light that was asked for, with images at hand, links in new tabs.

Pure. A browser can be told the width of a frame, but not to think it dark; so the condition itself is decided here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from html import escape


class Scheme(StrEnum):
    LIGHT = "light"
    DARK = "dark"


_ALWAYS, _NEVER = "(min-width: 0)", "(max-width: 0)"
_CONDITION = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(light|dark)\s*\)", re.IGNORECASE)
_COLOUR_SCHEMES = re.compile(
    r"(<meta\b[^>]*\bname=[\"']?(?:supported-)?color-schemes?[\"']?[^>]*\bcontent=[\"'])[^\"']*", re.IGNORECASE
)
_STYLED_SCHEME = re.compile(r"(\bcolor-scheme:\s*)(?:light dark|dark light)", re.IGNORECASE)
_LINK_OUT = re.compile(r"<a\b(?=([^>]*))(?=[^>]*\shref=[\"']?(?:https?:|mailto:))(?![^>]*\starget=)", re.IGNORECASE)
_RELATION = re.compile(r"\srel=", re.IGNORECASE)
_SOURCE = re.compile(r"(\s(?:src|background|poster)=)([\"'])([^\"']*)\2", re.IGNORECASE)


def in_scheme(styled: str, scheme: Scheme) -> str:
    """Return HTML or CSS as a reader meets it whose screen is light, or dark."""
    decided = _CONDITION.sub(lambda found: _ALWAYS if found[1].lower() == scheme else _NEVER, styled)
    return _STYLED_SCHEME.sub(rf"\g<1>{scheme}", _COLOUR_SCHEMES.sub(rf"\g<1>{scheme}", decided))


def framed(html: str, scheme: Scheme, places: Mapping[str, str]) -> str:
    """Return a document for a frame. `places` tell where images are while they are not published: address to address;
    the longest beginning that fits counts."""
    beginnings = sorted(places, key=len, reverse=True)

    def placed(found: re.Match[str]) -> str:
        before = next((each for each in beginnings if found[3].startswith(each)), None)
        if before is None:
            return found[0]
        address = places[before] + found[3].removeprefix(before)
        return f"{found[1]}{found[2]}{address}{found[2]}"

    linked = _LINK_OUT.sub(_in_a_new_tab, html)
    return in_scheme(_SOURCE.sub(placed, linked), scheme)


def _in_a_new_tab(link: re.Match[str]) -> str:
    return '<a target="_blank"' if _RELATION.search(link[1]) else '<a target="_blank" rel="noopener noreferrer"'


def said(words: str, scheme: Scheme) -> str:
    """Return a page that says why there is nothing to see."""
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="{scheme}">'
        "<title>Preview</title><style>html{background:Canvas;color:CanvasText}"
        "body{font:1rem/1.6 system-ui,sans-serif;margin:3rem auto;max-width:30rem;"
        f"padding:0 1.5rem;text-align:center}}</style></head><body><p>{escape(words)}</p></body></html>"
    )


FRAME_POLICY = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; media-src 'self'; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'self'; sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
)
"""Of every frame: no script runs, nothing comes from elsewhere, and the only way out are links, in new tabs. It stays
of our origin, so that the page around it can keep the place to which it was scrolled."""

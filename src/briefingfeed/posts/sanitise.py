"""The one door for HTML: what may stand in a post, by name. Everything else is left out.

nh3 parses as a browser does. Its attribute filter also makes addresses absolute and prefixes ids, so that posts can
share a page, a feed or a mail.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import nh3

from briefingfeed.posts.characters import without_illegal
from briefingfeed.posts.links import SCHEMES

if TYPE_CHECKING:
    from briefingfeed.posts.links import Links

TAGS = frozenset(
    {"p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "ul", "ol", "li", "dl", "dt", "dd", "pre"}
    | {"code", "em", "strong", "b", "i", "u", "s", "del", "ins", "sub", "sup", "small", "mark", "abbr", "cite", "q"}
    | {"kbd", "samp", "var", "a", "img", "figure", "figcaption", "table", "caption", "thead", "tbody", "tfoot", "tr"}
    | {"th", "td", "div", "span", "details", "summary"}
)
ATTRIBUTES = {
    "*": {"id"},
    "a": {"href", "title"},
    "abbr": {"title"},
    "code": {"class"},
    "div": {"class"},
    "img": {"src", "alt", "title", "width", "height"},
    "ol": {"start"},
    "sup": {"class"},
    "td": {"colspan", "rowspan", "style"},
    "th": {"colspan", "rowspan", "scope", "style"},
}
_CONTENT_GOES_TOO = frozenset(
    {"script", "style", "iframe", "object", "template", "title", "textarea", "select", "noscript"}
)
_CLASSES = frozenset({"footnote-reference", "footnote-definition", "footnote-definition-label"})
_LANGUAGE_CLASS = re.compile(r"language-[A-Za-z0-9_+#.-]{1,40}")
_NUMBER = re.compile(r"\d{1,5}")
_ID = re.compile(r"[^\s\"'<>&]{1,200}")
_LENGTH = re.compile(r"\d{1,5}%?")


class Sanitiser:
    """Cleans the HTML of one post after another. Not to be shared between threads."""

    def __init__(self) -> None:
        self._links: Links | None = None
        self._prefix = ""
        self._cleaner = nh3.Cleaner(
            tags=set(TAGS),
            clean_content_tags=set(_CONTENT_GOES_TOO),
            attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
            attribute_filter=self._attribute,
            filter_style_properties={"text-align"},
            link_rel="noopener",
            url_schemes=set(SCHEMES),
        )

    def clean(self, html: str, links: Links, prefix: str) -> str:
        """Return what may be published: addresses resolved by `links`, each id beginning with `prefix`."""
        self._links, self._prefix = links, prefix
        return without_illegal(self._cleaner.clean(html))

    def _attribute(self, tag: str, name: str, value: str) -> str | None:
        # An exception in here would drop the attribute and be printed: nothing below raises.
        if name in {"href", "src"}:
            return self._links.resolve(value) if self._links else None
        if name == "id":
            return self._prefix + value if _ID.fullmatch(value) else None
        if name == "class":
            return value if value in _CLASSES or (tag == "code" and _LANGUAGE_CLASS.fullmatch(value)) else None
        if name in {"width", "height"}:
            return value if _LENGTH.fullmatch(value) else None
        if name in {"start", "colspan", "rowspan"}:
            return value if _NUMBER.fullmatch(value) else None
        return value

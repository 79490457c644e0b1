"""Rules for one entry: each a small function that returns what is wrong, or None."""

from __future__ import annotations

import re
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache

from briefingfeed.feeds.addresses import ATOM, JSON, RSS, Format
from briefingfeed.feeds.rules_sheets import ATOM_NS, CONTENT_NS, DC_NS, MEDIA_NS, XML_NS, Item, Link, Sheet
from briefingfeed.feeds.rules_table import ERROR, WARNING, ItemTest, Rule

IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)")
_RFC822 = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} "
    r"\d\d:\d\d:\d\d (?:GMT|[+-]\d{4})"
)
_TAG = re.compile(r"<[^>]*>")
_END_TAG = re.compile(r"</([a-zA-Z][a-zA-Z0-9]*)\s*>")
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@)]+(?: \(.+\))?")
_HTML_NAMES = (
    "a abbr b blockquote body br cite code dd del div dl dt em font h1 h2 h3 h4 h5 h6 html i img ins li ol p pre q s "
    "small span strong sub sup table td th tr u ul"
)
_HTML = frozenset(_HTML_NAMES.split())
_HISTORY = frozenset({"first", "last", "next", "previous", "prev-archive", "next-archive", "current"})
_ATOM_NAMES = "author category content contributor id link published rights source summary title updated"
_KNOWN_ATOM = frozenset(f"{ATOM_NS}{name}" for name in _ATOM_NAMES.split())
_RSS_NAMES = "title link description author category comments enclosure guid pubDate source"
_KNOWN_RSS = frozenset(_RSS_NAMES.split())


@lru_cache(maxsize=4096)
def instant(text: str) -> datetime | None:
    """Read a date as its format writes it: RFC 3339 without fractions, or RFC 822 with English names; else None."""
    try:
        if _RFC3339.fullmatch(text):
            return datetime.fromisoformat(text)
        if _RFC822.fullmatch(text):
            return parsedate_to_datetime(text)
    except ValueError:
        pass
    return None


def has_html(text: str) -> bool:
    """Whether plain text would be taken for HTML: it closes an element that HTML knows."""
    return "</" in text and any(name.lower() in _HTML for name in _END_TAG.findall(text))


def _no_id(item: Item, _: Sheet) -> str | None:
    return None if item.id else ""


def _no_iri(item: Item, _: Sheet) -> str | None:
    return item.id if item.id and not IRI.fullmatch(item.id) else None


def _no_title(item: Item, _: Sheet) -> str | None:
    return None if item.title else ""


def _no_date(item: Item, sheet: Sheet) -> str | None:
    if not item.published:
        return "published"
    return "updated" if sheet.kind is not RSS and not item.updated else None


def _bad_date(item: Item, sheet: Sheet) -> str | None:
    pattern = _RFC822 if sheet.kind is RSS else _RFC3339
    for text in (item.published, item.updated):
        if text and (not pattern.fullmatch(text) or instant(text) is None):
            return text
    return None


def _updated_first(item: Item, _: Sheet) -> str | None:
    if item.published and item.updated and item.published != item.updated:
        published, updated = instant(item.published), instant(item.updated)
        if published and updated and updated < published:
            return f"{item.updated} is before {item.published}"
    return None


def _address(item: Item, _: Sheet) -> str | None:
    alternates = [link.href for link in item.links if link.rel == "alternate"]
    if len(alternates) != 1:
        return f"{len(alternates)} addresses"
    return None if alternates[0].startswith(_WEB) else alternates[0]


_WEB = ("https://", "http://")


def _untyped(item: Item, _: Sheet) -> str | None:
    for link in item.links:
        if link.rel == "alternate" and not link.type:
            return link.href
    return None


def _twice(item: Item, _: Sheet) -> str | None:
    if len(item.links) < 2:
        return None
    kinds = [(link.type, link.hreflang) for link in item.links if link.rel == "alternate"]
    return "" if len(set(kinds)) < len(kinds) else None


def _relative(item: Item, _: Sheet) -> str | None:
    for link in item.links:
        if not IRI.fullmatch(link.href):
            return link.href
    return None


def _paging(item: Item, _: Sheet) -> str | None:
    for link in item.links:
        if link.rel in _HISTORY:
            return link.rel
    return None


def _enclosure(item: Item, _: Sheet) -> str | None:
    for link in item.links:
        if link.rel == "enclosure" and not (_is_web(link) and link.length.isdecimal() and "/" in link.type):
            return link.href
    return None


def _enclosures(item: Item, _: Sheet) -> str | None:
    return "" if sum(link.rel == "enclosure" for link in item.links) > 1 else None


def _html_title(item: Item, _: Sheet) -> str | None:
    return item.title if item.title and has_html(item.title) else None


def _typed_title(item: Item, _: Sheet) -> str | None:
    found = item.source.find(f"{ATOM_NS}title")
    return found.get("type") if found is not None and found.get("type", "text") != "text" else None


def _content_type(item: Item, _: Sheet) -> str | None:
    found = item.source.find(f"{ATOM_NS}content")
    return None if found is None or found.get("type") == "html" else str(found.get("type"))


def _base(item: Item, _: Sheet) -> str | None:
    found = item.source.find(f"{ATOM_NS}content")
    return None if found is None or found.get(f"{XML_NS}base") == item.url else str(found.get(f"{XML_NS}base"))


def _nothing(item: Item, _: Sheet) -> str | None:
    return "" if item.content is None and item.summary is None else None


def _no_json_text(item: Item, _: Sheet) -> str | None:
    return None if "content_html" in item.source or "content_text" in item.source else ""


def _repeats(item: Item, _: Sheet) -> str | None:
    if not item.summary or not item.content or len(item.content) > 4 * len(item.summary) + 400:
        return None
    return "" if _words(item.summary) == _words(item.content) else None


def _html_summary(item: Item, _: Sheet) -> str | None:
    return item.summary[:80] if item.summary and has_html(item.summary) else None


def _order(item: Item, _: Sheet) -> str | None:
    names = item.names
    if _ENCODED in names and "description" in names and names.index("description") > names.index(_ENCODED):
        return ""
    return None


_ENCODED = f"{CONTENT_NS}encoded"


def _guid(item: Item, _: Sheet) -> str | None:
    guid = item.source.find("guid")
    if guid is None or guid.get("isPermaLink") == "false" or guid.text == item.url:
        return None
    return str(guid.text)


def _both_authors(item: Item, _: Sheet) -> str | None:
    return "" if "author" in item.names and f"{DC_NS}creator" in item.names else None


def _contact(item: Item, _: Sheet) -> str | None:
    if "author" not in item.names:
        return None
    author = item.source.findtext("author")
    return None if _EMAIL.fullmatch(author) else str(author)


def _nameless(item: Item, _: Sheet) -> str | None:
    return "" if not all(item.authors) else None


def _unknown_atom(item: Item, _: Sheet) -> str | None:
    return _first(tuple(name for name in item.names if name.startswith(ATOM_NS)), _KNOWN_ATOM)


def _unknown_rss(item: Item, _: Sheet) -> str | None:
    return _first(tuple(name for name in item.names if name[0] != "{"), _KNOWN_RSS)


def _first(names: tuple[str, ...], known: frozenset[str]) -> str | None:
    return None if known.issuperset(names) else next(name for name in names if name not in known)


def _grouped(item: Item, _: Sheet) -> str | None:
    if f"{MEDIA_NS}group" not in item.names:
        return None
    return "" if len(item.source.findall(f"{MEDIA_NS}group/{MEDIA_NS}content")) < 2 else None


def _explicit(item: Item, _: Sheet) -> str | None:
    if EXPLICIT not in item.names:
        return None
    text = item.source.findtext(EXPLICIT)
    return None if text in ("true", "false") else str(text)


EXPLICIT = "{http://www.itunes.com/dtds/podcast-1.0.dtd}explicit"


def _is_web(link: Link) -> bool:
    return link.href.startswith(_WEB) and IRI.fullmatch(link.href) is not None


def _words(html: str) -> str:
    return " ".join(_TAG.sub(" ", html).split())


_ALL = (ATOM, RSS, JSON)
_XML = (ATOM, RSS)

RULES: tuple[tuple[Rule, tuple[Format, ...], ItemTest], ...] = (
    (Rule("MissingElement", "2, 3", ERROR, "RFC 4287 4.1.2; JSON Feed 1.1", "an entry has no id"), _ALL, _no_id),
    (Rule("InvalidFullLink", "2", ERROR, "RFC 4287 4.2.6; W3C", "an id is no absolute IRI"), _ALL, _no_iri),
    (Rule("MissingElement", "14", ERROR, "RFC 4287 4.1.2; RSS 2.0", "an entry has no title"), _ALL, _no_title),
    (Rule("MissingElement", "5", ERROR, "RFC 4287 4.1.2", "an entry has no date"), _ALL, _no_date),
    (Rule("InvalidDate", "5", ERROR, "RFC 3339; RFC 822", "a date is not written as its format asks"), _ALL, _bad_date),
    (
        Rule("UpdatedBeforePublished", "5", ERROR, "checklist", "an entry was updated first"),
        (ATOM, JSON),
        _updated_first,
    ),
    (Rule("MissingAddress", "19", ERROR, "RFC 4287 4.1.1", "an entry has not one address on the web"), _ALL, _address),
    (Rule("UntypedAlternate", "19", WARNING, "checklist", "an entry's address has no type"), (ATOM,), _untyped),
    (Rule("DuplicateAtomLink", "19", ERROR, "RFC 4287 4.1.1; W3C", "two alternates of one type"), (ATOM,), _twice),
    (Rule("InvalidFullLink", "10", ERROR, "RFC 3987; W3C", "a link of an entry is not absolute"), _ALL, _relative),
    (Rule("FeedHistoryRelInEntry", "27", WARNING, "RFC 5005; W3C", "an entry has a link of paging"), _XML, _paging),
    (Rule("InvalidEnclosure", "21", ERROR, "RSS 2.0", "a file without address, length or type"), _ALL, _enclosure),
    (
        Rule("DuplicateEnclosure", "21", ERROR, "RSS Board profile", "more than one file in an item"),
        (RSS,),
        _enclosures,
    ),
    (Rule("ContainsHTML", "14", WARNING, "W3C", "readers would take the title for HTML"), _XML, _html_title),
    (Rule("ContainsHTML", "14", ERROR, "checklist", "the title is not plain text"), (ATOM,), _typed_title),
    (
        Rule("InvalidMIMEType", "13", ERROR, "RFC 4287 4.1.3; W3C", "the content is not of type html"),
        (ATOM,),
        _content_type,
    ),
    (Rule("MissingBase", "12", WARNING, "checklist", "xml:base is not the post's address"), (ATOM,), _base),
    (Rule("MissingElement", "17", ERROR, "RFC 4287 4.1.2; RSS 2.0", "neither content nor summary"), _XML, _nothing),
    (
        Rule("MissingElement", "17", ERROR, "JSON Feed 1.1", "neither content_html nor content_text"),
        (JSON,),
        _no_json_text,
    ),
    (Rule("SummaryRepeatsContent", "17", WARNING, "checklist", "the summary only repeats the content"), _ALL, _repeats),
    (
        Rule("ContainsUndeclaredHTML", "17", WARNING, "W3C", "the summary is not plain text"),
        (ATOM, JSON),
        _html_summary,
    ),
    (
        Rule("DescriptionOrder", "17", WARNING, "RSS Board profile", "the description stands behind the content"),
        (RSS,),
        _order,
    ),
    (Rule("InvalidPermalink", "3", ERROR, "RSS 2.0", "a guid calls itself an address and is none"), (RSS,), _guid),
    (Rule("DuplicateItemSemantics", "23", WARNING, "W3C", "author and dc:creator together"), (RSS,), _both_authors),
    (Rule("InvalidContact", "23", ERROR, "RSS 2.0; W3C", "an author is no email address"), (RSS,), _contact),
    (Rule("MissingElement", "23", ERROR, "RFC 4287 3.2.1", "an author has no name"), _ALL, _nameless),
    (
        Rule("UndefinedElement", None, ERROR, "RFC 4287; W3C", "an element that Atom does not know"),
        (ATOM,),
        _unknown_atom,
    ),
    (Rule("UndefinedElement", None, ERROR, "RSS 2.0; W3C", "an element that RSS does not know"), (RSS,), _unknown_rss),
    (Rule("MediaGroupWithoutAlternatives", "22", ERROR, "Media RSS; W3C", "a media:group of one"), _XML, _grouped),
    (Rule("InvalidTrueFalse", None, ERROR, "W3C", "itunes:explicit is neither true nor false"), _XML, _explicit),
)

"""Rules for a document as a whole, each a small function that yields what is wrong; and for the list of feeds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from lxml.etree import _Element

from briefingfeed.feeds.addresses import ATOM, JSON, RSS, Format
from briefingfeed.feeds.jsonfeed import VERSION
from briefingfeed.feeds.rules_items import EXPLICIT, IRI, has_html, instant
from briefingfeed.feeds.rules_sheets import ATOM_NS, DC_NS, Role, Sheet
from briefingfeed.feeds.rules_table import ERROR, WARNING, Rule, SheetTest, Site

_PAGES = ("first", "last", "next", "previous", "prev-archive", "next-archive")
_CHANNEL = (
    "title link description language copyright managingEditor webMaster pubDate lastBuildDate category generator docs "
    "cloud ttl image rating skipHours skipDays item"
)
_KNOWN_CHANNEL = frozenset(_CHANNEL.split())
_SYNDICATION = "{http://purl.org/rss/1.0/modules/syndication/}"


def _missing(sheet: Sheet, _: Site) -> Iterator[str]:
    if not sheet.title:
        yield "title"
    if sheet.kind is ATOM and not sheet.id:
        yield "id"
    if sheet.kind is ATOM and not sheet.updated:
        yield "updated"
    if sheet.kind is RSS and not sheet.subtitle:
        yield "description"
    if sheet.kind is RSS and not sheet.hrefs("alternate"):
        yield "link"


def _id(sheet: Sheet, _: Site) -> Iterator[str]:
    if sheet.id and not IRI.fullmatch(sheet.id):
        yield sheet.id


def _version(sheet: Sheet, _: Site) -> Iterator[str]:
    if sheet.source.get("version") != VERSION:
        yield str(sheet.source.get("version"))


def _author(sheet: Sheet, _: Site) -> Iterator[str]:
    if sheet.source.find(f"{ATOM_NS}author/{ATOM_NS}name") is None and not all(item.authors for item in sheet.items):
        yield "no author of the feed"


def _self(sheet: Sheet, site: Site) -> Iterator[str]:
    """An archive page of a JSON Feed carries the address of its feed, which is the feed's identity."""
    found = sheet.hrefs("self")
    if len(found) != 1:
        yield f"{len(found)} links"
    elif (sheet.kind is not JSON or sheet.role is Role.SUBSCRIBED) and found[0] != f"{site.url}/{sheet.path}":
        yield found[0]


def _home(sheet: Sheet, site: Site) -> Iterator[str]:
    found = sheet.hrefs("alternate")
    if len(found) != 1:
        yield f"{len(found)} links"
    elif not found[0].startswith(("https://", "http://")) or ("/" not in sheet.path and found[0] != f"{site.url}/"):
        yield found[0]


def _hub(sheet: Sheet, site: Site) -> Iterator[str]:
    wanted = [site.hub] if site.hub and sheet.role is Role.SUBSCRIBED else []
    if sheet.hrefs("hub") != wanted:
        yield ", ".join(sheet.hrefs("hub")) or "none"


def _newest(sheet: Sheet, _: Site) -> Iterator[str]:
    latest = max((at for item in sheet.items if (at := instant(item.updated or item.published or ""))), default=None)
    if sheet.updated and (at := instant(sheet.updated)) is None:
        yield f"{sheet.updated} is no date"
    elif sheet.updated and sheet.kind is ATOM and latest is not None and at != latest:
        yield f"{sheet.updated}, and its newest entry {latest.isoformat()}"


def _same_ids(sheet: Sheet, _: Site) -> Iterator[str]:
    counts = Counter(item.id for item in sheet.items if item.id)
    yield from (id_ for id_, count in counts.items() if count > 1)


def _same_instants(sheet: Sheet, _: Site) -> Iterator[str]:
    counts = Counter(instant(item.updated) for item in sheet.items if item.updated)
    yield from (at.isoformat() for at, count in counts.items() if at and count > 1)


def _future(sheet: Sheet, site: Site) -> Iterator[str]:
    for item in sheet.items:
        for text in (item.published, item.updated):
            if text and (at := instant(text)) and at > site.now:
                yield f"{item.title}: {text}"


def _newest_first(sheet: Sheet, _: Site) -> Iterator[str]:
    last: datetime | None = None
    for item in sheet.items:
        at = instant(item.published or "")
        if at and last and at > last:
            yield f"{item.title} stands below an older entry"
        last = at or last


def _too_many(sheet: Sheet, site: Site) -> Iterator[str]:
    if sheet.role is Role.SUBSCRIBED and not sheet.path.startswith("open-calls/") and len(sheet.items) > site.entries:
        yield f"{len(sheet.items)}"


def _language(sheet: Sheet, _: Site) -> Iterator[str]:
    if not sheet.language:
        yield ""


def _html(sheet: Sheet, _: Site) -> Iterator[str]:
    yield from (text for text in (sheet.title, sheet.subtitle) if text and has_html(text))


def _archive(sheet: Sheet, _: Site) -> Iterator[str]:
    if sheet.is_archive and not sheet.is_complete and not sheet.hrefs("prev-archive", "next-archive"):
        yield ""


def _current(sheet: Sheet, _: Site) -> Iterator[str]:
    if sheet.is_archive and not sheet.is_complete and not sheet.hrefs("current"):
        yield ""


def _complete(sheet: Sheet, _: Site) -> Iterator[str]:
    if sheet.is_complete:
        yield from sheet.hrefs(*_PAGES)


def _past_end(sheet: Sheet, _: Site) -> Iterator[str]:
    own = sheet.hrefs("self")
    if own and sheet.hrefs("first") == own and sheet.hrefs("previous"):
        yield "the first page has one before it"
    if own and sheet.hrefs("last") == own and sheet.hrefs("next"):
        yield "the last page has one behind it"


def _next(sheet: Sheet, site: Site) -> Iterator[str]:
    own = {*sheet.hrefs("self"), f"{site.url}/{sheet.path}"}
    yield from (address for address in sheet.hrefs("next") if address in own)


def _contacts(sheet: Sheet, _: Site) -> Iterator[str]:
    for name in ("managingEditor", "webMaster"):
        text = sheet.source.findtext(name)
        if text is not None and "@" not in text:
            yield f"{name} {text}"


def _real_names(sheet: Sheet, _: Site) -> Iterator[str]:
    for name in ("managingEditor", "webMaster"):
        text = sheet.source.findtext(name)
        if text is not None and "@" in text and "(" not in text:
            yield f"{name} {text}"


def _unknown(sheet: Sheet, _: Site) -> Iterator[str]:
    for child in sheet.source:
        tag = str(child.tag)
        if (tag[0] != "{" and tag not in _KNOWN_CHANNEL) or (
            tag.startswith(_SYNDICATION) and tag[len(_SYNDICATION)].isupper()
        ):
            yield tag


def _image(sheet: Sheet, _: Site) -> Iterator[str]:
    link = sheet.source.findtext("image/link")
    if link is not None and link != sheet.source.findtext("link"):
        yield link


def _explicit(sheet: Sheet, _: Site) -> Iterator[str]:
    found = sheet.source.findtext(EXPLICIT)
    if found is not None and found not in ("true", "false"):
        yield found


def _both_languages(sheet: Sheet, _: Site) -> Iterator[str]:
    if sheet.language and sheet.source.find(f"{DC_NS}language") is not None:
        yield "language and dc:language"


_ALL = (ATOM, RSS, JSON)
_XML = (ATOM, RSS)

RULES: tuple[tuple[Rule, tuple[Format, ...], SheetTest], ...] = (
    (
        Rule("MissingElement", "30", ERROR, "RFC 4287 4.1.1; RSS 2.0; JSON Feed 1.1", "something required is missing"),
        _ALL,
        _missing,
    ),
    (Rule("InvalidFullLink", "2, 4", ERROR, "RFC 4287 4.2.6; W3C", "the feed's id is no absolute IRI"), (ATOM,), _id),
    (
        Rule("InvalidVersion", None, ERROR, "JSON Feed 1.1", "the version is not that of JSON Feed 1.1"),
        (JSON,),
        _version,
    ),
    (Rule("MissingElement", "23", ERROR, "RFC 4287 4.1.1; W3C", "no author"), (ATOM,), _author),
    (
        Rule("SelfDoesntMatchLocation", "19, 36", ERROR, "RFC 4287 4.2.7.2; W3C", "not one link to its own address"),
        _ALL,
        _self,
    ),
    (Rule("MissingAlternate", "19, 20", ERROR, "RFC 4287 4.1.1; RSS 2.0", "not one link to the site"), _ALL, _home),
    (Rule("WrongHub", "36", ERROR, "WebSub 4", "the hub is not that of the settings"), _ALL, _hub),
    (
        Rule("UpdatedIsNotNewest", "6", ERROR, "checklist", "the feed's date is not that of its newest entry"),
        _XML,
        _newest,
    ),
    (Rule("DuplicateEntries", "2", ERROR, "RFC 4287 4.1.1; W3C", "two entries have one id"), _ALL, _same_ids),
    (Rule("DuplicateUpdated", "9", WARNING, "W3C", "two entries were updated at one instant"), _XML, _same_instants),
    (Rule("ImplausibleDate", "9", WARNING, "W3C", "a date has not come yet"), _ALL, _future),
    (Rule("NotNewestFirst", "29", ERROR, "checklist", "the entries are not in their order"), _ALL, _newest_first),
    (Rule("TooManyEntries", "25", ERROR, "RFC 5005", "more entries than the settings allow"), _ALL, _too_many),
    (Rule("MissingLanguage", "24", WARNING, "checklist", "no language"), _ALL, _language),
    (Rule("ContainsHTML", "14", WARNING, "W3C", "readers would take a title for HTML"), _XML, _html),
    (
        Rule("ArchiveIncomplete", "27", WARNING, "RFC 5005; W3C", "an archive document without neighbours"),
        _XML,
        _archive,
    ),
    (
        Rule("MissingCurrentInArchive", "27", WARNING, "RFC 5005; W3C", "an archive document without its feed"),
        _XML,
        _current,
    ),
    (Rule("FeedRelInCompleteFeed", "27", ERROR, "RFC 5005; W3C", "a complete feed has other pages"), _XML, _complete),
    (Rule("LinkPastEnd", "27", ERROR, "RFC 5005; W3C", "a link leads past the end"), _XML, _past_end),
    (Rule("NextIsItself", "28", ERROR, "JSON Feed 1.1", "next_url is the feed itself"), (JSON,), _next),
    (Rule("InvalidContact", "23", ERROR, "RSS 2.0; W3C", "a contact is no email address"), (RSS,), _contacts),
    (Rule("MissingRealName", "23", WARNING, "W3C", "a contact has no name"), (RSS,), _real_names),
    (Rule("UndefinedElement", None, ERROR, "RSS 2.0; W3C", "an element that RSS does not know"), (RSS,), _unknown),
    (Rule("ImageLinkDoesntMatch", "20", WARNING, "W3C", "the image leads elsewhere than the channel"), (RSS,), _image),
    (Rule("InvalidTrueFalse", None, ERROR, "W3C", "itunes:explicit is neither true nor false"), _XML, _explicit),
    (Rule("DuplicateSemantics", "24", WARNING, "W3C", "said twice"), (RSS,), _both_languages),
)


def _opml_shape(opml: _Element) -> Iterator[str]:
    if opml.tag != "opml" or opml.get("version") != "2.0":
        yield "it is not OPML 2.0"
    if not opml.findtext("head/title"):
        yield "it has no title"
    if opml.find("body/outline") is None:
        yield "it lists nothing"


def _opml_outlines(opml: _Element) -> Iterator[str]:
    for outline in opml.iter("outline"):
        if not outline.get("text"):
            yield "an outline has no text"
        elif outline.get("type") == "rss" and not all(
            outline.get(name, "").startswith(("https://", "http://")) for name in ("xmlUrl", "htmlUrl")
        ):
            yield f"{outline.get('text')} lacks xmlUrl or htmlUrl"


def _opml_twice(opml: _Element) -> Iterator[str]:
    counts = Counter(outline.get("xmlUrl") for outline in opml.iter("outline") if outline.get("xmlUrl"))
    yield from (str(address) for address, count in counts.items() if count > 1)


OPML_RULES = (
    (Rule("InvalidOPML", "37", ERROR, "OPML 2.0", "the list of feeds is not sound"), _opml_shape),
    (Rule("MissingOutlineAttr", "37", ERROR, "OPML 2.0; W3C", "an entry of the list is not whole"), _opml_outlines),
    (Rule("DuplicateOutline", "37", ERROR, "checklist", "a feed is listed twice"), _opml_twice),
)

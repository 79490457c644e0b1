"""Whether all channels say the same of a post: feed entry, both parts of the mail, its page, the archive. Pure.

What a post says is its title, its authors, its date, its quotations with their sources, where its links lead, and when
it closes. Each rendered document is read as its readers see it, and must hold all of that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin
from zoneinfo import ZoneInfo

from briefingfeed.days import day_in_words, time_in_words
from briefingfeed.models.blocks import Block, Footnote, Inline, Link, List, Paragraph, Quotation, plain_text
from briefingfeed.models.post import Post

_ADDED = re.compile(r"https?://[!-~]+|\[\d+\]|\[note\s[^\]]*\]|\[Image:\s")
"""What the text part adds to the words: addresses, numbers of links and footnotes, the word before an image."""
_MARKS = re.compile(r"[\W_]+")
_UNSEEN = frozenset({"head", "script", "style", "template", "title"})
_EMPTY = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"})
_INSIDE_WORDS = frozenset(
    {"a", "abbr", "b", "cite", "code", "del", "em", "i", "ins", "kbd", "mark", "q", "s", "samp", "small", "span"}
    | {"strong", "sub", "sup", "u", "var"}
)
_LONGEST_QUOTE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One thing that a post says: `kind` names it for people."""

    kind: str
    words: str = ""
    url: str = ""

    def __str__(self) -> str:
        said = " ".join((self.words or self.url).split())
        return f"{self.kind} “{said if len(said) <= _LONGEST_QUOTE else said[:_LONGEST_QUOTE] + '…'}”"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What one channel says of a post."""

    channel: str
    """Completes "is missing in": `the page`."""
    words: str
    """What is read there, folded: letters and digits alone."""
    links: frozenset[str]
    """Absolute, without fragments."""
    is_whole: bool = True
    """False if the channel holds a summary: then it owes neither quotations nor links."""

    def holds(self, statement: Statement) -> bool:
        return statement.url in self.links if statement.url else folded(statement.words) in self.words


def statements_of(post: Post, zone: ZoneInfo) -> tuple[Statement, ...]:
    """Return what every channel must say of a post. `zone` is the publication's."""
    said = [Statement(kind="the title", words=post.title)]
    said += [Statement(kind="the author", words=author.name) for author in post.authors]
    said.append(Statement(kind="the date", words=day_in_words(post.published)))
    if post.closes:
        closes = time_in_words(post.closes.at, zone) if post.closes.time_given else day_in_words(post.closes.day)
        said.append(Statement(kind="the closing date", words=closes))
    return tuple(said)


def whole_statements_of(post: Post) -> tuple[Statement, ...]:
    """Return what a channel must say that has the whole text."""
    said = [Statement(kind="the quotation", words=words) for words in _quoted(post.body.blocks) if folded(words)]
    said += [Statement(kind="the link", url=_plain(link.url)) for link in _links(post.body.blocks)]
    return tuple(dict.fromkeys(said))


def disagreements(post: Post, accounts: Iterable[Account], zone: ZoneInfo) -> Iterator[tuple[str, Statement]]:
    """Yield what is missing, with the channel that lacks it."""
    brief, whole = statements_of(post, zone), whole_statements_of(post)
    for account in accounts:
        for statement in (*brief, *whole) if account.is_whole else brief:
            if not account.holds(statement):
                yield account.channel, statement


def folded(text: str) -> str:
    """Return the letters and digits of `text`, so that wrapping, marks and kinds of quotes make no difference."""
    return _MARKS.sub("", _ADDED.sub(" ", text)).casefold()


def read_html(channel: str, html: str, base: str, *, also: str = "", is_whole: bool = True) -> Account:
    """Read a document or a part of one; `base` is its address, `also` what stands beside it in plain text."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    links = frozenset(_plain(urljoin(base, link)) for link in reader.links)
    words = folded(f"{also} {' '.join(''.join(reader.words).split())}")
    return Account(channel=channel, words=words, links=links, is_whole=is_whole)


def read_text(channel: str, text: str, expected: Sequence[Statement]) -> Account:
    """Read a text part, in which an address is only known by looking for it."""
    lines = "\n".join(re.sub(r"^[\s>]*", "", line) for line in text.splitlines())
    found = {each.url for each in expected if each.url and each.url.removeprefix("mailto:") in lines}
    return Account(channel=channel, words=folded(lines), links=frozenset(found))


class _Reader(HTMLParser):
    """Gathers what is seen and where links lead."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []
        self._unseen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self._part(tag)
        if tag == "a" and values.get("href"):
            self.links.append(values["href"] or "")
        if tag == "img":
            self.words.append(values.get("alt") or "")
        if self._unseen or tag in _UNSEEN or values.get("class") == "footnote-reference":
            self._unseen += [tag] * (tag not in _EMPTY)

    def handle_endtag(self, tag: str) -> None:
        self._part(tag)
        if tag in self._unseen:
            del self._unseen[len(self._unseen) - 1 - self._unseen[::-1].index(tag) :]

    def _part(self, tag: str) -> None:
        if tag not in _INSIDE_WORDS:
            self.words.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.words.append(data)


def _plain(url: str) -> str:
    return urldefrag(url).url


def _quoted(blocks: Iterable[Block], *, within: bool = False) -> Iterator[str]:
    """Yield each paragraph that is quoted, and who said it."""
    waiting: list[tuple[Block, bool]] = [(block, within) for block in blocks][::-1]
    while waiting:
        block, within = waiting.pop()
        match block:
            case Paragraph(children) if within:
                yield plain_text(children)
            case Quotation(children, source=source):
                waiting += [(child, True) for child in children][::-1]
                if source:
                    yield plain_text(source)
            case List(items=items):
                waiting += [(child, within) for item in items for child in item][::-1]
            case Footnote(children=children):
                waiting += [(child, within) for child in children][::-1]


def _links(blocks: Iterable[Block]) -> Iterator[Link]:
    waiting: list[object] = list(blocks)
    waiting.reverse()
    while waiting:
        each = waiting.pop()
        if isinstance(each, Link):
            yield each
        for name in ("children", "items", "source", "header", "rows"):
            waiting += _flat(getattr(each, name, None) or ())


def _flat(nested: Iterable[object]) -> Iterator[Block | Inline | object]:
    for each in nested:
        if isinstance(each, tuple):
            yield from _flat(each)
        else:
            yield each

"""Press: writes each entry once in every format, and sets the documents from what is written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from briefingfeed.errors import BriefingfeedError
from briefingfeed.feeds.addresses import ATOM, JSON, RSS
from briefingfeed.feeds.characters import one_line
from briefingfeed.feeds.entry import Entry, make_entry
from briefingfeed.feeds.extension import ATOM_PREFIXES, RSS_PREFIXES
from briefingfeed.feeds.feed import Document
from briefingfeed.feeds.jsonfeed import JSON_TAIL, make_item, open_json_feed
from briefingfeed.feeds.proof import (
    prove_atom_entry,
    prove_json_frame,
    prove_json_item,
    prove_rss_item,
    prove_xml_frame,
)
from briefingfeed.feeds.syndication import (
    ATOM_TAIL,
    RSS_TAIL,
    cut_entry,
    cut_item,
    escape_content,
    fill,
    open_atom,
    open_rss,
    write_entry,
)
from briefingfeed.models.output import OutputFile
from briefingfeed.models.post import Post
from briefingfeed.models.settings import Settings

_ENCODE = json.JSONEncoder(ensure_ascii=False).encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """An entry as it stands, byte for byte, in every document that holds it."""

    updated: datetime
    atom: bytes
    rss: bytes
    json: bytes


class Press:
    """Everything it gives out has been read back. All methods raise BriefingfeedError for what does not read back."""

    def __init__(self, settings: Settings, sizes: Mapping[str, int]) -> None:
        self._settings = settings
        self._sizes = sizes
        self._publisher = one_line(settings.publication.title)
        self._kept: dict[str, Written] = {}

    def set_shared(self, document: Document) -> Iterator[OutputFile]:
        """Yield the document in each format, and keep its entries for other documents."""
        for post in document.posts:
            if post.id not in self._kept:
                self._kept[post.id] = self._write(post)
        return self.set(document)

    def set(self, document: Document) -> Iterator[OutputFile]:
        """Yield the document in each format. Entries that were not kept are written, and forgotten afterwards."""
        return self._set(document, [self._kept.get(post.id) or self._write(post) for post in document.posts])

    def set_entries(self, document: Document, entries: Iterable[Entry]) -> Iterator[OutputFile]:
        """Yield a document of entries that are no posts in each format."""
        return self._set(document, [self._write_entry(entry) for entry in entries])

    def _set(self, document: Document, entries: Sequence[Written]) -> Iterator[OutputFile]:
        atom, rss, json_feed = _open(document, max((entry.updated for entry in entries), default=None))
        prove_xml_frame(atom + ATOM_TAIL, ATOM_PREFIXES, document.path(ATOM))
        prove_xml_frame(rss + RSS_TAIL, RSS_PREFIXES, document.path(RSS))
        prove_json_frame(json_feed + JSON_TAIL, document.path(JSON))
        yield OutputFile(document.path(ATOM), b"".join((atom, *(entry.atom for entry in entries), ATOM_TAIL)))
        yield OutputFile(document.path(RSS), b"".join((rss, *(entry.rss for entry in entries), RSS_TAIL)))
        items = b",\n".join(entry.json for entry in entries)
        yield OutputFile(document.path(JSON), b"".join((json_feed, items, JSON_TAIL)))

    def _write(self, post: Post) -> Written:
        return self._write_entry(make_entry(post, self._settings, self._sizes))

    def _write_entry(self, entry: Entry) -> Written:
        try:
            atom, rss = write_entry(entry, self._publisher)
            item = make_item(entry)
            json_item = _ENCODE(item).encode()
        except (ValueError, TypeError, UnicodeError) as error:
            raise BriefingfeedError(
                f"this post cannot be written into a feed, so nothing was published: {error}",
                where=entry.path,
                remedy="please report this with the post; until then set `feed: false` in it",
            ) from error
        content = escape_content(entry.content or "")
        atom = fill(atom, content)
        prove_atom_entry(atom, entry)
        prove_rss_item(rss, entry)
        prove_json_item(json_item, item, entry)
        return Written(updated=entry.updated, atom=cut_entry(atom), rss=fill(cut_item(rss), content), json=json_item)


def _open(document: Document, updated: datetime | None) -> tuple[bytes, bytes, bytes]:
    try:
        return open_atom(document, updated), open_rss(document, updated), open_json_feed(document)
    except (ValueError, TypeError, UnicodeError) as error:
        raise BriefingfeedError(
            f"the feed cannot be written, so nothing was published: {error}",
            where=document.path(ATOM),
            remedy="look at title and tagline in briefingfeed.toml",
        ) from error

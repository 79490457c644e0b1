"""build_feeds(): the publication's feed in its three formats."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from briefingfeed.errors import BriefingfeedError
from briefingfeed.feeds.addresses import ATOM, JSON, RSS
from briefingfeed.feeds.entry import Entry, make_entry
from briefingfeed.feeds.jsonfeed import write_json_feed
from briefingfeed.feeds.proof import prove_ids, prove_json, prove_xml
from briefingfeed.feeds.syndication import write_atom, write_rss
from briefingfeed.models.output import OutputFile
from briefingfeed.models.post import Post
from briefingfeed.models.settings import PublicationSettings, Settings

_Writer = Callable[[Sequence[Entry], PublicationSettings], bytes]
_Proof = Callable[[bytes, Sequence[Entry], str], None]

_FORMATS: tuple[tuple[str, _Writer, _Proof], ...] = (
    (ATOM, write_atom, prove_xml),
    (RSS, write_rss, prove_xml),
    (JSON, write_json_feed, prove_json),
)


def build_feeds(posts: Iterable[Post], settings: Settings, now: datetime) -> list[OutputFile]:
    """Return the feed documents: the newest posts that feeds may show at `now`, newest first.

    Equal posts and settings give equal bytes, whenever they are built. Raises BriefingfeedError, naming the post where
    that is known, rather than return a document that does not read back.
    """
    shown = sorted(
        (post for post in posts if post.in_feed_at(now)), key=lambda post: (post.entry_published, post.id), reverse=True
    )
    entries = [make_entry(post, settings) for post in shown[: settings.feeds.entries]]
    prove_ids(entries)
    return [_build(path, write, prove, entries, settings) for path, write, prove in _FORMATS]


def _build(path: str, write: _Writer, prove: _Proof, entries: Sequence[Entry], settings: Settings) -> OutputFile:
    try:
        document = write(entries, settings.publication)
    except (ValueError, TypeError, UnicodeError) as error:
        raise BriefingfeedError(
            f"{path} cannot be written: {error}", remedy="nothing was published; please report this"
        ) from error
    prove(document, entries, path)
    return OutputFile(path, document)

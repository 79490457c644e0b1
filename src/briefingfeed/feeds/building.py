"""build_feeds(): every feed document of the publication, and the list of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from types import MappingProxyType

from briefingfeed.feeds.addresses import FORMATS, OPML
from briefingfeed.feeds.editions import build_editions
from briefingfeed.feeds.feed import Document
from briefingfeed.feeds.opml import write_opml
from briefingfeed.feeds.planning import plan_feeds
from briefingfeed.feeds.press import Press
from briefingfeed.feeds.proof import prove_ids
from briefingfeed.models.archive import SentEdition
from briefingfeed.models.output import OutputFile, OutputMade, key_of
from briefingfeed.models.post import Post
from briefingfeed.models.settings import Settings

_NO_SIZES: Mapping[str, int] = MappingProxyType({})


def build_feeds(
    posts: Sequence[Post],
    settings: Settings,
    now: datetime,
    sizes: Mapping[str, int] = _NO_SIZES,
    surroundings: str = "",
    editions: Sequence[SentEdition] = (),
) -> list[OutputFile]:
    """Return all feed documents with the posts that feeds may show at `now`, newest first.

    `editions` are those that were mailed, newest first; they have a feed of their own. `sizes` has the bytes of files
    beside posts by their address; those it knows become enclosures. Equal posts, editions, settings and sizes give
    equal bytes, whenever they are built, except that a call leaves the open calls when it closes. Raises
    BriefingfeedError, naming the post where that is known, rather than return a document that does not read back.

    If `surroundings` tell code and settings, a document is made when its content is asked for, which may raise then.
    """
    shown = sorted(
        (post for post in posts if post.in_feed_at(now)), key=lambda post: (post.entry_published, post.id), reverse=True
    )
    prove_ids(shown)
    plan = plan_feeds(shown, settings, now, has_editions=bool(editions))
    press = Press(settings, sizes)
    documents = [(document, press.set_shared) for document in plan.subscribed]
    documents += [(document, press.set) for document in plan.archives]
    if surroundings:
        files = [file for document, set_ in documents for file in _later(document, set_, surroundings, sizes)]
    else:
        files = [file for document, set_ in documents for file in set_(document)]
    if plan.editions:
        files += build_editions(plan.editions, editions, posts, settings, now, press, surroundings)
    return [*files, OutputFile(OPML, write_opml(plan))]


def _later(
    document: Document, press: Callable[[Document], Iterable[OutputFile]], surroundings: str, sizes: Mapping[str, int]
) -> Iterator[OutputFile]:
    """Yield the document in each format, none of them made before one is asked for."""

    @cache
    def made() -> dict[str, bytes]:
        return {file.path: file.content for file in press(document)}

    enclosed = [sizes.get(asset.url) for post in document.posts for asset in post.assets]
    frame = repr((replace(document, posts=()), enclosed))
    key = key_of(surroundings, frame, *(post.fingerprint for post in document.posts))
    for path in map(document.path, FORMATS):
        yield OutputMade(path, key, lambda path=path: made()[path])  # type: ignore[misc]

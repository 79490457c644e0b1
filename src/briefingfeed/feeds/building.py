"""build_feeds(): every feed document of the publication, and the list of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType

from briefingfeed.feeds.addresses import OPML
from briefingfeed.feeds.opml import write_opml
from briefingfeed.feeds.planning import plan_feeds
from briefingfeed.feeds.press import Press
from briefingfeed.feeds.proof import prove_ids
from briefingfeed.models.output import OutputFile
from briefingfeed.models.post import Post
from briefingfeed.models.settings import Settings

_NO_SIZES: Mapping[str, int] = MappingProxyType({})


def build_feeds(
    posts: Iterable[Post], settings: Settings, now: datetime, sizes: Mapping[str, int] = _NO_SIZES
) -> list[OutputFile]:
    """Return all feed documents with the posts that feeds may show at `now`, newest first.

    `sizes` has the bytes of files beside posts by their address; those it knows become enclosures. Equal posts,
    settings and sizes give equal bytes, whenever they are built, except that a call leaves the open calls when it
    closes. Raises BriefingfeedError, naming the post where that is known, rather than return a document that does not
    read back.
    """
    shown = sorted(
        (post for post in posts if post.in_feed_at(now)), key=lambda post: (post.entry_published, post.id), reverse=True
    )
    prove_ids(shown)
    plan = plan_feeds(shown, settings, now)
    press = Press(settings, sizes)
    files = [file for document in plan.subscribed for file in press.set_shared(document)]
    files += [file for document in plan.archives for file in press.set(document)]
    return [*files, OutputFile(OPML, write_opml(plan))]

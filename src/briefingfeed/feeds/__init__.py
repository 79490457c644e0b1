"""Post -> Atom, RSS, JSON Feed. The only user of feedgen."""

from briefingfeed.feeds.addresses import feed_links
from briefingfeed.feeds.building import build_feeds

__all__ = ["build_feeds", "feed_links"]

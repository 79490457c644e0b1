"""Post -> Atom, RSS, JSON Feed, and the list of them all. The only user of feedgen."""

from briefingfeed.feeds.addresses import feed_links
from briefingfeed.feeds.building import build_feeds
from briefingfeed.feeds.enclosures import may_enclose

__all__ = ["build_feeds", "feed_links", "may_enclose"]

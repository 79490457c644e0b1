"""A post as readers would meet it if it were published now, draft or not: mail, page, feed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from briefingfeed.feeds import build_feeds
from briefingfeed.feeds.addresses import feed_links
from briefingfeed.models.edition import Cadence, Rendition
from briefingfeed.models.output import OutputCopy
from briefingfeed.models.post import Post
from briefingfeed.newsletter.finding import Finding
from briefingfeed.services.previewing.views import View
from briefingfeed.services.sending.drafting import render_posts
from briefingfeed.site import build_site
from briefingfeed.site.addresses import page_file

_MADE_WHEN_ASKED_FOR = "preview"
_FEEDS_CLOCK = timedelta(days=1)
"""Instants of entries differ from midnight by less than an hour; a post of today is to be seen in its feed."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A file of the site: its bytes, or the file that is published as it is."""

    path: str
    content: bytes | Path


def specimen(post: Post, now: datetime) -> Post:
    """Return the post as if it were published by now."""
    published = min(post.published, now)
    entry = min(post.entry_published, now)
    return replace(post, draft=False, feed=True, published=published, entry_published=entry)


def post_mail(view: View, post: Post) -> tuple[Rendition, tuple[Finding, ...]]:
    """Return the post by itself as a mail, and what is found in that."""
    return render_posts(view.context, (specimen(post, view.at),), (), view.at, Cadence.POSTS)


def page_path(view: View, post: Post) -> str | None:
    """Return where the post's page stands in the output folder; None if no page of ours is built for it."""
    settings = view.context.settings
    return page_file(post.url, settings.publication.url) if settings.site.pages else None


def site_file(view: View, path: str, post: Post | None = None) -> Shown | None:
    """Return a file of the site, with the page of `post` in it."""
    settings = view.context.settings
    posts = [specimen(post, view.at)] if post else []
    links = feed_links(settings.publication)
    site = build_site(posts, settings, view.context.look, links, view.at, _MADE_WHEN_ASKED_FOR)
    for file in site.files:
        if file.path == path:
            return Shown(path, file.source if isinstance(file, OutputCopy) else file.content)
    return next((shown for shown in _beside_posts(view.library.posts) if shown.path == path), None)


def feed_files(view: View, post: Post | None) -> dict[str, bytes]:
    """Return the main feed in its formats, by file name: with this post alone, or with those that are visible."""
    settings, now = view.context.settings, view.at + _FEEDS_CLOCK
    names = [link.path for link in feed_links(settings.publication)]
    if post:
        files = build_feeds([specimen(post, view.at)], settings, now)
    else:
        visible = [each for each in view.library.posts if each.visible_at(view.at)]
        files = build_feeds(visible, settings, now, surroundings=_MADE_WHEN_ASKED_FOR)
    return {file.path: file.content for file in files if file.path in names}


def _beside_posts(posts: Iterable[Post]) -> Iterable[Shown]:
    return (Shown(asset.path, asset.source) for post in posts for asset in post.assets)

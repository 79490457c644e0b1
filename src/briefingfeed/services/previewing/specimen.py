"""A post as readers would meet it if it were published now, draft or not: mail, page, feed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from briefingfeed.feeds import build_feeds
from briefingfeed.feeds.addresses import feed_links
from briefingfeed.models.archive import CorrectionMark, SentEdition, SentPost
from briefingfeed.models.corrections import mark_of
from briefingfeed.models.edition import Cadence, Rendition
from briefingfeed.models.output import OutputCopy
from briefingfeed.models.post import Post
from briefingfeed.newsletter.finding import Finding
from briefingfeed.services.previewing.views import EditionView, View
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
    now = view.at.replace(second=0, microsecond=0)  # the same mail for a while, so that it is not made for each look
    return render_posts(view.context, (specimen(post, now),), (), now, Cadence.POSTS)


def post_page(view: View, post: Post) -> Shown | None:
    """Return the post's page; None if no page of ours is built for it."""
    settings = view.context.settings
    path = page_file(post.url, settings.publication.url) if settings.site.pages else None
    return _built(view, path, [specimen(post, view.at)]) if path else None


def edition_page(view: View, edition: EditionView) -> Shown | None:
    """Return the edition's page in the archive, as it will be once it is sent; None if no page of ours is built."""
    settings, draft = view.context.settings, edition.draft
    sent = SentEdition(
        key=draft.slot.key,
        subject=edition.rendition.subject if edition.rendition else "",
        sent_at=draft.slot.at,
        public_url=settings.public_url,
        posts=tuple(SentPost(post.id, post.title) for post in draft.selection.posts),
        told=tuple(CorrectionMark(each.post.id, mark_of(each.correction)) for each in draft.corrections),
    )
    posts = {post.id: specimen(post, view.at) for post in draft.selection.posts}
    posts |= {each.post.id: each.post for each in draft.corrections}
    return _built(view, f"{sent.folder}index.html", posts.values(), [sent]) if settings.site.pages else None


def site_file(view: View, path: str) -> Shown | None:
    """Return what pages and mails show beside their words: a style, a picture."""
    beside = (Shown(asset.path, asset.source) for post in view.library.posts for asset in post.assets)
    return _built(view, path, ()) or next((shown for shown in beside if shown.path == path), None)


def _built(view: View, path: str, posts: Iterable[Post], editions: Sequence[SentEdition] = ()) -> Shown | None:
    settings, look = view.context.settings, view.context.look
    links = feed_links(settings.publication)
    site = build_site(posts, settings, look, links, view.at, _MADE_WHEN_ASKED_FOR, editions)
    for file in site.files:
        if file.path == path:
            return Shown(path, file.source if isinstance(file, OutputCopy) else file.content)
    return None


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

"""A post as the digest's templates see it: what they would otherwise have to work out themselves."""

from __future__ import annotations

import re
from dataclasses import dataclass

from markupsafe import Markup

from briefingfeed.look import day_in_words, time_in_words
from briefingfeed.models.post import Author, CallToAction, LeadImage, Post
from briefingfeed.models.settings import Settings
from briefingfeed.newsletter.digest import Digest
from briefingfeed.newsletter.text import BodyText, body_text

_TAG = re.compile(r"<(/?)(\w+)((?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>")
_TOP_HEADING = 3
"""The digest's title is the one h1, each post's title an h2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One post in one digest."""

    post: Post
    anchor: str
    """The id of its place in the HTML part."""
    html: Markup | None
    """Its body; None if it stands shortened, with its summary and a link."""
    text: BodyText
    is_open: bool
    closes_in_words: str
    call_to_action: CallToAction | None
    """With its address filled in; None also once the post has closed."""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(author.name for author in self.post.authors)

    @property
    def byline(self) -> str:
        """Names in a row: `Ada Obi, Ben Ito and Cara Nuñez`."""
        *others, last = self.names
        return f"{', '.join(others)} and {last}" if others else last

    @property
    def contents_entry(self) -> str:
        return f"{self.post.title} ({', '.join(self.names)})" if self.names else self.post.title

    @property
    def has_guest(self) -> bool:
        return any(author.guest for author in self.post.authors)

    @property
    def sign_offs(self) -> tuple[Author, ...]:
        return tuple(author for author in self.post.authors if author.signs_off)

    @property
    def lead_image(self) -> LeadImage | None:
        """The post's image, unless the text shows it anyway."""
        image = self.post.image
        return image if image and str(Markup.escape(image.url)) not in self.post.body.html else None


def articles_of(digest: Digest, settings: Settings) -> tuple[Article, ...]:
    """Return the digest's posts, ready for its templates."""
    return tuple(_article(number, post, digest, settings) for number, post in enumerate(digest.posts, start=1))


def demote_headings(html: str) -> str:
    """Return `html` with its headings moved down together, so that the highest of them is an h3."""
    levels = [int(tag[2][1]) for tag in _TAG.finditer(html) if _is_heading(tag[2])]
    step = _TOP_HEADING - min(levels, default=_TOP_HEADING)

    def moved(tag: re.Match[str]) -> str:
        if not _is_heading(tag[2]):
            return tag[0]
        return f"<{tag[1]}h{min(int(tag[2][1]) + step, 6)}{tag[3]}>"

    return _TAG.sub(moved, html) if step else html


def _is_heading(name: str) -> bool:
    return len(name) == 2 and name[0] in "hH" and name[1] in "123456"


def _article(number: int, post: Post, digest: Digest, settings: Settings) -> Article:
    action = post.call_to_action
    if post.is_closed_at(digest.composed_at):
        action = None
    return Article(
        post=post,
        anchor=f"post-{number}",
        html=None if post.id in digest.shortened else Markup(demote_headings(post.body.html)),  # noqa: S704 sanitised
        text=body_text(post.body.blocks),
        is_open=post.is_open_at(digest.composed_at),
        closes_in_words=_closes_in_words(post, settings),
        call_to_action=action and CallToAction(label=action.label, url=action.url or post.url),
    )


def _closes_in_words(post: Post, settings: Settings) -> str:
    if post.closes is None:
        return ""
    if post.closes.time_given:
        return time_in_words(post.closes.at, settings.publication.timezone)
    return day_in_words(post.closes.day)

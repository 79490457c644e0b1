"""A post as the digest's templates see it: what they would otherwise have to work out themselves."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from briefingfeed.look import day_in_words, time_in_words
from briefingfeed.models.post import CallToAction, LeadImage, Post
from briefingfeed.models.settings import Settings
from briefingfeed.newsletter.body_html import mail_html
from briefingfeed.newsletter.digest import Digest
from briefingfeed.newsletter.text import BodyText, body_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One post in one digest."""

    post: Post
    anchor: str
    """The id of its place in the HTML part."""
    html: Markup
    """Its body, fitted into the mail."""
    text: BodyText
    is_shortened: bool = False
    """Whether summary and link stand in place of the body, because the mail would grow too large."""
    is_open: bool
    closes_in_words: str
    call_to_action: CallToAction | None
    """With its address filled in; None also once the post has closed."""

    @property
    def lead_image(self) -> LeadImage | None:
        """The post's image, unless the text shows it anyway."""
        image = self.post.image
        return image if image and str(Markup.escape(image.url)) not in self.post.body.html else None


def articles_of(digest: Digest, settings: Settings) -> tuple[Article, ...]:
    """Return the digest's posts, ready for its templates."""
    return tuple(_article(number, post, digest, settings) for number, post in enumerate(digest.posts, start=1))


def _article(number: int, post: Post, digest: Digest, settings: Settings) -> Article:
    action = post.call_to_action
    if post.is_closed_at(digest.composed_at):
        action = None
    return Article(
        post=post,
        anchor=f"post-{number}",
        html=Markup(mail_html(post.body.html)),  # noqa: S704 sanitised when the post was read
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

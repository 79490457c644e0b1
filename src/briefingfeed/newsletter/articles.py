"""A post as the digest's templates see it: what they would otherwise have to work out themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from markupsafe import Markup

from briefingfeed.days import day_in_words, time_in_words
from briefingfeed.images.files import Size, sizes_of
from briefingfeed.models.introduction import Introduction
from briefingfeed.models.post import CallToAction, LeadImage, Post
from briefingfeed.models.settings import Grouping, Settings
from briefingfeed.newsletter.body_html import TEXT_WIDTH, TOP_HEADING, image_size, mail_html
from briefingfeed.newsletter.digest import Digest, cut, one_line
from briefingfeed.newsletter.finding import Finding
from briefingfeed.newsletter.proofreading import proofread
from briefingfeed.newsletter.text import BodyText, body_text

_NO_TOPIC = "Also in this edition"
LONGEST_SUMMARY = 600
"""Characters; a first paragraph that is longer is no summary."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One post in one digest."""

    post: Post
    anchor: str
    """The id of its place in the HTML part."""
    group: str
    """The heading that it stands under with others; empty if all stand together."""
    html: Markup
    """Its body, fitted into the mail."""
    text: BodyText
    lead_size: Markup
    """The attributes of its lead image that say how large it is shown."""
    summary: str
    """What stands in place of the body if the post is shortened; empty if even that would be too much."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """The editor's introduction, fitted into the mail."""

    html: Markup
    text: BodyText


class Bodies:
    """What is the same about a post in every digest of an edition, made once: its body, and what was found in it."""

    def __init__(self) -> None:
        self._html: dict[tuple[str, int], Markup] = {}
        self._texts: dict[str, BodyText] = {}
        self._findings: dict[str, tuple[Finding, ...]] = {}

    def html(self, post: Post, sizes: Mapping[str, Size], *, top_heading: int = TOP_HEADING) -> Markup:
        """Return the body as the HTML part holds it. `sizes` are those of its images, by address."""
        place = (post.id, top_heading)
        if place not in self._html:
            html = mail_html(_own_places(post), sizes, top_heading=top_heading)
            self._html[place] = Markup(html)  # noqa: S704 sanitised when it was read
        return self._html[place]

    def text(self, post: Post) -> BodyText:
        if post.id not in self._texts:
            self._texts[post.id] = body_text(post.body.blocks)
        return self._texts[post.id]

    def findings(self, post: Post) -> tuple[Finding, ...]:
        if post.id not in self._findings:
            self._findings[post.id] = tuple(proofread(post))
        return self._findings[post.id]


def opening_of(introduction: Introduction) -> Opening:
    body = introduction.body
    html = mail_html(body.html, {}, top_heading=TOP_HEADING - 1)
    return Opening(html=Markup(html), text=body_text(body.blocks))  # noqa: S704 sanitised when it was read


def articles_of(digest: Digest, settings: Settings, bodies: Bodies) -> tuple[Article, ...]:
    """Return the digest's posts, ready for its templates, in the order in which it shows them."""
    groups = _groups_of(digest.posts, settings.newsletter.group_by)
    places = [(group, post) for group, posts in groups.items() for post in posts]
    is_grouped = len(groups) > 1
    return tuple(
        _article(number, post, digest, settings, bodies, group if is_grouped else "")
        for number, (group, post) in enumerate(places, start=1)
    )


def _groups_of(posts: Iterable[Post], grouping: Grouping) -> dict[str, list[Post]]:
    """Return the posts by the heading they stand under, in the order of the first of each; those without one last."""
    groups: dict[str, list[Post]] = {}
    for post in posts:
        groups.setdefault(_heading(post, grouping), []).append(post)
    if _NO_TOPIC in groups:
        groups[_NO_TOPIC] = groups.pop(_NO_TOPIC)
    return groups


def _heading(post: Post, grouping: Grouping) -> str:
    match grouping:
        case Grouping.DATE:
            return day_in_words(post.published)
        case Grouping.TOPIC:
            return one_line(post.topics[0]) if post.topics else _NO_TOPIC
    return ""


def _article(number: int, post: Post, digest: Digest, settings: Settings, bodies: Bodies, group: str) -> Article:
    action, sizes = post.call_to_action, sizes_of(post.assets)
    if post.is_closed_at(digest.composed_at):
        action = None
    return Article(
        post=post,
        anchor=f"post-{number}",
        group=group,
        # Under the heading of its group, a post's title is a level deeper, and so is all below it.
        html=bodies.html(post, sizes, top_heading=TOP_HEADING + bool(group)),
        text=bodies.text(post),
        lead_size=_lead_size(post, sizes),
        summary=cut(one_line(post.summary), LONGEST_SUMMARY),
        is_open=post.is_open_at(digest.composed_at),
        closes_in_words=_closes_in_words(post, settings),
        call_to_action=action and CallToAction(label=action.label, url=action.url or post.url),
    )


def _lead_size(post: Post, sizes: Mapping[str, Size]) -> Markup:
    """It fills the column, unless it is known to be smaller."""
    size = sizes.get(post.image.url) if post.image else None
    return Markup(image_size(*(size.width, size.height) if size else (TEXT_WIDTH, None)))  # noqa: S704 numbers


def _own_places(post: Post) -> str:
    """Return the body with links to places in itself, such as its footnotes, that stay within the mail."""
    return post.body.html.replace(f'href="{Markup.escape(post.url)}#', 'href="#')


def _closes_in_words(post: Post, settings: Settings) -> str:
    if post.closes is None:
        return ""
    if post.closes.time_given:
        return time_in_words(post.closes.at, settings.publication.timezone)
    return day_in_words(post.closes.day)

"""The content of an edition, decided but not yet rendered: title, subject, posts, what closes soon. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from briefingfeed.days import day_in_words
from briefingfeed.models.edition import Cadence
from briefingfeed.models.introduction import Introduction
from briefingfeed.models.post import Correction, Post
from briefingfeed.models.settings import Settings

_REASONS = {
    Cadence.WEEKLY: "You get this because you asked for our weekly briefing.",
    Cadence.DAILY: "You get this because you asked for our daily briefing.",
    Cadence.MONTHLY: "You get this because you asked for our monthly briefing.",
    Cadence.POSTS: "You get this because you asked for each of our briefings by email.",
}
_JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
"""Persian words and many emoji are not written without them."""
PREHEADER_LENGTH = 140
"""Characters; mail programs show between 40 and 130 of them beside the subject."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """A correction of a post that these readers had before it was made."""

    post: Post
    correction: Correction


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """What one edition says. Texts are plain, on one line, without control characters."""

    title: str
    subject: str
    preheader: str
    """What mail programs show beside the subject; not visible in the mail itself."""
    posts: tuple[Post, ...]
    closing_soon: tuple[Post, ...]
    """Open surveys, consultations and calls, the next to close first; from older posts too."""
    composed_at: datetime
    """The instant of the freeze: Date header, and what counts as open or closed."""
    date: date
    """Its day in the publication's zone."""
    reason: str
    """Why the reader gets it."""
    introduction: Introduction | None = None
    """The editor's words above everything else."""
    corrections: tuple[Corrected, ...] = ()
    page_url: str | None = None
    """Where it can be read in a browser, once it is sent."""

    @property
    def count(self) -> int:
        return len(self.posts)

    def days_left(self, post: Post) -> int:
        """Return in how many days a post closes that is among those that close soon; 0 is the day of the edition."""
        return (post.closes.day - self.date).days if post.closes else 0


def compose_digest(
    posts: Sequence[Post],
    all_posts: Iterable[Post],
    settings: Settings,
    now: datetime,
    cadence: Cadence = Cadence.WEEKLY,
    introduction: Introduction | None = None,
    *,
    corrections: Sequence[Corrected] = (),
    page_url: str | None = None,
) -> Digest:
    """Put together the digest of the selected `posts`; `all_posts` is where things that close soon are looked for.

    A post that goes by itself tells nothing of others, and neither do corrections that go by themselves.
    """
    day = now.astimezone(settings.publication.timezone).date()
    title = one_line(settings.publication.title)
    return Digest(
        title=title,
        subject=_subject(settings, posts, day, cadence, corrections) or title,
        preheader=_preheader(posts, corrections),
        posts=tuple(posts),
        closing_soon=() if cadence is Cadence.POSTS or not posts else _closing_soon(all_posts, settings, now, day),
        composed_at=now,
        date=day,
        reason=settings.newsletter.reason or _REASONS[cadence],
        introduction=introduction,
        corrections=tuple(corrections),
        page_url=page_url,
    )


def one_line(text: str) -> str:
    """Return `text` with every run of white space, line separators and control characters made one space.

    Header fields are made of such texts only: a title cannot begin a new header, nor stop an edition.
    """
    return " ".join("".join(each if each.isprintable() or each in _JOINERS else " " for each in text).split())


def cut(text: str, length: int) -> str:
    """Return the words of `text` that fit into `length` characters, with a mark that there were more."""
    if len(text) <= length:
        return text
    return text[:length].rsplit(" ", 1)[0].rstrip(" ·,;:–—") + "…"


def _subject(
    settings: Settings, posts: Sequence[Post], day: date, cadence: Cadence, corrections: Sequence[Corrected]
) -> str:
    if cadence is Cadence.POSTS and posts and posts[0].email_subject:
        return one_line(posts[0].email_subject)
    if corrections and not posts:
        return _correcting(corrections)
    return _filled_in(settings, posts, day)


def _filled_in(settings: Settings, posts: Sequence[Post], day: date) -> str:
    values = {
        "title": settings.publication.title,
        "headline": posts[0].title if posts else "",
        "count": str(len(posts)),
        "date": day_in_words(day),
    }
    return one_line(settings.newsletter.subject.format(**values))


def _correcting(corrections: Sequence[Corrected]) -> str:
    """Return the subject of a mail that holds nothing but corrections."""
    titles = list(dict.fromkeys(one_line(each.post.title) for each in corrections))
    others = len(titles) - 1
    if len(corrections) == 1:
        return f"Correction: {titles[0]}"
    return f"Corrections: {titles[0]}{f' and {others} more' if others else ''}"


def _preheader(posts: Sequence[Post], corrections: Sequence[Corrected]) -> str:
    """Say what the subject does not: the other titles, or the only post's summary, or what was wrong."""
    if len(posts) > 1:
        text = " · ".join(one_line(post.title) for post in posts[1:])
    elif posts:
        text = one_line(posts[0].summary)
    else:
        text = " · ".join(one_line(each.correction.note) for each in corrections)
    return cut(text, PREHEADER_LENGTH)


def _closing_soon(posts: Iterable[Post], settings: Settings, now: datetime, day: date) -> tuple[Post, ...]:
    last_day = day + timedelta(days=settings.newsletter.closing_soon_days)
    found = [
        (post.closes.at, post.title, post)
        for post in posts
        if post.closes is not None
        and post.closes.day <= last_day
        and post.is_open_at(now)
        and post.visible_at(now)
        and post.email is not False
    ]
    return tuple(post for _, _, post in sorted(found, key=lambda entry: entry[:2]))

"""Post: a Markdown file of ours, read, checked and ready for every channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType

from briefingfeed.models.blocks import Body, Paragraph, plain_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    name: str
    role: str | None = None
    organisation: str | None = None
    url: str | None = None
    email: str | None = field(default=None, repr=False)
    """Never published in any channel."""
    guest: bool = False

    @property
    def signs_off(self) -> bool:
        """Whether name, role and organisation stand under the text."""
        return bool(self.role or self.organisation)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Whom to ask; published as written."""

    name: str
    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallToAction:
    label: str
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """When a survey, consultation or call closes.

    `at` is the first instant at which it is closed (aware, the publication's zone): for a bare date the midnight
    that ends it. `day` is the last day on which one can still answer. `time_given` says which was written.
    """

    at: datetime
    day: date
    time_given: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    date: date
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A file beside a post that is published with it."""

    source: Path
    path: str
    """Where it goes, relative to the output folder, with forward slashes."""
    url: str
    """Its absolute address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadImage:
    url: str
    alt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One post. Times are aware, in the publication's zone; texts are plain unless they say HTML; URLs absolute."""

    id: str
    """Permanent id: an absolute IRI. Compared byte for byte."""
    path: str
    """Its file, relative to the publication's folder, with forward slashes."""
    slug: str
    url: str
    title: str
    published: datetime
    """The front matter's date; midnight if it names no time."""
    time_given: bool
    """Whether that date named a time of day."""
    updated: datetime | None
    """Last substantial change: `updated`, or the newest correction if that is later. None: as published."""
    entry_published: datetime
    """What feeds emit: unique among all posts of the publication (DESIGN section 4); whole seconds."""
    entry_updated: datetime
    """Likewise unique, never before `entry_published`; equal to it without a change."""
    language: str
    authors: tuple[Author, ...]
    body: Body
    summary: str
    """Plain text, never empty."""
    summary_is_excerpt: bool
    """True if taken from the body (its first paragraph or the text above `<!--more-->`)."""
    standfirst: str | None = None
    contact: Contact | None = None
    topics: tuple[str, ...] = ()
    draft: bool = False
    aliases: tuple[str, ...] = ()
    image: LeadImage | None = None
    closes: Closing | None = None
    call_to_action: CallToAction | None = None
    corrections: tuple[Correction, ...] = ()
    feed: bool = True
    email: bool | None = None
    """None: as the rules decide; False: never mailed; True: mailed even if old or passed over."""
    email_subject: str | None = None
    """The subject of the mail in which it goes by itself; None: made as the settings say."""
    comments: bool = False
    assets: tuple[Asset, ...] = ()
    extra: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    """Front matter that is not ours, kept as read."""
    fingerprint: str = field(default="", repr=False, compare=False)
    """Equal ones mean equal posts, of whatever run; empty if that is not known."""

    @property
    def introduction(self) -> str | None:
        """The standfirst, to be shown above the text; None also if the text itself begins with it."""
        if self.standfirst is None:
            return None
        said = " ".join(self.standfirst.split())
        for block in self.body.blocks[:2]:
            if isinstance(block, Paragraph) and " ".join(plain_text(block.children).split()) == said:
                return None
        return self.standfirst

    @property
    def signatories(self) -> tuple[Author, ...]:
        """The authors whose name, role and organisation stand under the text."""
        return tuple(author for author in self.authors if author.signs_off)

    def visible_at(self, now: datetime) -> bool:
        """Whether pages and mails may show it: neither a draft nor dated in the future."""
        return not self.draft and self.published <= now

    def in_feed_at(self, now: datetime) -> bool:
        """Whether a feed may show it: once its entry's own instant has come."""
        return not self.draft and self.feed and self.entry_published <= now

    def is_open_at(self, now: datetime) -> bool:
        return self.closes is not None and now < self.closes.at

    def is_closed_at(self, now: datetime) -> bool:
        return self.closes is not None and now >= self.closes.at

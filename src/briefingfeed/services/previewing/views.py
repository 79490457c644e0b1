"""What the preview shows at one moment: frozen, so that it can be read while the next one is made."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from briefingfeed.models.edition import Cadence, Rendition
from briefingfeed.models.post import Post
from briefingfeed.newsletter.finding import Finding
from briefingfeed.posts.store import Library
from briefingfeed.services.sending.drafting import Draft
from briefingfeed.services.sending.send_context import SendContext


class Weight(StrEnum):
    STOPS = "stops"
    """No edition leaves with it."""
    ERROR = "error"
    """The post is not published as it is."""
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One thing that somebody should look at, with the place where it is mended."""

    weight: Weight
    message: str
    remedy: str
    path: str | None = None
    """The file, as `Problem.path`; None: it is no post's."""
    field: str | None = None
    """Our key that is meant, or `body`."""
    line: int | None = None
    """In the file, from 1."""


class PostState(StrEnum):
    DRAFT = "draft"
    SCHEDULED = "scheduled"
    """Dated later: it appears by itself."""
    PUBLISHED = "published"
    BROKEN = "broken"
    """It is left out until it is mended, and has no last good version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostView:
    path: str
    title: str
    state: PostState
    post: Post | None = field(compare=False)
    """None: the file cannot be read as a post."""
    mark: str
    """Another one whenever its readers would get something else."""
    in_edition: bool
    """Whether the next edition carries it."""
    remarks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionView:
    """The next edition of a cadence, or of a post that goes by itself, if nothing changed before it goes."""

    name: str
    """The cadence, such as `weekly`; of a single post its key, such as `posts/2026-11-23-tides`."""
    cadence: Cadence
    key: str
    goes_at: datetime | None
    """Its slot. None: with the next run."""
    draft: Draft = field(compare=False)
    mark: str
    """Another one whenever it would be another edition, or go to other readers."""
    budget: int
    """Bytes of HTML that it may have."""

    @property
    def rendition(self) -> Rendition | None:
        """What most readers get; None: there is no post to send."""
        return self.draft.rendition

    @property
    def size(self) -> int:
        """Bytes of HTML."""
        return len(self.rendition.html.encode()) if self.rendition else 0

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self.draft.findings


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    number: int
    """Counts up with every look that saw something else than the one before."""
    at: datetime
    context: SendContext
    library: Library
    posts: tuple[PostView, ...]
    """As in the library; in front of them the files that are no post yet."""
    editions: tuple[EditionView, ...]
    remarks: tuple[Remark, ...]
    """What stops an edition first, then errors, then warnings."""
    trouble: str | None = None
    """Why nothing newer can be shown: what is wrong outside the posts, in words, with a remedy."""

    def shows_the_same_as(self, other: View) -> bool:
        """Whether somebody who looks at either could not tell them apart."""
        return self._shown == other._shown

    @property
    def _shown(self) -> tuple[object, ...]:
        return self.context.settings, self.posts, self.editions, self.remarks, self.trouble

    def post(self, path: str) -> Post | None:
        return next((each.post for each in self.posts if each.path == path), None)

    def edition(self, name: str) -> EditionView | None:
        return next((each for each in self.editions if each.name == name), None)

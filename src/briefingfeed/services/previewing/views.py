"""What the preview shows at one moment: frozen, so that it can be read while the next one is made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from briefingfeed.models.edition import Rendition
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
    post: Post | None
    """None: the file cannot be read as a post."""
    in_edition: bool
    """Whether the next edition carries it."""
    remarks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionView:
    """The next edition of a cadence, as it would be made if nothing changed before its slot."""

    name: str
    """The cadence: `weekly`."""
    key: str
    slot_at: datetime
    draft: Draft
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
    """Counts up with every look that saw something new."""
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

    def post(self, path: str) -> Post | None:
        return next((each.post for each in self.posts if each.path == path), None)

    def edition(self, name: str) -> EditionView | None:
        return next((each for each in self.editions if each.name == name), None)

"""`--test-to`: the mail as it would go now, to one address, marked as a test. Nothing is written down but that it
takes a place within the provider's limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from briefingfeed.errors import RefusedError
from briefingfeed.models.delivery import Outcome, Result
from briefingfeed.models.edition import Cadence, Slot
from briefingfeed.models.post import Post
from briefingfeed.newsletter.finding import Finding
from briefingfeed.newsletter.schedule import moment_of, require, upcoming_slot
from briefingfeed.services.sending.basis import basis
from briefingfeed.services.sending.drafting import introduction_for, render_posts, select_posts
from briefingfeed.services.sending.due import look_ahead
from briefingfeed.services.sending.own_mails import mail
from briefingfeed.services.sending.send_context import SendContext, check_as_of, check_identity
from briefingfeed.services.sending.single_mail import single_message

if TYPE_CHECKING:
    from briefingfeed.posts.store import Library

NEWEST = 5
"""Posts shown when nothing waits for the next edition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleReport:
    address: str = field(repr=False)
    subject: str
    posts: tuple[str, ...]
    """Titles, in the order of the mail."""
    outcome: Outcome
    findings: tuple[Finding, ...]
    """What preflight says of this content."""
    rehearsal: bool

    @property
    def exit_code(self) -> int:
        if self.outcome.result is Result.ACCEPTED:
            return 0
        return 75 if self.outcome.result in (Result.DEFERRED, Result.RETURNED) else 1

    def as_dict(self) -> dict[str, object]:
        return {
            "address": self.address,
            "subject": self.subject,
            "posts": list(self.posts),
            "result": self.outcome.result,
            "note": self.outcome.note,
            "findings": [finding.message for finding in self.findings],
            "rehearsal": self.rehearsal,
            "exit_code": self.exit_code,
        }


def send_sample(context: SendContext, cadence: Cadence, address: str, *, as_of: bool = False) -> SampleReport:
    """Render what would go now, or the newest posts if nothing would, and send it to `address`.

    Needs no slot and no subscriber; its unsubscribe link leads to the real page and unsubscribes nobody. Raises
    ConfigurationError, RefusedError if there is no post at all, ProviderError if the way out can't be used.
    """
    require(context.settings, cadence)
    check_identity(context)
    if as_of:
        check_as_of(context)
    now = context.now()
    library = context.load_posts()
    posts = _posts(context, cadence, library, now)
    with context.database.read() as connection:
        introduction = introduction_for(context, connection, library, coming_slot(context, cadence))
    rendition, findings = render_posts(
        context, posts, library.posts, now, cadence, introduction=introduction, test=True
    )
    message = single_message(context, rendition, address, name=f"test/{now.isoformat()}", cadence=cadence)
    return SampleReport(
        address=address,
        subject=rendition.subject,
        posts=tuple(post.title for post in posts),
        outcome=mail(context, message),
        findings=findings,
        rehearsal=context.rehearses,
    )


def _posts(context: SendContext, cadence: Cadence, library: Library, now: datetime) -> tuple[Post, ...]:
    slot = coming_slot(context, cadence)
    with context.database.read() as connection:
        history = basis(context, connection, cadence)
    selection, _ = select_posts(context, library, slot, history, now)
    posts = selection.posts or _newest(library, now)
    if cadence is Cadence.POSTS:
        posts = posts[-1:] if selection.posts else posts[:1]
    if not posts:
        raise RefusedError(
            "There is no post to show yet.", where=str(context.settings.paths.posts), remedy="briefingfeed new TITLE"
        )
    return posts


def coming_slot(context: SendContext, cadence: Cadence) -> Slot:
    """Return the slot that is due, else the next one."""
    if cadence is Cadence.POSTS:
        return moment_of(context.now())
    due = look_ahead(context, cadence, at_once=False, force=True).due
    return due or upcoming_slot(context.settings, cadence, context.now())


def _newest(library: Library, now: datetime) -> tuple[Post, ...]:
    return tuple(post for post in library.posts if post.visible_at(now) and post.email is not False)[:NEWEST]

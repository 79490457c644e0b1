"""An edition before its freeze: which posts, what they look like, whether it may go. Nothing is written."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from briefingfeed.delivery.audience import Audience, Portion
from briefingfeed.delivery.copies import NOBODY, unsubscribe_url
from briefingfeed.models.archive import edition_url
from briefingfeed.models.edition import Cadence, Rendition, Slot
from briefingfeed.models.introduction import Introduction
from briefingfeed.models.post import Post
from briefingfeed.newsletter.digest import Corrected, compose_digest
from briefingfeed.newsletter.finding import Finding
from briefingfeed.newsletter.selection import History, Selection, select
from briefingfeed.services.sending.basis import basis, gather, new_edition
from briefingfeed.services.sending.corrections import corrections_for, mentions
from briefingfeed.services.sending.introductions import unused
from briefingfeed.services.sending.send_context import Examined, SendContext

if TYPE_CHECKING:
    from briefingfeed.newsletter.render import Press
    from briefingfeed.posts.store import Library


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    slot: Slot
    library: Library
    selection: Selection
    audience: Audience
    contents: Mapping[Portion, Rendition] = field(default_factory=dict)
    """What each group of the audience gets; nothing if there is neither a post nor a correction to send."""
    corrections: tuple[Corrected, ...] = ()
    """All that it tells to anybody."""
    due: frozenset[str] = frozenset()
    """Ids of the posts that this run mails, with this edition or another."""
    renamed: tuple[Post, ...] = ()
    """Posts left out because they went before, under another id."""
    introduction: Introduction | None = None
    """The editor's words above it, which no edition has had."""
    findings: tuple[Finding, ...] = ()

    @property
    def rendition(self) -> Rendition | None:
        """What most readers get. None: there is nothing to send."""
        return self.contents[self.audience.groups[0].portion] if self.contents else None

    def is_for(self, audience: Audience) -> bool:
        """Whether there is something for each of these readers."""
        return all(group.portion in self.contents for group in audience.groups)

    @property
    def told(self) -> int:
        """How many readers it tells a correction."""
        return sum(group.count for group in self.audience.groups if group.corrections)

    @property
    def waits_for_posts(self) -> bool:
        """Whether it holds corrections alone, and a file that can't be read might be a post for its slot."""
        is_empty = not self.selection.posts and self.slot.cadence is not Cadence.POSTS
        return is_empty and bool(self.library.unreadable)

    @property
    def passed_over_ids(self) -> list[str]:
        """Those to record now: only `email: true` sends these posts afterwards."""
        return [post.id for post in (*self.selection.passed_over, *self.renamed)]

    @property
    def stops(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.stops)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if not finding.stops)


def draft_edition(context: SendContext, slot: Slot, now: datetime, *, offline: bool = False) -> Draft:
    """Put together what would be frozen for `slot`.

    Unless `offline` or everything stays on this machine, it asks the unsubscribe page for an answer.
    """
    library = context.load_posts()
    with context.database.read() as connection:
        history = basis(context, connection, slot.cadence)
    selection, renamed = select_posts(context, library, slot, history, now)
    due = frozenset(post.id for post in selection.posts)
    return complete(context, library, slot, selection, now, due=due, renamed=renamed, offline=offline)


def complete(
    context: SendContext,
    library: Library,
    slot: Slot,
    selection: Selection,
    now: datetime,
    *,
    due: Collection[str],
    renamed: tuple[Post, ...] = (),
    offline: bool = False,
) -> Draft:
    """Add to a selection of posts who gets them, and what that looks like. `offline` as for `draft_edition`."""
    with context.database.read() as connection:
        audience = gather(context, connection, slot, selection.posts, library.posts, now, due=due, renamed=renamed)
        introduction = introduction_for(context, connection, library, slot) if selection.posts else None
    draft = Draft(
        slot=slot,
        library=library,
        selection=selection,
        audience=audience,
        due=frozenset(due),
        renamed=renamed,
        introduction=introduction,
    )
    if not audience.groups:
        return draft
    contents: dict[Portion, Rendition] = {}
    findings: dict[Finding, None] = {}
    from briefingfeed.newsletter.render import Press  # as in `render_posts`: only what is due needs the renderer

    press = Press(context.settings, context.look)
    for group in audience.groups:
        posts = tuple(post for post in library.posts if post.id in group.post_ids)
        contents[group.portion], found = render_posts(
            context,
            posts,
            library.posts,
            now,
            slot.cadence,
            introduction=introduction,
            corrections=corrections_for(group.corrections, library.posts),
            page_url=page_url(context, slot.key),
            press=press,
        )
        findings |= dict.fromkeys(found)
    if not offline and not context.stays_here:
        findings |= dict.fromkeys(page_findings(context))
    told = frozenset(mark for group in audience.groups for mark in group.corrections)
    return replace(draft, contents=contents, corrections=corrections_for(told, library.posts), findings=tuple(findings))


def select_posts(
    context: SendContext, library: Library, slot: Slot, history: History, now: datetime
) -> tuple[Selection, tuple[Post, ...]]:
    """Return what the edition of `slot` does with the posts, and those left out because they went under another id."""
    renamed = _renamed(library, history)
    history = replace(history, passed_over=history.passed_over | {post.id for post in renamed})
    selection = select(library.posts, history, slot, now, context.settings)
    return selection, tuple(post for post in renamed if post.visible_at(now) and post not in selection.posts)


def introduction_for(context: SendContext, connection: Connection, library: Library, slot: Slot) -> Introduction | None:
    """Return the editor's introduction if the edition of `slot` is to carry it: a weekly one, and no other before."""
    if slot.cadence is not Cadence.WEEKLY:
        return None
    return unused(connection, library.introduction, new_edition(context, slot).key)


def _renamed(library: Library, history: History) -> tuple[Post, ...]:
    """Return the posts new by their id whose text was carried under an id that no post has any more."""
    memory, ids = library.memory, {post.id for post in library.posts}

    def went_before(post: Post) -> bool:
        row = memory.get(post.id)
        twins = memory.by_digest.get(row.body_digest, []) if row and row.body_digest else []
        return any(twin.post_id in history.carried and twin.post_id not in ids for twin in twins)

    known = history.carried | history.passed_over
    return tuple(post for post in library.posts if post.id not in known and went_before(post))


def render_posts(
    context: SendContext,
    posts: tuple[Post, ...],
    all_posts: tuple[Post, ...],
    now: datetime,
    cadence: Cadence,
    *,
    introduction: Introduction | None = None,
    corrections: Sequence[Corrected] = (),
    page_url: str | None = None,
    test: bool = False,
    press: Press | None = None,
) -> Examined:
    """Render a digest of `posts` and examine it. `press` is that of its edition, if that has other digests, too."""
    digest = compose_digest(
        posts, all_posts, context.settings, now, cadence, introduction, corrections=corrections, page_url=page_url
    )

    def made() -> Examined:
        from briefingfeed.newsletter.preflight import examine
        from briefingfeed.newsletter.render import Press

        its_press = press or Press(context.settings, context.look)
        rendition = replace(its_press.render(digest, test=test), mentions=mentions(posts, corrections))
        return rendition, examine(rendition, digest, context.settings, its_press.bodies)

    return context.recall(digest, test, made)


def page_url(context: SendContext, key: str) -> str | None:
    """Return where an edition can be read in a browser; None for a rehearsal, or without a site."""
    settings = context.settings
    return edition_url(settings.publication.url, key) if settings.site.pages and not context.rehearses else None


def page_findings(context: SendContext) -> tuple[Finding, ...]:
    """Ask the unsubscribe page for an answer; return what is wrong with it."""
    page = unsubscribe_url(context.settings.public_url, context.keyring, NOBODY)
    trouble = context.page_trouble(page)
    if trouble is None:
        return ()
    return (
        Finding(
            stops=True,
            message=f"The unsubscribe page at {context.settings.public_url}/u/ doesn't answer as it should: {trouble}",
            remedy="See that `briefingfeed serve` runs, and that [web] public_url leads to it.",
            post_path=None,
        ),
    )

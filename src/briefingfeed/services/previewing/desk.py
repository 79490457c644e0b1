"""The desk: looks at the publication again and again, reads only what changed, and keeps what it saw last."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import datetime
from threading import RLock

from briefingfeed.delivery.plan import edition_key
from briefingfeed.errors import BriefingfeedError
from briefingfeed.models.edition import Cadence
from briefingfeed.models.post import Post
from briefingfeed.models.problem import Problem
from briefingfeed.newsletter.schedule import set_up, upcoming_slot
from briefingfeed.posts.notes import read_mark
from briefingfeed.posts.recent import RecentNotes
from briefingfeed.posts.store import Library
from briefingfeed.services.previewing.remarks import remarks_of
from briefingfeed.services.previewing.views import EditionView, PostState, PostView, View
from briefingfeed.services.publishing.library import load_library
from briefingfeed.services.sending.drafting import Draft, draft_edition
from briefingfeed.services.sending.send_context import SendContext


class Desk:
    """One publication, looked at. May be used from several threads: they take turns."""

    def __init__(self, open_context: Callable[[], SendContext]) -> None:
        """`open_context` reads the settings, whenever they may have changed; it may raise BriefingfeedError."""
        self._open_context = open_context
        self._notes = RecentNotes()
        self._lock = RLock()
        self._view: View | None = None
        self._settings_mark: str | None = None

    def look(self) -> View:
        """Look again. What stands in the way is told in the view, which then shows what was there before.

        Raises BriefingfeedError only the first time, while there is nothing to be shown yet.
        """
        with self._lock:
            before = self._view
            try:
                self._view = self._seen(self._context(before), before)
            except BriefingfeedError as error:
                if before is None:
                    raise
                trouble = str(error)
                number = before.number + (trouble != before.trouble)
                self._view = replace(before, trouble=trouble, number=number)
            return self._view

    @property
    def view(self) -> View:
        """What was seen last."""
        return self._view or self.look()

    def _context(self, before: View | None) -> SendContext:
        """Read the settings again if their file is another; until that succeeds, at every look."""
        mark = read_mark(before.context.settings.file) if before else None
        if before and mark == self._settings_mark:
            return before.context
        context = self._open_context()
        self._settings_mark = mark  # from before the reading: what was saved during it is seen the next time
        return context

    def _seen(self, context: SendContext, before: View | None) -> View:
        now = context.now()
        library = load_library(context.settings, context.database, now, recent=self._notes)
        cadences = [cadence for cadence in set_up(context.settings) if cadence is not Cadence.POSTS]
        editions = tuple(_edition(context, cadence, library, now) for cadence in cadences)
        findings = [finding for edition in editions for finding in edition.findings]
        carried = {post.id for edition in editions for post in edition.draft.selection.posts}
        return View(
            number=before.number + 1 if before else 1,
            at=now,
            context=context,
            library=library,
            posts=tuple(_posts(library, carried, now)),
            editions=editions,
            remarks=remarks_of(library.problems, findings, context.settings.paths.root),
        )


def _edition(context: SendContext, cadence: Cadence, library: Library, now: datetime) -> EditionView:
    """Return the edition of the next slot, with what will be visible by then."""
    slot = upcoming_slot(context.settings, cadence, now)
    draft: Draft = draft_edition(replace(context, load_posts=lambda: library), slot, max(now, slot.at), offline=True)
    return EditionView(
        name=str(cadence),
        key=edition_key(slot, rehearsal=context.rehearses),
        slot_at=slot.at,
        draft=draft,
        budget=context.settings.newsletter.size_budget_kb * 1024,
    )


def _posts(library: Library, carried: Collection[str], now: datetime) -> Iterable[PostView]:
    remarks: dict[str, list[Problem]] = {}
    for problem in library.problems:
        remarks.setdefault(problem.path, []).append(problem)
    known = {post.path for post in library.posts}
    for path, problems in remarks.items():
        is_post = path.lower().endswith((".md", ".markdown")) and any(each.is_error for each in problems)
        if is_post and path not in known:
            yield PostView(
                path=path,
                title=path.rpartition("/")[2],
                state=PostState.BROKEN,
                post=None,
                in_edition=False,
                remarks=len(problems),
            )
    for post in library.posts:
        yield PostView(
            path=post.path,
            title=post.title,
            state=_state(post, now),
            post=post,
            in_edition=post.id in carried,
            remarks=len(remarks.get(post.path, ())),
        )


def _state(post: Post, now: datetime) -> PostState:
    if post.draft:
        return PostState.DRAFT
    return PostState.PUBLISHED if post.visible_at(now) else PostState.SCHEDULED

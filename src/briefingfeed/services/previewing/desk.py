"""The desk: looks at the publication again and again, reads only what changed, and keeps what it saw last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import datetime
from threading import RLock

from briefingfeed.errors import BriefingfeedError
from briefingfeed.models.output import key_of
from briefingfeed.models.post import Post
from briefingfeed.posts.notes import read_mark
from briefingfeed.posts.recent import RecentNotes
from briefingfeed.posts.store import Library
from briefingfeed.services.previewing.remarks import remarks_of
from briefingfeed.services.previewing.renditions import files_mark
from briefingfeed.services.previewing.upcoming import upcoming
from briefingfeed.services.previewing.views import PostState, PostView, Remark, View
from briefingfeed.services.publishing.post_library import load_library
from briefingfeed.services.sending.send_context import SendContext


class Desk:
    """One publication, looked at. May be used from several threads: they take turns."""

    def __init__(self, open_context: Callable[[], SendContext]) -> None:
        """`open_context` reads the settings, whenever they may have changed; it may raise BriefingfeedError."""
        self._open_context = open_context
        self._notes = RecentNotes()
        self._lock = RLock()
        self._view: View | None = None
        self._context: SendContext | None = None
        self._mark: tuple[str | None, ...] | None = None

    def look(self) -> View:
        """Look again. What stands in the way is told in the view, which then shows what was there before.

        Raises BriefingfeedError only the first time, while there is nothing to be shown yet.
        """
        with self._lock:
            before = self._view
            try:
                self._view = self._seen(self._surroundings(), before)
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

    def _surroundings(self) -> SendContext:
        """Read the settings again if their file or a template is another; until that succeeds, at every look."""
        mark = _mark_of(self._context) if self._context else None
        if self._context is None or mark != self._mark:
            self._context = self._open_context()
            self._mark = mark  # from before the reading: what was saved during it is seen the next time
        return self._context

    def _seen(self, context: SendContext, before: View | None) -> View:
        now = context.now()
        library = load_library(context.settings, context.database, now, recent=self._notes)
        editions = tuple(upcoming(context, library, now))
        findings = [finding for edition in editions for finding in edition.findings]
        carried = {post.id for edition in editions for post in edition.draft.selection.posts}
        remarks = remarks_of(library.problems, findings, context.settings.paths.root)
        view = View(
            number=before.number if before else 1,
            at=now,
            context=context,
            library=library,
            posts=tuple(_posts(library, remarks, carried, context.look.mark(), now)),
            editions=editions,
            remarks=remarks,
        )
        return view if before is None or view.shows_the_same_as(before) else replace(view, number=view.number + 1)


def _mark_of(context: SendContext) -> tuple[str | None, ...]:
    settings = context.settings
    has_templates = str(settings.paths.templates.is_dir())  # a look that was made without them never sees them
    return read_mark(settings.file), has_templates, context.look.mark()


def _posts(
    library: Library, remarks: Iterable[Remark], carried: Collection[str], look: str, now: datetime
) -> Iterable[PostView]:
    """Yield the posts, those first that cannot be read. `look` is the mark of the templates."""
    counts = Counter(each.path for each in remarks)
    known = {post.path for post in library.posts}
    for path in dict.fromkeys(problem.path for problem in library.problems if problem.is_error):
        if path.lower().endswith((".md", ".markdown")) and path not in known:
            yield PostView(
                path=path,
                title=path.rpartition("/")[2],
                state=PostState.BROKEN,
                post=None,
                mark="",
                in_edition=False,
                remarks=counts[path],
            )
    for post in library.posts:
        yield PostView(
            path=post.path,
            title=post.title,
            state=_state(post, now),
            post=post,
            mark=key_of(post.fingerprint, files_mark(post), look),
            in_edition=post.id in carried,
            remarks=counts[post.path],
        )


def _state(post: Post, now: datetime) -> PostState:
    if post.draft:
        return PostState.DRAFT
    return PostState.PUBLISHED if post.visible_at(now) else PostState.SCHEDULED

"""`build`: posts become feeds and pages in the output folder, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from briefingfeed.errors import ConfigurationError, ContentError
from briefingfeed.models.problem import Problem
from briefingfeed.models.settings import USUAL_FOLDERS, PathSettings, Settings
from briefingfeed.output import alone, publish
from briefingfeed.output.manifest import read_manifest
from briefingfeed.services.publishing.stamp import (
    Stamp,
    fingerprint_inputs,
    fingerprint_outputs,
    read_stamp,
    write_stamp,
)

if TYPE_CHECKING:
    from briefingfeed.feeds.reading import ReadEntry
    from briefingfeed.look import Look
    from briefingfeed.models.archive import SentEdition
    from briefingfeed.models.post import Post
    from briefingfeed.posts.store import Library
    from briefingfeed.services.publishing.feed_history import History

IDS = "ids.jsonl"
MANIFEST = "output.json"
STAMP = "build.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildContext:
    settings: Settings
    open_look: Callable[[], Look]
    load_posts: Callable[[], Library]
    """Reads the posts, with the ids that the state folder and the database remember. Called only if there is work."""
    remember: Callable[[Library], None]
    """Keeps ids and last good versions. Called once everything is published."""
    templates: tuple[Path, ...]
    """The folders in which templates are searched."""
    now: datetime
    load_editions: Callable[[], tuple[SentEdition, ...]] = tuple
    """Reads which editions were mailed, newest first. Called only if there is work."""
    editions_mark: Callable[[], str] = str
    """Returns at little cost what tells these from any others."""
    accept_as_new: bool = False
    """Publish even though feed readers will show old entries as new."""
    fetch_published: Callable[[], Iterable[ReadEntry]] | None = None
    """Fetches what is published elsewhere, for the feed guard to compare with as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """`problems` are those of the files, by path: a build with errors has published all the rest."""

    written: tuple[str, ...]
    unchanged: int
    removed: tuple[str, ...]
    problems: tuple[Problem, ...]
    posts: int
    """How many are visible now."""
    next_change: datetime | None
    """When the output would change by time alone: a post of a later date appears, or a call closes."""

    @property
    def has_errors(self) -> bool:
        return any(problem.is_error for problem in self.problems)


def build(context: BuildContext) -> BuildReport:
    """Publish what the posts say at `now`, and remember their ids.

    If nothing has changed since the last build that came to its end, nothing is read and nothing is touched. Raises
    ConfigurationError for an output folder that would swallow others, TemplateError, LockedError while another build
    runs, RefusedError if feed readers would show old entries as new or a file of others would be replaced,
    ContentError if a feed would not be valid, StorageError; the old output then stands.
    """
    settings = context.settings
    check_output_folder(settings.paths)
    inputs = fingerprint_inputs(settings, context.templates, context.editions_mark() if settings.site.pages else "")
    stamp = read_stamp(settings.paths.state / STAMP)
    holds = stamp is not None and stamp.inputs == inputs and stamp.holds_at(context.now)
    if stamp and holds and context.fetch_published is None and stamp.outputs == _outputs(settings.paths):
        return _unchanged(stamp)
    # From reading the posts to the stamp: an older build that publishes in between would pass for what the stamp tells.
    with alone(settings.paths.state / STAMP):
        return _build(context, inputs)


def check_output_folder(paths: PathSettings) -> None:
    """Refuse an output folder that holds, or lies in, something that is not output. Raises ConfigurationError."""
    output = paths.output.resolve()
    if paths.root.resolve().is_relative_to(output):
        raise ConfigurationError(
            f"the output folder {paths.output} would get into the way of the publication's own files",
            where="[paths] output",
            remedy="give the output a folder of its own, such as public",
        )
    for key, folder in {"posts": paths.posts, "state": paths.state, "templates": paths.templates}.items():
        other = folder.resolve()
        if other.is_relative_to(output) or output.is_relative_to(other):
            output_is_usual = paths.output == paths.root / USUAL_FOLDERS["output"]
            raise ConfigurationError(
                f"the output folder {paths.output} and that of `{key}`, {folder}, would get into each other's way",
                where=f"[paths] {key}" if output_is_usual else "[paths] output",
                remedy=f"give each a folder of its own; usual are {USUAL_FOLDERS['output']} and {USUAL_FOLDERS[key]}",
            )


def _unchanged(stamp: Stamp) -> BuildReport:
    return BuildReport(
        written=(),
        unchanged=stamp.files,
        removed=(),
        problems=stamp.problems,
        posts=stamp.posts,
        next_change=stamp.next_change,
    )


def _outputs(paths: PathSettings) -> str:
    return fingerprint_outputs(paths.output, read_manifest(paths.state / MANIFEST), memory=paths.state / IDS)


def _build(context: BuildContext, inputs: str) -> BuildReport:
    # What makes pages is slow to import; a build with nothing to do does without it.
    from briefingfeed.services.publishing import feed_history
    from briefingfeed.services.publishing.feed_validation import judge_feeds, read_sound, write_sound
    from briefingfeed.services.publishing.rendering import render_output

    settings, now = context.settings, context.now
    library = context.load_posts()
    history, warnings = _guard(context, library)
    editions = context.load_editions() if settings.site.pages else ()
    rendered = render_output(library.posts, settings, context.open_look(), now, editions=editions, at_once=False)
    verdict = judge_feeds(rendered.files, library.posts, settings, now, read_sound(settings))
    if errors := [problem for problem in verdict.problems if problem.is_error]:
        raise ContentError(errors)
    published = publish(
        rendered.files,
        settings.paths.output,
        manifest=settings.paths.state / MANIFEST,
        built_before=_built_before(settings.paths.output),
    )
    context.remember(library)
    write_sound(settings, verdict.sound)
    feed_history.keep(history, settings.paths.output, settings.paths.state)
    report = BuildReport(
        written=published.written,
        unchanged=published.unchanged,
        removed=published.removed,
        problems=tuple(sorted((*library.problems, *rendered.problems, *verdict.problems, *warnings), key=_by_place)),
        posts=sum(post.visible_at(now) for post in library.posts),
        next_change=min(_changes(library.posts, now), default=None),
    )
    write_stamp(
        settings.paths.state / STAMP,
        Stamp(
            inputs=inputs,
            outputs=_outputs(settings.paths),
            built_at=now,
            next_change=report.next_change,
            posts=report.posts,
            files=len(published.written) + published.unchanged,
            problems=report.problems,
        ),
    )
    return report


def _built_before(output: Path) -> bool:
    """Tell whether the folder holds what a build left, even if the state folder knows nothing of it."""
    from briefingfeed.site.redirects import REDIRECTS, is_redirects_file

    file = output / REDIRECTS
    return file.is_file() and is_redirects_file(file.read_bytes())


def _guard(context: BuildContext, library: Library) -> tuple[History, tuple[Problem, ...]]:
    """Return what will have been published, and warnings. Raises RefusedError if old entries would come back as new."""
    from briefingfeed.services.publishing import feed_guard, feed_history

    settings, now = context.settings, context.now
    entries, zone = feed_guard.entries_of(library.posts, now), settings.publication.timezone
    verdicts = [feed_guard.judge(entries, feed_history.recall(settings.paths.output, settings.paths.state), zone)]
    if context.fetch_published is not None:
        elsewhere = feed_history.History(entries=tuple(context.fetch_published()))
        verdicts.append(feed_guard.judge(entries, elsewhere, zone, feed_guard.STILL_ELSEWHERE))
    warnings: dict[Problem, None] = {}
    for verdict in verdicts:
        if not context.accept_as_new:
            feed_guard.refuse(verdict, {post.id: post.path for post in library.posts})
        warnings |= dict.fromkeys(feed_guard.warnings(verdict, settings.paths.posts.name))
    return feed_history.History(entries=entries, gone=verdicts[0].gone), tuple(warnings)


def _by_place(problem: Problem) -> tuple[str, int, str]:
    return problem.path, problem.line or 0, problem.message


def _changes(posts: Iterable[Post], now: datetime) -> Iterator[datetime]:
    """Yield the instants after `now` at which pages or feeds look different."""
    for post in posts:
        if post.draft:
            continue
        instants = [post.published, post.entry_published]
        if post.closes:
            instants.append(post.closes.at)
        yield from (instant for instant in instants if instant > now)

"""`check`: everything that a build or the next digest would stumble over, and what readers would; strict."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import jinja2

from briefingfeed.errors import ConfigurationError, RefusedError, SecretKeyError, TemplateError
from briefingfeed.feeds.calendar import CALENDAR, unannounced_changes
from briefingfeed.look import Look
from briefingfeed.models.archive import SentEdition
from briefingfeed.models.edition import Cadence
from briefingfeed.models.post import Post
from briefingfeed.models.problem import Problem, Severity
from briefingfeed.models.settings import Settings
from briefingfeed.newsletter.digest import compose_digest
from briefingfeed.newsletter.preflight import examine
from briefingfeed.newsletter.render import render
from briefingfeed.newsletter.schedule import set_up
from briefingfeed.posts.store import Library
from briefingfeed.providers.registry import provider_spec
from briefingfeed.services.keeping.provider_setup import read_provider_table
from briefingfeed.services.publishing import feed_guard, feed_history
from briefingfeed.services.publishing.build import check_output_folder
from briefingfeed.services.publishing.feed_validation import judge_feeds
from briefingfeed.services.publishing.links import InternalLinks
from briefingfeed.services.publishing.parity_check import Channels
from briefingfeed.services.publishing.rendering import Rendered, render_output
from briefingfeed.services.readers.bounce_check import bounce_findings
from briefingfeed.services.telling.words import never_mailed

_PERIOD = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """`problems` by path and line: errors and warnings count alike."""

    posts: int
    """How many were looked at, drafts and posts of a later date among them."""
    problems: tuple[Problem, ...]
    signing: str = ""
    """Who signs the mails, in a sentence."""


def check(
    settings: Settings,
    library: Library,
    look: Look,
    now: datetime,
    readers: Mapping[Cadence, int] | None = None,
    editions: Sequence[SentEdition] = (),
) -> CheckReport:
    """Look at posts, templates, pages, feeds, links inside the site, and the digest of the last week.

    `readers` tells how many are to be mailed in which way, `editions` what was mailed. Nothing is written. Raises
    ConfigurationError for an output folder that cannot be one.
    """
    check_output_folder(settings.paths)
    problems = [*library.problems, *_unparsed_templates(settings.paths.templates), *bounce_findings(settings)]
    problems += _never_mailed(settings, readers or {})
    try:
        rendered = render_output(library.posts, settings, look, now, editions=editions)
        problems += rendered.problems
        problems += judge_feeds(rendered.files, library.posts, settings, now).problems
        problems += _old_as_new(library, settings, now)
        problems += _moved_closing_dates(library, settings, now)
        problems += _dead_links(rendered, library, settings, now)
        problems += _digest_findings(library, settings, look, now)
        problems += _unlike(rendered, library, settings, look, now, editions)
    except TemplateError as error:
        found = _from_template(error, settings.paths.root)
        if (found.path, found.line) not in {(problem.path, problem.line) for problem in problems}:
            problems.append(found)
    ordered = sorted(dict.fromkeys(problems), key=lambda problem: (problem.path, problem.line or 0, problem.message))
    return CheckReport(posts=len(library.posts), problems=tuple(ordered))


def way_out_problems(settings: Settings, open_provider: Callable[[], object]) -> tuple[Problem, ...]:
    """Return why nothing could be mailed with these settings and secrets, or probably nothing: a warning, for whoever
    writes posts may not have the secrets where they do it. `open_provider` opens no connection. Raises SecretKeyError
    for a file of secrets that can't be read."""
    try:
        open_provider()
    except SecretKeyError:
        raise
    except ConfigurationError as error:
        place = f"{error.where}: " if error.where else ""
        return (_warning(settings, f"{place}nothing can be mailed: {error.message}", error.remedy or "mend it there"),)
    name = settings.newsletter.provider
    slip = provider_spec(name).slip(read_provider_table(settings, name))
    return (_warning(settings, f"[{name}] {slip.message}", slip.remedy),) if slip else ()


def _warning(settings: Settings, message: str, remedy: str) -> Problem:
    return Problem(path=settings.file.name, message=message, remedy=remedy, severity=Severity.WARNING)


def _unparsed_templates(folder: Path) -> Iterator[Problem]:
    """Yield an error for each template of the publication's own that does not parse, used or not."""
    environment = jinja2.Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    for file in sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")):
        try:
            environment.parse(file.read_text(encoding="utf-8"))
        except jinja2.TemplateSyntaxError as error:
            yield Problem(
                path=file.relative_to(folder.parent).as_posix(),
                line=error.lineno,
                message=error.message or "the template cannot be read",
                remedy="mend the template there",
            )
        except (UnicodeDecodeError, OSError):  # rendering says so, if it is used
            continue


def _never_mailed(settings: Settings, readers: Mapping[Cadence, int]) -> Iterator[Problem]:
    for cadence, count in readers.items():
        if cadence not in set_up(settings):
            notice = never_mailed(cadence, count)
            yield Problem(path=settings.file.name, message=notice.text, remedy=notice.remedy or "")


def _moved_closing_dates(library: Library, settings: Settings, now: datetime) -> Iterator[Problem]:
    """Compare with the calendar that was published last, if there is one."""
    try:
        published = (settings.paths.output / CALENDAR).read_bytes()
    except OSError:
        return
    yield from unannounced_changes(published, library.posts, now)


def _old_as_new(library: Library, settings: Settings, now: datetime) -> Iterator[Problem]:
    """Yield what the feed guard would say to a build."""
    history = feed_history.recall(settings.paths.output, settings.paths.state)
    entries = feed_guard.entries_of(library.posts, now)
    verdict = feed_guard.judge(entries, history, settings.publication.timezone)
    try:
        feed_guard.refuse(verdict, {post.id: post.path for post in library.posts})
    except RefusedError as refusal:
        yield Problem(path=settings.paths.posts.name, message=refusal.message, remedy=refusal.remedy or "")
    yield from feed_guard.warnings(verdict, settings.paths.posts.name)


def _dead_links(rendered: Rendered, library: Library, settings: Settings, now: datetime) -> Iterator[Problem]:
    if settings.site.pages:
        links = InternalLinks(rendered.files, library.posts, settings, now)
        for post in library.posts:
            yield from links.problems(post)


def _digest_findings(library: Library, settings: Settings, look: Look, now: datetime) -> Iterator[Problem]:
    """Render the posts of the last week as a digest, and yield what its preflight finds; all of it is an error here."""
    posts = _of_last_week(library.posts, now)
    if not posts:
        return
    digest = compose_digest(posts, library.posts, settings, now, introduction=library.introduction)
    for finding in examine(render(digest, settings, look), digest, settings):
        yield Problem(
            path=finding.post_path or settings.file.name,
            message=f"in the digest: {finding.message}",
            remedy=finding.remedy,
        )


def _unlike(
    rendered: Rendered,
    library: Library,
    settings: Settings,
    look: Look,
    now: datetime,
    editions: Sequence[SentEdition],
) -> Iterator[Problem]:
    """Hold the channels of the newest posts against each other."""
    mailed = frozenset(post.id for post in _of_last_week(library.posts, now))
    visible = [post for post in library.posts if post.visible_at(now)]
    channels = Channels(settings=settings, look=look, now=now, rendered=rendered, editions=editions, mailed=mailed)
    yield from channels.problems(visible[: settings.feeds.entries])


def _of_last_week(posts: tuple[Post, ...], now: datetime) -> tuple[Post, ...]:
    """Return the posts that a digest would carry now; if there is none, the newest that one could have carried."""
    mailed = tuple(post for post in posts if post.visible_at(now) and post.email is not False)
    return tuple(post for post in mailed if post.published > now - _PERIOD) or mailed[:1]


def _from_template(error: TemplateError, root: Path) -> Problem:
    file, _, line = (error.where or "templates").rpartition(":")
    if not line.isdigit():
        file, line = error.where or "templates", ""
    shown = Path(file).relative_to(root).as_posix() if Path(file).is_relative_to(root) else file
    return Problem(
        path=shown, line=int(line) if line else None, message=error.message, remedy=error.remedy or "mend the template"
    )

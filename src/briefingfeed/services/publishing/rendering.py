"""Everything that a build publishes, made in memory: feeds, pages, and the files beside posts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from briefingfeed.feeds import build_feeds, may_enclose
from briefingfeed.feeds.calendar import build_calendar
from briefingfeed.feeds.links import all_feed_links
from briefingfeed.look import Look
from briefingfeed.models.archive import SentEdition
from briefingfeed.models.output import OutputCopy, OutputFile, key_of
from briefingfeed.models.post import Post
from briefingfeed.models.problem import Problem, Severity
from briefingfeed.models.settings import Settings
from briefingfeed.services.publishing.surroundings import fingerprint_code
from briefingfeed.site import build_site


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    files: tuple[OutputFile | OutputCopy, ...]
    problems: tuple[Problem, ...]


def render_output(
    posts: Sequence[Post],
    settings: Settings,
    look: Look,
    now: datetime,
    *,
    editions: Sequence[SentEdition] = (),
    at_once: bool = True,
) -> Rendered:
    """Render all files of the output folder. `editions` are what was mailed, newest first.

    Raises TemplateError, or BriefingfeedError for a feed that breaks.

    If not `at_once`, most of them are made, and raise these errors, when their content is asked for.
    """
    surroundings = "" if at_once else key_of(fingerprint_code(), repr(settings), look.fingerprint())
    sizes = dict(_sizes(post for post in posts if post.in_feed_at(now)))
    archive = editions if settings.site.pages else ()
    feeds = build_feeds(posts, settings, now, sizes, surroundings, archive)
    feeds += build_calendar(posts, settings, now)
    links = all_feed_links(posts, settings, now, has_editions=bool(archive))
    site = build_site(posts, settings, look, links, now, surroundings, archive)
    taken = {file.path for file in feeds}
    return Rendered(
        files=(*feeds, *(file for file in site.files if file.path not in taken)),
        problems=(
            *site.problems,
            *(_displaced(file.path, settings) for file in site.files if file.path in taken),
        ),
    )


def _sizes(posts: Iterable[Post]) -> Iterator[tuple[str, int]]:
    """Yield address and bytes of each file beside a post that may be an enclosure. One that is gone has no size."""
    for post in posts:
        for asset in post.assets:
            if may_enclose(asset.path):
                with suppress(OSError):
                    yield asset.url, asset.source.stat().st_size


def _displaced(path: str, settings: Settings) -> Problem:
    return Problem(
        path=settings.file.name,
        message=f"A page or file of a post would stand at {path}, where a feed is.",
        remedy="Give the post another slug, url or alias.",
        severity=Severity.WARNING,
    )

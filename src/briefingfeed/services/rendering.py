"""Everything that a build publishes, made in memory: feeds, pages, and the files beside posts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from briefingfeed.feeds import build_feeds, feed_links
from briefingfeed.look import Look
from briefingfeed.models.output import OutputCopy, OutputFile
from briefingfeed.models.post import Post
from briefingfeed.models.problem import Problem
from briefingfeed.models.settings import Settings
from briefingfeed.site import build_site


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    files: tuple[OutputFile | OutputCopy, ...]
    problems: tuple[Problem, ...]


def render_output(posts: Sequence[Post], settings: Settings, look: Look, now: datetime) -> Rendered:
    """Render all files of the output folder. Raises TemplateError, or BriefingfeedError for a feed that breaks."""
    feeds = build_feeds(posts, settings, now)
    site = build_site(posts, settings, look, feed_links(settings.publication), now)
    return Rendered(files=(*feeds, *site.files), problems=site.problems)

"""No feed with an error is published: the validator's verdicts on what a build has made, as problems of posts.

The state folder keeps digests of the documents that were found sound, so that a build judges only those that changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import briefingfeed
from briefingfeed.feeds.characters import ascii_url
from briefingfeed.feeds.rules import examine, is_document
from briefingfeed.feeds.rules_table import Breach, Site
from briefingfeed.models.output import OutputCopy, OutputFile
from briefingfeed.models.post import Post
from briefingfeed.models.problem import Problem
from briefingfeed.models.settings import Settings
from briefingfeed.services.publishing import kept_files

SOUND = "feeds-sound.json"
"""In the state folder."""


@dataclass(frozen=True, slots=True)
class Verdict:
    problems: tuple[Problem, ...]
    sound: Mapping[str, str]
    """Digests by path of the documents that broke no rule."""


def judge_feeds(
    files: Iterable[OutputFile | OutputCopy],
    posts: Iterable[Post],
    settings: Settings,
    now: datetime,
    sound: Mapping[str, str] | None = None,
) -> Verdict:
    """Judge the feed documents among `files`; those that were found `sound` before are not looked at again."""
    documents = [file for file in files if isinstance(file, OutputFile) and is_document(file.path)]
    digests = {file.path: file.mark for file in documents}
    site = Site(
        url=ascii_url(f"{settings.publication.url}/").rstrip("/"),
        hub=ascii_url(settings.feeds.websub_hub) if settings.feeds.websub_hub else None,
        entries=settings.feeds.entries,
        now=now,
    )
    changed = {path for path, digest in digests.items() if not sound or sound.get(path) != digest}
    breaches: Sequence[Breach] = ()
    if not sound or not digests.keys() <= sound.keys() or not sound.keys() <= digests.keys():
        breaches = examine(documents, site)
    elif changed:
        folders = {path.rpartition("/")[0] for path in changed}
        some = [file for file in documents if file.path.rpartition("/")[0] in folders]
        breaches = examine(some, site, paths=digests)
    paths = {post.id: post.path for post in posts}
    bad = {breach.path for breach in breaches}
    return Verdict(
        problems=tuple(_problem(breach, paths) for breach in breaches),
        sound={path: digest for path, digest in digests.items() if path not in bad},
    )


def read_sound(settings: Settings) -> Mapping[str, str]:
    """Return what was found sound under the same rules and settings; empty if that is not known."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        kept = json.loads(_file(settings).read_bytes())
        if kept["rules"] == _rules(settings):
            return {str(path): str(digest) for path, digest in kept["sound"].items()}
    return {}


def write_sound(settings: Settings, sound: Mapping[str, str]) -> None:
    """Keep what was found sound. If that cannot be written, the next build judges all again."""
    file = _file(settings)
    text = json.dumps({"rules": _rules(settings), "sound": dict(sorted(sound.items()))}, indent=0)
    with suppress(OSError):
        kept_files.keep(file, text)


def _file(settings: Settings) -> Path:
    return settings.paths.state / SOUND


def _rules(settings: Settings) -> str:
    """What the verdicts depend on beside the documents."""
    feeds = settings.feeds
    return f"{briefingfeed.__version__} {settings.publication.url} {feeds.websub_hub} {feeds.entries}"


def _problem(breach: Breach, paths: Mapping[str, str]) -> Problem:
    path = paths.get(breach.entry_id or "")
    if path is None:
        return Problem(
            path=breach.path,
            message=f"This feed breaks a rule: {breach}",
            remedy="If nothing in briefingfeed.toml explains it, please report it.",
            severity=breach.rule.severity,
        )
    return Problem(
        path=path,
        message=f"In feeds this post breaks a rule: {breach}",
        remedy="Mend it in the post; a line feed: false keeps the post out of the feeds until then.",
        severity=breach.rule.severity,
    )

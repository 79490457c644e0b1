"""introduction.md, beside the posts folder: the editor's words above the next weekly edition, and nowhere else."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from briefingfeed.models.introduction import Introduction
from briefingfeed.posts.characters import decode
from briefingfeed.posts.findings import Findings
from briefingfeed.posts.links import Links, Page
from briefingfeed.posts.markdown import Renderer

if TYPE_CHECKING:
    from briefingfeed.models.post import Post
    from briefingfeed.models.problem import Problem
    from briefingfeed.models.settings import Settings

FILE = "introduction.md"
_LIMIT = 64 * 1024
"""Bytes; a text of that size is a post."""
_PREFIX = "introduction-"


def load_introduction(settings: Settings, posts: Iterable[Post]) -> tuple[Introduction | None, tuple[Problem, ...]]:
    """Read introduction.md; None if it isn't there, says nothing, or can't be read, which the problems tell.

    Links to files of `posts` lead to where these are read; other relative ones begin at the publication's url.
    """
    file, findings = settings.paths.root / FILE, Findings(FILE)
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        return None, ()
    except OSError as error:
        findings.error(f"The file cannot be read ({error.strerror}).", "Check its permissions.")
        return None, findings.problems
    if len(data) > _LIMIT:
        findings.error(
            f"The introduction is longer than {_LIMIT // 1024} kB.",
            "A few sentences are enough; make a post of the rest.",
        )
        return None, findings.problems
    text = decode(data, findings)
    if text is None or not text.strip():
        return None, findings.problems
    introduction = _read(text, settings, posts, findings)
    return introduction, findings.problems


def _read(text: str, settings: Settings, posts: Iterable[Post], findings: Findings) -> Introduction | None:
    links = Links(
        Page(url=f"{settings.publication.url}/", prefix=_PREFIX),
        FILE,
        settings.paths.posts.name,
        {post.path: Page(url=post.url, prefix="") for post in posts},
    )
    rendered = Renderer().render(
        text,
        links,
        prefix=_PREFIX,
        language=settings.publication.language,
        standfirst=None,
        wants_excerpt=False,
        findings=findings,
        first_line=1,
    )
    for name in links.unknown:
        findings.warning(f"{name} is linked to, but it is no post that can be published.", "Correct the file's name.")
    if rendered is None or not rendered.body.blocks:
        return None
    return Introduction(body=rendered.body, digest=hashlib.sha256(" ".join(text.split()).encode()).hexdigest())

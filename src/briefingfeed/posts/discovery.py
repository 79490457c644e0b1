"""Which files below the posts folder are posts, and what their names say about them."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from briefingfeed.posts.findings import Findings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from briefingfeed.models.problem import Problem

_SUFFIXES = (".md", ".markdown")
_DATED = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[-_ ](.*))?")
_PAPERS = frozenset({"readme", "license", "licence", "contributing", "changelog", "code_of_conduct", "code-of-conduct",
    "security", "index"})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A file that is a post, if it has a head."""

    file: Path
    path: str
    """Relative to the publication's folder, forward slashes."""
    slug: str
    """From its name, not yet a slug."""
    date: date | None
    is_draft: bool
    is_paper: bool
    """README and the like: not a post unless it has a head."""


@dataclass(frozen=True, slots=True)
class Discovery:
    candidates: tuple[Candidate, ...]
    """By path."""
    problems: tuple[Problem, ...]
    hidden: tuple[str, ...]
    """Paths of folders that could not be looked into, each with a slash at its end."""


def discover(posts: Path, root: Path) -> Discovery:
    """Look through the posts folder. Links that lead out of it are told, never followed."""
    walk = _Walk(posts.resolve(), shown_path(posts, root))
    if not posts.is_dir():
        findings = Findings(walk.shown)
        findings.error(
            "The folder of posts is not there.", "Make it, or correct posts under [paths] in briefingfeed.toml."
        )
        return Discovery((), findings.problems, (f"{walk.shown}/",))
    candidates = sorted(walk.folder(walk.top, (), is_draft=False, jekyll=False), key=lambda found: found.path)
    return Discovery(tuple(candidates), tuple(walk.problems), tuple(walk.hidden))


def shown_path(file: Path, root: Path) -> str:
    """Return a path as people and the memory know it: relative to the root, with forward slashes."""
    return Path(os.path.relpath(file, root)).as_posix()


class _Walk:
    def __init__(self, top: Path, shown: str) -> None:
        self.top = top
        self.shown = shown
        self.problems: list[Problem] = []
        self.hidden: list[str] = []

    def folder(self, folder: Path, parts: tuple[str, ...], *, is_draft: bool, jekyll: bool) -> Iterator[Candidate]:
        """Yield the posts below a folder. `jekyll`: it is a Jekyll site, but not inside its `_posts` or `_drafts`."""
        try:
            with os.scandir(folder) as entries:
                items = sorted(entries, key=lambda item: item.name)
        except OSError as error:
            shown = self._path(parts)
            self.hidden.append(f"{shown}/")
            self._error(shown, f"This folder cannot be opened ({error.strerror}).", "Check its permissions.")
            return
        names = {item.name for item in items}
        jekyll = jekyll or ("_posts" in names and "_posts" not in parts)
        for item in items:
            if item.name.startswith(".") or item.name == "node_modules":
                continue
            if item.is_symlink() and not self._is_inside(item, parts):
                continue
            if item.is_dir(follow_symlinks=False):
                if item.name in {"_posts", "_drafts"}:
                    draft = is_draft or item.name == "_drafts"
                    yield from self.folder(Path(item.path), (*parts, item.name), is_draft=draft, jekyll=False)
                elif not item.name.startswith("_"):
                    yield from self.folder(Path(item.path), (*parts, item.name), is_draft=is_draft, jekyll=jekyll)
            elif item.name.lower().endswith(_SUFFIXES) and not item.name.startswith("_") and not jekyll:
                yield from self._candidate(item, parts, is_draft=is_draft)

    def _candidate(self, item: os.DirEntry[str], parts: tuple[str, ...], *, is_draft: bool) -> Iterator[Candidate]:
        path = self._path((*parts, item.name))
        if not item.is_file(follow_symlinks=False):
            if not item.is_symlink():
                self._error(path, "This is not a file that can be read.", "Remove it from the folder.")
            return
        if path.isprintable():
            yield _described(item.path, path, is_draft, len(parts) > 0)
        else:
            shown = path.encode("utf-8", "replace").decode()
            self._error(shown, "The file's name holds characters that cannot be shown.", "Rename the file.")

    def _is_inside(self, item: os.DirEntry[str], parts: tuple[str, ...]) -> bool:
        """Whether a link may be passed over silently: what it leads to is found under its real name anyway."""
        target = Path(os.path.realpath(item.path))
        if item.name.lower().endswith(_SUFFIXES) and not target.exists():
            path = self._path((*parts, item.name))
            self._error(path, "This is a link to a file that is not there.", "Put the file itself here.")
            return False
        if target.is_relative_to(self.top):
            return False
        if item.name.lower().endswith(_SUFFIXES) or target.is_dir():
            path = self._path((*parts, item.name))
            self._error(path, "This is a link to a place outside the posts folder.", "Put the file itself here.")
        return False

    def _path(self, parts: tuple[str, ...]) -> str:
        return "/".join((self.shown, *parts)) if self.shown != "." else "/".join(parts) or "."

    def _error(self, path: str, message: str, remedy: str) -> None:
        findings = Findings(path)
        findings.error(message, remedy)
        self.problems.extend(findings.problems)


@lru_cache(maxsize=20_000)
def _described(file: str, path: str, is_draft: bool, in_bundle: bool) -> Candidate:
    """Say of each name once what it says: a preview looks through the folder again and again."""
    return describe(Path(file), path, is_draft=is_draft, in_bundle=in_bundle)


def describe(file: Path, path: str, *, is_draft: bool = False, in_bundle: bool = True) -> Candidate:
    """Read what the name says: `2026-11-24-slug.md`, or Hugo's bundle `slug/index.md`."""
    stem = Path(path).stem
    if stem == "index" and in_bundle:
        stem, paper = Path(path).parent.name, False
    else:
        paper = stem.lower() in _PAPERS
    dated = _DATED.fullmatch(stem)
    day = None
    slug = stem
    if dated:
        slug = dated[4] or stem
        try:
            day = date(int(dated[1]), int(dated[2]), int(dated[3]))
        except ValueError:
            day = None
    return Candidate(file=file, path=path, slug=slug, date=day, is_draft=is_draft, is_paper=paper)

"""The posts folder as a `Library`: every post that can be published, and everything that is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from briefingfeed.posts import addresses, seconds
from briefingfeed.posts.assembly import Assembly
from briefingfeed.posts.discovery import describe, discover, shown_path
from briefingfeed.posts.findings import Findings, place
from briefingfeed.posts.identity import Claim, by_rule, identify
from briefingfeed.posts.kept_ids import KeptIds
from briefingfeed.posts.lastgood import LastGood
from briefingfeed.posts.links import Page
from briefingfeed.posts.memory import IdMemory, Remembered
from briefingfeed.posts.notes import Notes, open_notes, read_mark, surroundings_of
from briefingfeed.posts.source import Draft, parse, read_bytes, recalled, source_digest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from briefingfeed.models.introduction import Introduction
    from briefingfeed.models.post import Author, Post
    from briefingfeed.models.problem import Problem
    from briefingfeed.models.settings import Settings
    from briefingfeed.posts.discovery import Candidate
    from briefingfeed.posts.recent import RecentNotes


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    posts: tuple[Post, ...]
    """Newest first by `published`, then by id. Drafts and posts of the future are among them."""
    problems: tuple[Problem, ...]
    """All of them, by path and line."""
    memory: IdMemory
    """What is to be remembered from now on."""
    unreadable: bool
    """Whether any file is broken or cannot be read: an empty edition is then not recorded."""
    sources: Mapping[str, tuple[str, bytes]] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    """By path, digest and bytes of the sound files that differ from what is kept as last good."""
    introduction: Introduction | None = None
    """The editor's words above the next weekly edition, used already or not."""
    kept: frozenset[str] = frozenset()
    """Paths of last good sources whose files are still there."""
    notes: Notes | None = field(default=None, repr=False, compare=False)
    """What was found out on the way, to be kept for the next time."""


class PostStore:
    """Reads the posts folder. Writes nothing and touches no network."""

    def __init__(
        self,
        settings: Settings,
        authors: Mapping[str, Author],
        memory: IdMemory,
        kept_ids: KeptIds | None = None,
        code: str | None = None,
        recent: RecentNotes | None = None,
    ) -> None:
        """`code` tells which code reads the posts: then files that did not change since are not read again.

        With `recent` the notes are those of this process, and the library is only to be looked at: it has neither
        `sources` nor `notes`.
        """
        self._code = code
        self._recent = recent
        self._settings = settings
        self._authors = authors
        self._memory = memory
        self._kept_ids = kept_ids or KeptIds()
        self._last_good = LastGood(settings.paths.state)

    def load(self, now: datetime | None = None) -> Library:
        """Return everything in the folder. A broken file stops only itself.

        Args:
            now: posts dated after it are not remembered yet, so that both their date and text may still change.
                Without it every post that is not a draft is remembered.

        Raises:
            StorageError: the last good versions cannot be read.
        """
        kept = self._last_good.digests()
        notes: Notes | RecentNotes | None = None
        if self._code and self._recent:
            notes = self._recent.under(surroundings_of(self._settings, self._authors, self._code))
        elif self._code:
            notes = open_notes(self._settings, self._authors, self._code)
        loading = _Loading(self._settings, self._authors, self._memory, self._kept_ids, self._last_good, kept, notes)
        return loading.load(now)


def remember_good(settings: Settings, library: Library, now: datetime) -> None:
    """Keep the sources of what is visible now, for the day a file breaks, and the notes of the files that were read.

    For a build to call after it succeeded.

    Raises:
        StorageError: nothing was kept.
    """
    visible = {post.path for post in library.posts if post.visible_at(now)}
    last_good = LastGood(settings.paths.state)
    sources = {path: source for path, source in library.sources.items() if path in visible}
    gone = [path for path in last_good.digests() if path not in library.kept]
    last_good.keep(sources, gone)
    if library.notes:
        library.notes.keep()


class _Loading:
    """One run of `PostStore.load`."""

    def __init__(
        self,
        settings: Settings,
        authors: Mapping[str, Author],
        memory: IdMemory,
        kept_ids: KeptIds,
        last_good: LastGood,
        kept: Mapping[str, str],
        notes: Notes | RecentNotes | None,
    ) -> None:
        self._settings = settings
        self._authors = authors
        self._memory = memory
        self._kept_ids = kept_ids
        self._last_good = last_good
        self._kept = kept
        self._notes = notes
        self._to_keep = notes if isinstance(notes, Notes) else None
        self._recent = None if isinstance(notes, Notes) else notes
        self._problems: list[Problem] = []
        self._drafts: dict[str, Draft] = {}
        self._marks: dict[str, str | None] = {}
        """Of the files that were read, before they were."""
        self._present: set[str] = set()
        surroundings = notes.surroundings if notes else ""
        self._assembly = Assembly(settings, surroundings, self._recent.posts if self._recent else {})

    def load(self, now: datetime | None) -> Library:
        self._read_all()
        while True:
            ids, urls = self._settle()
            instants = seconds.assign([_wish(draft, ids[path]) for path, draft in self._drafts.items()], self._memory)
            self._assembly.know({path: Page(urls[path], addresses.id_prefix(ids[path])) for path in self._drafts})
            posts: dict[str, Post] = {}
            told: list[Findings] = []
            for path, draft in self._drafts.items():
                findings = Findings(path)
                post = self._assembly.post(draft, ids[path], instants[ids[path]], findings)
                if post is not None:
                    posts[path] = post
                told.append(findings)
            if len(posts) == len(self._drafts):
                break
            for findings in told:
                if findings.broken:
                    self._replace(findings)
        self._take_notes(posts)
        for findings in (*told, *(draft.findings for draft in self._drafts.values())):
            if not self._drafts[findings.path].is_last_good:
                self._problems.extend(findings.problems)
        return self._library(posts, now)

    def _read_all(self) -> None:
        paths = self._settings.paths
        found = discover(paths.posts, paths.root)
        self._problems.extend(found.problems)
        for candidate in found.candidates:
            self._present.add(candidate.path)
            findings = Findings(candidate.path)
            draft = self._read(candidate, findings)
            if draft is not None:
                self._drafts[candidate.path] = draft
            elif findings.broken:
                self._replace(findings)
        # All gone at once is rather a wrong folder than a decision: the published posts stay.
        is_empty = not found.candidates and not found.problems
        for path in self._kept:
            if is_empty or path.startswith(found.hidden):
                self._present.add(path)
                self._fall_back(path)
        if is_empty:
            self._say_empty()

    def _read(self, candidate: Candidate, findings: Findings) -> Draft | None:
        """Return what the file gives; from its note if it is the file that the note was made of."""
        mark, note = self._notes.find(candidate.path) if self._notes else (None, None)
        # What is not kept as last good yet is read, so that its bytes are at hand to be kept.
        needless = self._recent is not None or (note is not None and self._kept.get(candidate.path) == note.digest)
        if note and mark and needless and mark == read_mark(candidate.file):
            return recalled(note, candidate)
        self._marks[candidate.path] = read_mark(candidate.file)
        data = read_bytes(candidate, findings)
        if data is None:
            return None
        if note and note.digest == source_digest(data):
            return recalled(note, candidate, data)
        return parse(data, candidate, self._authors, self._settings.publication, findings)

    def _take_notes(self, posts: dict[str, Post]) -> None:
        """Note what was read, and what became something else than before."""
        for path, draft in self._drafts.items():
            making = self._assembly.makings[path]
            mark = self._marks.get(path) or (read_mark(draft.candidate.file) if making is not draft.making else None)
            if self._notes and mark and not draft.is_last_good:
                self._notes.put(path, mark, replace(draft.note, making=making))
        if self._recent:
            self._recent.posts = posts

    def _say_empty(self) -> None:
        findings = Findings(shown_path(self._settings.paths.posts, self._settings.paths.root))
        if len(self._memory):
            findings.error(
                "There is not one post in this folder, but some were published; these stay as they are.",
                "If the folder moved, correct posts under [paths] in briefingfeed.toml. "
                "If all are meant to go, leave a draft here.",
            )
        else:
            findings.warning("There is no post yet.", "Write the first one: briefingfeed new “Its title”")
        self._problems.extend(findings.problems)

    def _replace(self, findings: Findings) -> None:
        """Tell what is wrong with a post, and put its last good version in its place, or nothing."""
        self._problems.extend(findings.problems)
        draft = self._drafts.pop(findings.path, None)
        if draft is None or not draft.is_last_good:
            self._fall_back(findings.path)

    def _fall_back(self, path: str) -> None:
        data = self._last_good.source(path) if path in self._kept else None
        if data is None:
            return
        candidate = self._candidate(path)
        publication = self._settings.publication
        draft = parse(data, candidate, self._authors, publication, Findings(path), is_last_good=True)
        if draft is not None:
            self._drafts[path] = draft

    def _candidate(self, path: str) -> Candidate:
        return describe(self._settings.paths.root / path, path, is_draft="/_drafts/" in path)

    def _settle(self) -> tuple[dict[str, str], dict[str, str]]:
        """Return id and address by path, once nobody is left who has none of their own."""
        while True:
            urls = {path: addresses.post_url(draft.head, self._settings) for path, draft in self._drafts.items()}
            found = identify(
                [_claim(draft, urls[path]) for path, draft in self._drafts.items()],
                self._memory,
                self._settings.publication,
                self._kept_ids,
                lambda day, slug: by_rule(self._settings.ids, day, slug),
            )
            losers = found.findings
            if not losers:
                losers = addresses.find_clashes(self._drafts.values(), urls, found.ids, self._memory)
            if not losers:
                return found.ids, urls
            for findings in losers:
                self._replace(findings)

    def _library(self, posts: Mapping[str, Post], now: datetime | None) -> Library:
        rows = [
            _row(post, self._drafts[path].body_digest, self._memory)
            for path, post in posts.items()
            if _is_remembered(post, self._memory, now)
        ]
        ordered = sorted(posts.values(), key=lambda post: post.id)
        ordered.sort(key=lambda post: post.published, reverse=True)
        sources = {
            path: (draft.source_digest, draft.data)
            for path, draft in self._drafts.items()
            if not (self._recent is not None or draft.is_last_good or self._kept.get(path) == draft.source_digest)
        }
        return Library(
            posts=tuple(ordered),
            problems=tuple(sorted(self._problems, key=place)),
            memory=self._memory.updated(rows),
            unreadable=any(problem.is_error for problem in self._problems),
            sources=MappingProxyType(sources),
            kept=frozenset(self._present),
            notes=self._to_keep,
        )


def _claim(draft: Draft, url: str) -> Claim:
    head = draft.head
    return Claim(
        path=draft.candidate.path,
        written=head.id,
        line=head.lines.get("id") or head.lines.get("date"),
        day=head.date.at.date(),
        slug=head.slug,
        body_digest=draft.body_digest,
        draft=head.draft,
        addresses=(url, *head.aliases),
    )


def _wish(draft: Draft, post_id: str) -> seconds.Wish:
    head = draft.head
    return seconds.Wish(
        post_id=post_id,
        published=head.date.at,
        time_given=head.date.time_given,
        updated=head.updated,
        draft=head.draft,
    )


def _is_remembered(post: Post, memory: IdMemory, now: datetime | None) -> bool:
    """Whether a post's id is fixed: once it can be seen, or once it has been."""
    if memory.get(post.id) is not None:
        return True
    return not post.draft if now is None else post.visible_at(now)


def _row(post: Post, body_digest: str, memory: IdMemory) -> Remembered:
    known = memory.get(post.id)
    return Remembered(
        post_id=post.id,
        path=post.path,
        date=known.date if known else post.published.date(),
        body_digest=body_digest,
        published=post.entry_published,
        updated=post.entry_updated,
    )

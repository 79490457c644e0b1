"""Posts read again and again by one process are what they would be if each were read anew."""

from __future__ import annotations

import os
from pathlib import Path

from briefingfeed.models.post import Author
from briefingfeed.posts.memory import IdMemory
from briefingfeed.posts.recent import RecentNotes
from briefingfeed.posts.store import Library, PostStore

from .conftest import NOW, Publication


def looked_at(publication: Publication, recent: RecentNotes | None) -> Library:
    store = PostStore(publication.settings, publication.people, IdMemory(), code="code", recent=recent)
    return store.load(NOW)


def said(library: Library) -> list[object]:
    posts = [(post.id, post.url, post.title, post.authors, post.body.html, post.fingerprint) for post in library.posts]
    return [posts, library.problems, library.unreadable]


def test_every_change_is_seen(publication: Publication) -> None:
    recent = RecentNotes()
    one = publication.post("2026-11-20-one.md", "First. [Two](2026-11-21-two.md)")
    two = publication.post("2026-11-21-two.md")

    def same_size_same_times() -> None:
        found = one.stat()
        one.write_text(one.read_text().replace("First", "Later"))
        os.utime(one, ns=(found.st_atime_ns, found.st_mtime_ns))

    for change in (
        lambda: None,
        lambda: two.write_text("---\ntitle: Two\nslug: elsewhere\n---\nText."),
        same_size_same_times,
        lambda: two.write_text("---\ntitle: [\n---\n"),
        two.unlink,
        lambda: publication.write("posts/2026-11-22-three.md", "---\ntitle: Three\n---\n"),
        lambda: publication.people.update(ann=Author(name="Ann")),  # type: ignore[attr-defined]
    ):
        change()
        assert said(looked_at(publication, recent)) == said(looked_at(publication, None))


def test_nothing_is_written_and_nothing_kept_to_be_written(publication: Publication) -> None:
    publication.post("2026-11-20-one.md")
    before = set(Path(publication.root).rglob("*"))
    library = looked_at(publication, RecentNotes())
    assert (library.notes, dict(library.sources)) == (None, {})
    assert set(Path(publication.root).rglob("*")) == before

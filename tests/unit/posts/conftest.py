"""A publication in a temporary folder, and the shortest way to put posts into it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from briefingfeed.models.settings import PublicationSettings, Settings, SiteSettings
from briefingfeed.posts.memory import IdMemory
from briefingfeed.posts.store import Library, PostStore, remember_good
from publications import settings_in

if TYPE_CHECKING:
    from briefingfeed.models.post import Author, Post

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


@dataclass
class Publication:
    """Files in `posts/`; each `load` remembers what the one before said, as the service does."""

    root: Path
    people: Mapping[str, Author] = field(default_factory=dict)
    memory: IdMemory = field(default_factory=IdMemory)
    post_url: str = "/posts/{slug}/"
    pages: bool = True
    id_authority: str | None = None
    language: str = "en"
    zone: str = "Europe/London"

    @property
    def settings(self) -> Settings:
        return settings_in(
            self.root,
            publication=PublicationSettings(
                url="https://lantern.example",
                timezone=ZoneInfo(self.zone),
                id_authority=self.id_authority,
                language=self.language,
            ),
            site=SiteSettings(pages=self.pages, post_url=self.post_url),
        )

    def write(self, name: str, content: str | bytes = "") -> Path:
        file = self.root / "posts" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def post(self, name: str, body: str = "Text.", **keys: object) -> Path:
        """Write a post with a YAML head; title and date have defaults, None leaves them out."""
        head = {"title": "A title", "date": "2026-11-24"} | keys
        lines = [f"{key}: {value}" for key, value in head.items() if value is not None]
        return self.write(name, "\n".join(["---", *lines, "---", body]) + "\n")

    def load(self, now: datetime | None = NOW) -> Library:
        library = PostStore(self.settings, self.people, self.memory).load(now)
        self.memory = library.memory
        return library

    def build(self) -> Library:
        """Load, and keep what is good, as a build does."""
        library = self.load()
        remember_good(self.settings, library, NOW)
        return library

    def only(self) -> Post:
        """Load a publication with one sound post."""
        library = self.load()
        assert not [problem for problem in library.problems if problem.is_error]
        (post,) = library.posts
        return post

    def complaints(self) -> list[str]:
        """Load; every problem as `path:line: severity: message`."""
        return [str(problem).split("\n")[0] for problem in self.load().problems]


@pytest.fixture
def publication(tmp_path: Path) -> Publication:
    (tmp_path / "posts").mkdir()
    return Publication(tmp_path)


@pytest.fixture
def render(publication: Publication) -> Callable[..., Post]:
    """Render one body; keys go into its head."""

    def rendered(body: str, **keys: Any) -> Post:
        publication.post("a.md", body, **keys)
        return publication.only()

    return rendered


@pytest.fixture
def publication_in() -> Callable[[Path], Publication]:
    """Make a publication in a folder of one's own."""
    return Publication

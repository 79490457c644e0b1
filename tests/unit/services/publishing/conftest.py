from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from briefingfeed import config
from briefingfeed.feeds.reading import ReadEntry
from briefingfeed.look import Look
from briefingfeed.models.edition import Cadence
from briefingfeed.models.settings import Settings
from briefingfeed.posts.store import Library
from briefingfeed.services.publishing.build import BuildContext, BuildReport, build
from briefingfeed.services.publishing.check import CheckReport, check
from briefingfeed.services.publishing.post_library import load_library, remember_library
from briefingfeed.shipped import shipped_templates
from briefingfeed.storage.database import Database

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)

SETTINGS = """
[publication]
title = "Harbour Notes"
url = "https://harbour.example"
language = "en-GB"
timezone = "Europe/London"
"""


class Desk:
    """A publication in a folder, with its clock."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.now = NOW
        self.reads = 0
        self.accept_as_new = False
        self.published: tuple[ReadEntry, ...] | None = None
        """What a feed elsewhere holds."""
        (root / "posts").mkdir()
        (root / "briefingfeed.toml").write_text(SETTINGS)
        self._database: Database | None = None

    @property
    def settings(self) -> Settings:
        return config.load(self.root / "briefingfeed.toml", provider_names={"outbox"})

    @property
    def templates(self) -> tuple[Path, ...]:
        return (self.settings.paths.templates, shipped_templates())

    @property
    def look(self) -> Look:
        return Look(self.templates, self.settings.publication, self.settings.theme)

    @property
    def database(self) -> Database:
        if self._database is None:
            self._database = Database.open(self.settings.database.url)
        return self._database

    @property
    def public(self) -> Path:
        return self.root / "public"

    def write(self, name: str, text: str) -> Path:
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def post(self, slug: str, *, day: str = "2026-11-20", head: str = "", text: str = "Some words.") -> Path:
        return self.write(f"posts/{day}-{slug}.md", f"---\ntitle: {slug.title()}\n{head}---\n\n{text}\n")

    def load(self) -> Library:
        self.reads += 1
        return load_library(self.settings, self.database, self.now)

    def build(self, **later: float) -> BuildReport:
        self.now += timedelta(**later)
        return build(self.context())

    def context(self) -> BuildContext:
        settings = self.settings
        return BuildContext(
            settings=settings,
            open_look=lambda: self.look,
            load_posts=self.load,
            remember=lambda library: remember_library(settings, self.database, library, self.now),
            templates=self.templates,
            now=self.now,
            accept_as_new=self.accept_as_new,
            fetch_published=None if self.published is None else lambda: self.published or (),
        )

    def check(self, readers: Mapping[Cadence, int] | None = None) -> CheckReport:
        return check(self.settings, self.load(), self.look, self.now, readers)

    def output(self) -> dict[str, tuple[int, int, bytes]]:
        files = (path for path in sorted(self.public.rglob("*")) if path.is_file())
        return {
            path.relative_to(self.public).as_posix(): (path.stat().st_ino, path.stat().st_mtime_ns, path.read_bytes())
            for path in files
        }

    def bytes(self) -> dict[str, bytes]:
        return {path: content for path, (_, _, content) in self.output().items()}

    def forget_database(self) -> None:
        self.close()
        for file in (self.root / "var").glob("briefingfeed.db*"):
            file.unlink()

    def close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.close()

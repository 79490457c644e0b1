from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from briefingfeed.feeds import build_feeds
from briefingfeed.models.post import Post
from briefingfeed.models.problem import Problem
from briefingfeed.models.settings import Settings
from briefingfeed.posts.memory import IdMemory
from briefingfeed.posts.store import PostStore
from harbour_news import NOW, build_post, news_in

A = "{http://www.w3.org/2005/Atom}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
CREATOR = "{http://purl.org/dc/elements/1.1/}creator"
FH = "{http://purl.org/syndication/history/1.0}"
THUMBNAIL = "{http://search.yahoo.com/mrss/}thumbnail"
XML = "{http://www.w3.org/XML/1998/namespace}"

HOME = "https://harbour.example/news/"


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return news_in(tmp_path)


@pytest.fixture
def post() -> Callable[..., Post]:
    return build_post


class Feeds:
    """All documents; those of the folder `at`, the main feed's by default, parsed strictly."""

    def __init__(
        self,
        posts: Sequence[Post],
        settings: Settings,
        now: datetime = NOW,
        at: str = "",
        sizes: Mapping[str, int] | None = None,
    ) -> None:
        self.bytes = {file.path: file.content for file in build_feeds(posts, settings, now, sizes or {})}
        self.at(at)

    def at(self, folder: str) -> Feeds:
        """Turn to another feed, or an archive document."""
        strict = etree.XMLParser(resolve_entities=False, recover=False, huge_tree=True)
        self.atom = etree.fromstring(self.bytes[f"{folder}atom.xml"], strict)
        self.rss = etree.fromstring(self.bytes[f"{folder}rss.xml"], strict)
        self.json = json.loads(self.bytes[f"{folder}feed.json"])
        return self

    @property
    def folders(self) -> list[str]:
        return sorted(path.removesuffix("atom.xml") for path in self.bytes if path.endswith("atom.xml"))

    @property
    def entries(self) -> list[etree._Element]:
        return self.atom.findall(f"{A}entry")

    @property
    def items(self) -> list[etree._Element]:
        return self.rss.findall("channel/item")

    @property
    def ids(self) -> list[str | None]:
        return [entry.findtext(f"{A}id") for entry in self.entries]

    def links(self, relation: str) -> list[str | None]:
        """The addresses with this relation: Atom's, then RSS's."""
        found = [*self.atom.findall(f"{A}link"), *self.rss.findall(f"channel/{A}link")]
        return [link.get("href") for link in found if link.get("rel") == relation]


@dataclass
class Newsroom:
    """Markdown files, read as a build reads them, and the feeds made of them."""

    settings: Settings
    memory: IdMemory = field(default_factory=IdMemory)
    problems: tuple[Problem, ...] = ()

    def write(self, name: str, text: str, **keys: object) -> Path:
        head = {"title": "A title", "date": "2026-11-20"} | keys
        lines = [f"{key}: {value}" for key, value in head.items() if value is not None]
        file = self.settings.paths.posts / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join(["---", *lines, "---", text]) + "\n", encoding="utf-8")
        return file

    def load(self) -> tuple[Post, ...]:
        library = PostStore(self.settings, {}, self.memory).load(NOW)
        self.memory, self.problems = library.memory, library.problems
        return library.posts

    def feeds(self, **arguments: Any) -> Feeds:
        return Feeds(self.load(), self.settings, **arguments)


@pytest.fixture
def newsroom(settings: Settings) -> Newsroom:
    settings.paths.posts.mkdir()
    return Newsroom(settings)

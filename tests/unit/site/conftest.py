from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from briefingfeed.models.blocks import Body, Paragraph, Text
from briefingfeed.models.post import Post
from briefingfeed.models.settings import (
    DatabaseSettings,
    FeedSettings,
    NewsletterSettings,
    PathSettings,
    PublicationSettings,
    Settings,
    SiteSettings,
    WebSettings,
)

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        file=tmp_path / "briefingfeed.toml",
        publication=PublicationSettings(
            title="Harbour Notes", url="https://harbour.example/news", tagline="Tides & rights", language="en-GB"
        ),
        paths=PathSettings(
            root=tmp_path,
            posts=tmp_path / "posts",
            templates=tmp_path / "templates",
            output=tmp_path / "public",
            state=tmp_path / "var",
        ),
        site=SiteSettings(),
        feeds=FeedSettings(),
        newsletter=NewsletterSettings(),
        database=DatabaseSettings(url=f"sqlite:///{tmp_path}/var/briefingfeed.db"),
        web=WebSettings(),
    )


def build_post(slug: str = "mooring", *, days_ago: int = 3, html: str | None = None, **fields: object) -> Post:
    published = NOW.replace(hour=0) - timedelta(days=days_ago)
    values: dict[str, object] = {
        "id": f"tag:harbour.example,{published:%Y-%m-%d}:{slug}",
        "path": f"posts/{published:%Y-%m-%d}-{slug}.md",
        "slug": slug,
        "url": f"https://harbour.example/news/posts/{slug}/",
        "title": slug.capitalize(),
        "published": published,
        "time_given": False,
        "updated": None,
        "entry_published": published + timedelta(seconds=len(slug)),
        "entry_updated": published + timedelta(seconds=len(slug)),
        "language": "en-GB",
        "authors": (),
        "body": Body(
            html=html or f"<p>The quay of {slug}.</p>\n<p>It is long.</p>",
            blocks=(Paragraph((Text(f"The quay of {slug}."),)), Paragraph((Text("It is long."),))),
        ),
        "summary": f"The quay of {slug}.",
        "summary_is_excerpt": True,
    }
    return Post(**{**values, **fields})  # type: ignore[arg-type]


@pytest.fixture
def post() -> Callable[..., Post]:
    return build_post

"""A publication below a path of its host, in British English, and posts of it made by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from briefingfeed.models.blocks import Body, Paragraph, Text
from briefingfeed.models.post import Post
from briefingfeed.models.settings import PublicationSettings, Settings
from publications import settings_in

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def news_in(folder: Path) -> Settings:
    return settings_in(
        folder,
        publication=PublicationSettings(
            title="Harbour Notes", url="https://harbour.example/news", tagline="Tides & rights", language="en-GB"
        ),
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

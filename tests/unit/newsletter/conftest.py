"""Posts and settings made by hand: this room knows nothing of Markdown files."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from briefingfeed.look import Look
from briefingfeed.models.blocks import Body, Paragraph, Text
from briefingfeed.models.post import Author, Post
from briefingfeed.models.settings import NewsletterSettings, PublicationSettings, Settings, WeeklyTime
from briefingfeed.shipped import shipped_templates
from publications import settings_in

LONDON = ZoneInfo("Europe/London")

MakePost = Callable[..., Post]
MakeSettings = Callable[..., Settings]


@pytest.fixture
def make_settings() -> MakeSettings:
    def make(
        *,
        zone: str = "Europe/London",
        weekly: tuple[int, time] = (0, time(8)),
        language: str = "en",
        **newsletter: object,
    ) -> Settings:
        publication = PublicationSettings(
            tagline="What changed this week, and what it means.", timezone=ZoneInfo(zone), language=language
        )
        return settings_in(
            Path("/publication"),
            publication=publication,
            newsletter=replace(NewsletterSettings(weekly=WeeklyTime(*weekly)), **newsletter),
        )

    return make


@pytest.fixture
def settings(make_settings: MakeSettings) -> Settings:
    return make_settings()


@pytest.fixture
def look(settings: Settings) -> Look:
    return Look([shipped_templates()], settings.publication)


@pytest.fixture
def make_post() -> MakePost:
    """Make a post of `day` (`2026-11-24`), midnight in London; anything else as keywords of Post."""

    def make(day: str = "2026-11-20", name: str = "", **fields: object) -> Post:
        published = datetime.fromisoformat(day).replace(tzinfo=LONDON)
        name = name or f"post of {day}"
        slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        text = f"The text of {name}."
        values: dict[str, object] = {
            "id": f"tag:briefings.example,2026:{slug}",
            "path": f"posts/{day}-{slug}.md",
            "slug": slug,
            "url": f"https://briefings.example/posts/{slug}/",
            "title": name,
            "published": published,
            "time_given": False,
            "updated": None,
            "entry_published": published,
            "entry_updated": published,
            "language": "en",
            "authors": (Author(name="Ada Obi"),),
            "body": Body(html=f"<p>{text}</p>", blocks=(Paragraph((Text(text),)),)),
            "summary": text,
            "summary_is_excerpt": True,
        }
        return Post(**{**values, **fields})

    return make


@pytest.fixture
def now() -> datetime:
    """A few minutes after the slot of 2026-W48."""
    return datetime(2026, 11, 23, 8, 5, tzinfo=UTC)

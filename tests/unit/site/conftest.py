from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from briefingfeed.look import Look
from briefingfeed.models.post import Post
from briefingfeed.models.settings import Settings
from briefingfeed.shipped import shipped_templates
from briefingfeed.site import Site, build_site
from harbour_news import NOW, build_post, news_in
from unit.site.pages import FEEDS


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return news_in(tmp_path)


@pytest.fixture
def post() -> Callable[..., Post]:
    return build_post


@pytest.fixture
def built(settings: Settings, now: datetime) -> Callable[..., Site]:
    def build(*posts: Post, settings: Settings = settings, at: datetime = now) -> Site:
        look = Look([settings.paths.templates, shipped_templates()], settings.publication)
        return build_site(posts, settings, look, FEEDS, at)

    return build

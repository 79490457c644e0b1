from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from briefingfeed.models.post import Post
from briefingfeed.models.settings import Settings
from harbour_news import NOW, build_post, news_in


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return news_in(tmp_path)


@pytest.fixture
def post() -> Callable[..., Post]:
    return build_post

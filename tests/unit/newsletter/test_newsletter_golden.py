"""Four editions as they were last looked at, by eye and in a browser.

After a wanted change: `UPDATE_GOLDEN=1 pytest tests/unit/newsletter/test_newsletter_golden.py`, then look at the
difference and at the pages themselves, narrow and wide, light and dark.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from briefingfeed.models.edition import SlotName
from briefingfeed.models.post import Post
from briefingfeed.models.settings import Settings
from briefingfeed.newsletter.placeholders import placeholders_of
from briefingfeed.newsletter.preflight import examine
from unit.newsletter.editions import NAMES, specimen

GOLDEN = Path(__file__).parents[2] / "data" / "newsletter"


@pytest.mark.parametrize("name", NAMES)
def test_golden_pair(name: str, make_post: Callable[..., Post], make_settings: Callable[..., Settings]) -> None:
    edition = specimen(name, make_post, make_settings)
    rendition = edition.rendition()
    assert not [each for each in examine(rendition, edition.digest, edition.settings) if each.stops]
    link = placeholders_of(rendition)[SlotName.UNSUBSCRIBE_URL]
    for kind, part in (("html", rendition.html), ("txt", rendition.text)):
        golden, rendered = GOLDEN / f"{name}.{kind}", part.replace(link, "https://unsubscribe.invalid/")
        if os.environ.get("UPDATE_GOLDEN"):
            golden.write_text(rendered, encoding="utf-8")
        assert rendered == golden.read_text(encoding="utf-8")

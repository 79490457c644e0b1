"""docs/glossary.md knows every state there is, and the words that the commands use for it."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path

import pytest

from briefingfeed.cli.words import DELIVERY_WORDS
from briefingfeed.models.delivery import DeliveryState
from briefingfeed.models.edition import EditionState
from briefingfeed.models.subscriber import SubscriberState

GLOSSARY = (Path(__file__).parents[2] / "docs" / "glossary.md").read_text(encoding="utf-8")


def rows(heading: str) -> dict[str, str]:
    """Return the first two cells of each row of the table under a heading."""
    section = GLOSSARY.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return dict(re.findall(r"^\| `([a-z]+)` \| ([^|]+) \|", section, re.MULTILINE))


@pytest.mark.parametrize(
    ("heading", "states"),
    [
        ("States of a delivery", DeliveryState),
        ("States of an edition", EditionState),
        ("States of a subscriber", SubscriberState),
    ],
)
def test_the_glossary_explains_every_state(heading: str, states: type[StrEnum]) -> None:
    assert set(states) <= set(rows(heading))


def test_the_glossary_gives_the_words_that_people_read() -> None:
    assert rows("States of a delivery") == {str(state): word for state, word in DELIVERY_WORDS.items()}

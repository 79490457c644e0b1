"""docs/smtp.md quotes what the program says, and not what it once said."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "smtp.md").read_text(encoding="utf-8")
SERVERS_WORDS = {"greylisted"}


SOURCES = (
    *sorted((ROOT / "src/briefingfeed/providers").glob("smtp*.py")),
    ROOT / "src/briefingfeed/services/telling/words.py",
)
QUOTED = {*re.findall(r"“([^”]+)”", PAGE), *re.findall(r"^> (.+?)[:.] ", PAGE, re.MULTILINE)} - SERVERS_WORDS


def said() -> str:
    """Everything in quotation marks in the code that speaks, adjacent pieces joined."""
    text = "\n".join(file.read_text(encoding="utf-8") for file in SOURCES)
    return re.sub(r"\"\s*\n\s*f?\"", "", text)


@pytest.mark.parametrize("quoted", sorted(QUOTED))
def test_every_quotation_is_true(quoted: str) -> None:
    for piece in filter(None, (each.strip() for each in re.split(r"…|\d+ per hour", quoted))):
        assert piece in said()

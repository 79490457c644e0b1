"""docs/dkim.md quotes what the program says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "dkim.md").read_text(encoding="utf-8")
SOURCES = (
    *sorted((ROOT / "src/briefingfeed/dkim").glob("*.py")),
    ROOT / "src/briefingfeed/services/sending/signing.py",
    ROOT / "src/briefingfeed/services/keeping/keys.py",
)
BUTTONS = {"Show original"}
"""Of mail programs."""
QUOTED = {*re.findall(r"“([^”]+)”", PAGE), *re.findall(r"^> (.+?)$", PAGE, re.MULTILINE)} - BUTTONS


def said() -> str:
    text = "\n".join(file.read_text(encoding="utf-8") for file in SOURCES)
    text = re.sub(r"\"\s*\n\s*f?\"", "", text)
    return re.sub(r"\{[^{}]*\}", "…", text)


@pytest.mark.parametrize("quoted", sorted(QUOTED))
def test_every_quotation_is_true(quoted: str) -> None:
    for piece in filter(None, (each.strip() for each in re.split(r"…|1024|2048|\[smtp\]", quoted))):
        assert piece in said()

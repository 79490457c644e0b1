"""How a language is named, and which way it is written."""

from __future__ import annotations

import re
from typing import Literal

Direction = Literal["ltr", "rtl"]
"""As HTML's attribute `dir` has it."""

_TAG = re.compile(
    r"[a-z]{2,3}(-[a-z]{3}){0,3}(-[a-z]{4})?(-([a-z]{2}|\d{3}))?(-([a-z\d]{5,8}|\d[a-z\d]{3}))*"
    r"(-[a-wyz\d](-[a-z\d]{2,8})+)*(-x(-[a-z\d]{1,8})+)?",
    re.ASCII | re.IGNORECASE,
)
_RIGHT_TO_LEFT = frozenset(
    {"ar", "arc", "ckb", "dv", "fa", "he", "ks", "nqo", "pnb", "ps", "sd", "syr", "ug", "ur", "yi"}
)
"""By the script that most write them in (CLDR, likely subtags)."""
_SCRIPTS_RIGHT_TO_LEFT = frozenset({"adlm", "arab", "hebr", "nkoo", "rohg", "syrc", "thaa"})


def is_tag(language: str) -> bool:
    """Tell whether this is a tag by the syntax of BCP 47 (RFC 5646, 2.1), such as `en-GB`. The tags that are older
    than it (`i-klingon`) and private ones (`x-ours`) are not."""
    return _TAG.fullmatch(language) is not None


def direction(language: str) -> Direction:
    """Go by the script that a BCP 47 tag names (`az-Arab`), else by its language."""
    main, *subtags = language.lower().split("-")
    script = next((subtag for subtag in subtags if len(subtag) == 4 and subtag.isalpha()), None)
    mirrored = script in _SCRIPTS_RIGHT_TO_LEFT if script else main in _RIGHT_TO_LEFT
    return "rtl" if mirrored else "ltr"

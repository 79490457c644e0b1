"""Which way a language is written."""

from __future__ import annotations

from typing import Literal

Direction = Literal["ltr", "rtl"]
"""As HTML's attribute `dir` has it."""

_RIGHT_TO_LEFT = frozenset(
    {"ar", "arc", "ckb", "dv", "fa", "he", "ks", "nqo", "pnb", "ps", "sd", "syr", "ug", "ur", "yi"}
)
"""By the script that most write them in (CLDR, likely subtags)."""
_SCRIPTS_RIGHT_TO_LEFT = frozenset({"adlm", "arab", "hebr", "nkoo", "rohg", "syrc", "thaa"})


def direction(language: str) -> Direction:
    """Go by the script that a BCP 47 tag names (`az-Arab`), else by its language."""
    main, *subtags = language.lower().split("-")
    script = next((subtag for subtag in subtags if len(subtag) == 4 and subtag.isalpha()), None)
    mirrored = script in _SCRIPTS_RIGHT_TO_LEFT if script else main in _RIGHT_TO_LEFT
    return "rtl" if mirrored else "ltr"

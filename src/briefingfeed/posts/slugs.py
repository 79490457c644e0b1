"""Slugs: the short names that addresses and first ids are made from."""

from __future__ import annotations

import hashlib
import re
import unicodedata

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,99}")
LONGEST = 100
_BREAKS = re.compile(r"[^a-z0-9]+")
_LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe", "ø": "o", "Ø": "o", "ł": "l",
    "Ł": "l", "đ": "d", "Đ": "d", "ð": "d", "Ð": "d", "þ": "th", "Þ": "th", "ı": "i", "’": "", "'": ""})  # fmt: skip


def slugify(text: str) -> str:
    """Return a slug for any text: `^[a-z0-9][a-z0-9-]{0,99}$`.

    Accents go, German ß and the like are spelt out. Where letters of other scripts would be lost, a short hash of the
    text keeps two slugs apart: `日本` becomes `post-` and eight hexadecimal digits.
    """
    if SLUG.fullmatch(text):
        return text
    plain = unicodedata.normalize("NFKD", text.translate(_LETTERS)).lower()
    kept = "".join(character for character in plain if not unicodedata.combining(character))
    slug = _BREAKS.sub("-", kept).strip("-")
    if any(character.isalnum() and not character.isascii() for character in kept):
        digits = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        return f"{_cut(slug, LONGEST - 9) or 'post'}-{digits}"
    return _cut(slug, LONGEST) or "post"


def _cut(slug: str, most: int) -> str:
    if len(slug) <= most:
        return slug
    whole_words = slug[: most + 1].rpartition("-")[0]
    return (whole_words if len(whole_words) > most // 2 else slug[:most]).strip("-")

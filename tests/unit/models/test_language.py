from __future__ import annotations

import pytest

from briefingfeed.models.language import direction


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("ar", "rtl"),
        ("HE", "rtl"),
        ("fa-IR", "rtl"),
        ("az-Arab", "rtl"),
        ("pa-arab-PK", "rtl"),
        ("en", "ltr"),
        ("ar-Latn", "ltr"),
        ("ku", "ltr"),
        ("az", "ltr"),
        ("sl-rozaj-biske", "ltr"),
    ],
)
def test_direction_follows_script_and_language(language: str, expected: str) -> None:
    assert direction(language) == expected

from __future__ import annotations

import pytest

from briefingfeed.models.language import direction, is_tag


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


@pytest.mark.parametrize(
    "language",
    [
        "en",
        "cy",
        "EN-gb",
        "ckb",
        "zh-Hans",
        "zh-cmn-Hans-CN",
        "es-419",
        "sl-rozaj",
        "de-CH-1996",
        "en-u-ca-buddhist",
        "en-x-ours",
    ],
)
def test_tags_of_bcp_47_are_known(language: str) -> None:
    assert is_tag(language)


@pytest.mark.parametrize("language", ["", "e", "english", "en_GB", "en-", "en-GBR-", "en GB", "en-u", "en-G", "ën"])
def test_what_is_no_tag_is_none(language: str) -> None:
    assert not is_tag(language)

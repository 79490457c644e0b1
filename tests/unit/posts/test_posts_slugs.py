from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefingfeed.posts.slugs import SLUG, slugify


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("housing", "housing"),
        ("Our Reply, at last!", "our-reply-at-last"),
        ("Zoë Brânză", "zoe-branza"),
        ("Straße & Łódź", "strasse-lodz"),
        ("don’t panic", "dont-panic"),
        ("../../etc/passwd", "etc-passwd"),
        ("--x--", "x"),
        ("a_b", "a-b"),
        ("", "post"),
        ("!!!", "post"),
        ("日本", "post-"),
        ("日本 2026", "2026-"),
        ("word " * 40, "word-"),
    ],
)
def test_slugs(text: str, slug: str) -> None:
    assert slugify(text).startswith(slug)
    assert SLUG.fullmatch(slugify(text))


def test_different_scripts_do_not_become_the_same_slug() -> None:
    assert slugify("日本") != slugify("中国")
    assert slugify("日本") == slugify("日本")


@given(st.text(max_size=300))
def test_any_text_gives_a_slug(text: str) -> None:
    assert SLUG.fullmatch(slugify(text))


@given(st.text(max_size=200))
def test_a_slug_stays_as_it_is(text: str) -> None:
    assert slugify(slugify(text)) == slugify(text)

from __future__ import annotations

import pytest

from briefingfeed.feeds.addresses import FORMATS, OPML
from briefingfeed.web.media import cache_control, is_feed, is_text, media_type, opened_type


def test_33_every_format_of_ours_has_its_own_type() -> None:
    for kind in FORMATS:
        assert media_type(kind.file) == f"{kind.media_type}; charset=utf-8"
        assert is_feed(kind.file)
    assert media_type(OPML) == "text/x-opml; charset=utf-8"
    assert media_type("closing-dates.ics") == "text/calendar; charset=utf-8"
    assert not is_feed(OPML)


def test_39_what_a_stylesheet_makes_a_page_is_opened_as_xml() -> None:
    assert {opened_type(name) for name in ("atom.xml", "rss.xml")} == {"application/xml; charset=utf-8"}
    assert {opened_type(name) for name in ("feed.json", OPML, "other.xml", "index.html", "quay.svg")} == {None}


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.woff2", "a.mp3", "a.pdf", "a.zip", "a", "a.unknown"])
def test_34_what_is_compressed_already_is_no_text(name: str) -> None:
    assert not is_text(media_type(name))
    assert "charset" not in media_type(name)


@pytest.mark.parametrize("name", ["a.html", "a.css", "a.js", "a.svg", "a.txt", "a.json", "a.xml", "a.ics"])
def test_34_texts_are_worth_compressing(name: str) -> None:
    assert is_text(media_type(name))
    assert media_type(name).endswith("; charset=utf-8")


@pytest.mark.parametrize(
    ("name", "by_hash", "pushed", "expected"),
    [
        ("atom.xml", False, False, "public, max-age=300, must-revalidate"),
        ("atom.xml", False, True, "no-cache"),
        ("closing-dates.ics", False, False, "public, max-age=300, must-revalidate"),
        ("opml.xml", False, False, "public, max-age=300, must-revalidate"),
        ("index.html", False, False, "no-cache"),
        ("site.css", False, False, "no-cache"),
        ("site.css", True, False, "public, max-age=31536000, immutable"),
        ("quay.png", False, False, "public, max-age=3600"),
        ("quay.svg", False, False, "public, max-age=3600"),
        ("report.pdf", False, False, "public, max-age=3600"),
    ],
)
def test_34_each_kind_may_be_kept_for_its_time(name: str, by_hash: bool, pushed: bool, expected: str) -> None:
    assert cache_control(name, by_hash=by_hash, pushed=pushed) == expected

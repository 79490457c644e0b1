"""What servers in front of us would do otherwise: parts, caching, hub links, old addresses, opened feeds (33 to 39)."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from briefingfeed.models.settings import FeedSettings, PublicationSettings
from briefingfeed.web import shelf

FILM = bytes(range(256)) * 40


@pytest.fixture
def built(publication):
    files = {
        "index.html": b"home " * 100,
        "subscribe/index.html": b"subscribe",
        "atom.xml": b"<feed/>" * 100,
        "topics/water/rss.xml": b"<rss/>" * 100,
        "archive/2026-11/feed.json": b"{}" * 100,
        "assets/site.css": b"a{}" * 100,
        "film.mp4": FILM,
        "_redirects": b"# head\n/old/ /posts/ 301\n/a/b/feed.xml /atom.xml 301\n"
        b"/x https://elsewhere.example/?a=1 301\n",
    }
    for name, content in files.items():
        file = publication.output / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return publication


def with_hub(publication, hub="https://hub.example/?a=1&b=ü", url="https://harbour.example/nöws"):
    settings = replace(
        publication.settings,
        feeds=FeedSettings(websub_hub=hub),
        publication=PublicationSettings(url=url),
    )
    return replace(publication, settings=settings)


@pytest.fixture(params=["kept", "too large to keep"])
def film(request, built, monkeypatch):
    if request.param != "kept":
        monkeypatch.setattr(shelf, "MOST_OF_ONE", 1000)
    return built


def test_34_a_film_is_sent_whole_and_in_parts(film):
    whole = film.ask("GET", "/film.mp4")
    assert (whole.status_code, whole.content, whole.headers["accept-ranges"]) == (200, FILM, "bytes")
    assert whole.headers["etag"] == f'"{hashlib.sha256(FILM).hexdigest()}"'
    assert "vary" not in whole.headers
    part = film.ask("GET", "/film.mp4", headers={"range": "bytes=300-999", "if-range": whole.headers["etag"]})
    assert (part.status_code, part.content) == (206, FILM[300:1000])
    assert part.headers["content-range"] == f"bytes 300-999/{len(FILM)}"
    behind = film.ask("GET", "/film.mp4", headers={"range": f"bytes={len(FILM)}-"})
    assert (behind.status_code, behind.headers["content-range"]) == (416, f"bytes */{len(FILM)}")
    head = film.ask("HEAD", "/film.mp4", headers={"range": "bytes=0-1"})
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(FILM)))
    known = film.ask("GET", "/film.mp4", headers={"if-none-match": whole.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")


def test_34_texts_come_whole(built):
    answer = built.ask("GET", "/atom.xml", headers={"range": "bytes=0-1"})
    assert (answer.status_code, answer.headers["accept-ranges"]) == (200, "none")


def test_34_a_304_says_what_caches_need_and_no_more(built):
    first = built.ask("GET", "/atom.xml")
    answer = built.ask("GET", "/atom.xml", headers={"if-none-match": first.headers["etag"]})
    for name in ("etag", "cache-control", "vary", "last-modified"):
        assert answer.headers[name] == first.headers[name]
    assert "content-type" not in answer.headers
    assert "content-length" not in answer.headers


def test_34_only_the_hash_of_these_very_bytes_is_kept_for_ever(built):
    digest = hashlib.sha256(b"a{}" * 100).hexdigest()[:12]
    kept = {
        query: built.ask("GET", f"/assets/site.css{query}").headers["cache-control"]
        for query in (f"?v={digest}", "?v=0123456789ab", "?v=", "")
    }
    assert kept == {
        f"?v={digest}": "public, max-age=31536000, immutable",
        **dict.fromkeys(("?v=0123456789ab", "?v=", ""), "no-cache"),
    }


def test_34_without_a_hub_feeds_are_kept_for_minutes(built):
    answer = built.ask("GET", "/atom.xml")
    assert answer.headers["cache-control"] == "public, max-age=300, must-revalidate"
    assert "link" not in answer.headers


@pytest.mark.parametrize("path", ["/atom.xml", "/topics/water/rss.xml"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_36_the_link_header_is_ascii_and_names_hub_and_self(built, path, method):
    answer = with_hub(built).ask(method, path)
    assert answer.headers.get_list("link") == [
        f'<https://hub.example/?a=1&b=%C3%BC>; rel="hub", <https://harbour.example/n%C3%B6ws{path}>; rel="self"'
    ]
    assert answer.headers["cache-control"] == "no-cache"


def test_36_the_months_of_the_past_name_no_hub(built):
    answer = with_hub(built).ask("GET", "/archive/2026-11/feed.json")
    assert "link" not in answer.headers
    assert answer.headers["content-type"] == "application/feed+json; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=300, must-revalidate"


@pytest.mark.parametrize(
    ("old", "location"),
    [
        ("/old/", "../posts/"),
        ("/old", "./posts/"),
        ("/a/b/feed.xml", "../../atom.xml"),
        ("/a/b/feed.xml?utm=1", "../../atom.xml"),
        ("/x", "https://elsewhere.example/?a=1"),
    ],
)
@pytest.mark.parametrize("below", ["", "/mail"])
def test_35_old_addresses_lead_on_wherever_the_site_is_shown(built, old, location, below):
    for method in ("GET", "HEAD"):
        answer = built.at(f"https://harbour.example{below}").ask(method, below + old)
        assert (answer.status_code, answer.headers["location"]) == (301, location)


def test_35_the_list_of_the_next_build_counts_at_once(built):
    (built.output / "_redirects").write_text("/new/ /posts/ 301\n")
    assert built.ask("GET", "/new/").status_code == 301
    assert built.ask("GET", "/old/").status_code == 404
    (built.output / "_redirects").unlink()
    assert built.ask("GET", "/new/").status_code == 404


def test_35_of_a_site_below_a_path_only_what_is_below_it_is_old(built):
    (built.output / "_redirects").write_text("/news/old/ /news/posts/ 301\n/older/ /posts/ 301\n")
    news = replace(
        built, settings=replace(built.settings, publication=PublicationSettings(url="https://h.example/news"))
    )
    for path in ("/old/", "/news/old/"):  # a proxy may cut the path off
        assert news.ask("GET", path).headers["location"] == "../posts/"
    assert news.ask("GET", "/older/").status_code == 404


@pytest.mark.parametrize("path", ["/atom.xml", "/topics/water/rss.xml"])
def test_39_each_form_of_a_feed_has_an_entity_tag_of_its_own(built, path):
    """Else a 304 could tell a cache that has the feed to show it to a browser, with the feed's own type."""
    forms = [
        {"accept-encoding": coding, **opened}
        for coding in ("identity", "gzip")
        for opened in ({}, {"sec-fetch-dest": "document"})
    ]
    answers = [built.ask("GET", path, headers=form) for form in forms]
    assert len({answer.headers["etag"] for answer in answers}) == len(forms)
    assert {answer.headers["vary"] for answer in answers} == {"Accept-Encoding, Sec-Fetch-Dest"}
    for form, answer in zip(forms, answers, strict=True):
        head = built.ask("HEAD", path, headers=form)
        assert (head.content, dict(head.headers)) == (b"", dict(answer.headers))
        for other in answers:
            again = built.ask("GET", path, headers={**form, "if-none-match": other.headers["etag"]})
            assert again.status_code == (304 if other is answer else 200)
            assert (again.headers["etag"], again.headers["vary"]) == (answer.headers["etag"], answer.headers["vary"])


def test_39_only_opened_feeds_come_as_xml(built):
    opened = with_hub(built).ask("GET", "/atom.xml", headers={"sec-fetch-dest": "document"})
    usual = with_hub(built).ask("GET", "/atom.xml", headers={"sec-fetch-dest": "empty"})
    assert opened.headers["content-type"] == "application/xml; charset=utf-8"
    assert usual.headers["content-type"] == "application/atom+xml; charset=utf-8"
    assert (opened.content, opened.headers["link"]) == (usual.content, usual.headers["link"])
    for path in ("/", "/assets/site.css", "/archive/2026-11/feed.json", "/film.mp4"):
        answer = built.ask("GET", path, headers={"sec-fetch-dest": "document"})
        assert dict(answer.headers) == dict(built.ask("GET", path).headers)
        assert "Sec-Fetch-Dest" not in answer.headers.get("vary", "")


def test_only_the_page_with_the_copy_buttons_may_run_a_script(built):
    policies = {path: built.ask("GET", path).headers["content-security-policy"] for path in ("/", "/subscribe/")}
    assert "script-src" not in policies["/"]
    assert policies["/subscribe/"] == f"{policies['/']}; script-src 'self'"

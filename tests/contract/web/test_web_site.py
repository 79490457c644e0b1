"""The built site as `briefingfeed serve` shows it."""

from __future__ import annotations

import pytest


@pytest.fixture
def built(publication):
    files = {
        "index.html": "home",
        "404.html": "own 404",
        "atom.xml": "<feed/>",
        "rss.xml": "<rss/>",
        "feed.json": "{}",
        "closing.ics": "BEGIN:VCALENDAR",
        "site.css": "a{}",
        "posts/straße/index.html": "a post",
        "posts/straße/chart.webp": "picture",
        ".secret": "hidden",
        ".git/config": "hidden",
        "posts/.draft.html": "hidden",
    }
    for name, content in files.items():
        file = publication.output / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    (publication.settings.paths.root / "outside.html").write_text("hidden")
    (publication.output / "link.html").symlink_to(publication.settings.paths.root / "outside.html")
    return publication


@pytest.mark.parametrize(
    ("path", "media_type", "text"),
    [
        ("/", "text/html; charset=utf-8", "home"),
        ("/index.html", "text/html; charset=utf-8", "home"),
        ("/atom.xml", "application/atom+xml; charset=utf-8", "<feed/>"),
        ("/rss.xml", "application/rss+xml; charset=utf-8", "<rss/>"),
        ("/feed.json", "application/feed+json; charset=utf-8", "{}"),
        ("/closing.ics", "text/calendar; charset=utf-8", "BEGIN:VCALENDAR"),
        ("/site.css", "text/css; charset=utf-8", "a{}"),
        ("/posts/stra%C3%9Fe/", "text/html; charset=utf-8", "a post"),
        ("/posts/stra%C3%9Fe/chart.webp", "image/webp", "picture"),
        ("/site.css?v=1", "text/css; charset=utf-8", "a{}"),
    ],
)
def test_files_come_with_their_media_type(built, path, media_type, text):
    answer = built.ask("GET", path)
    assert (answer.status_code, answer.headers["content-type"], answer.text) == (200, media_type, text)
    head = built.ask("HEAD", path)
    assert (head.status_code, head.headers["content-type"], head.content) == (200, media_type, b"")


def test_a_file_that_did_not_change_is_not_sent_again(built):
    first = built.ask("GET", "/atom.xml")
    assert built.ask("GET", "/atom.xml", headers={"if-none-match": first.headers["etag"]}).status_code == 304
    since = {"if-modified-since": first.headers["last-modified"]}
    assert built.ask("GET", "/atom.xml", headers=since).status_code == 304


def test_a_folder_without_its_slash_leads_to_the_folder(built):
    answer = built.ask("GET", "/posts/stra%C3%9Fe")
    assert answer.status_code == 308
    assert answer.headers["location"] == "./stra%C3%9Fe/"


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/posts/",
        "/index.html/",
        "/index.html/x",
        "/.secret",
        "/.git/config",
        "/posts/.draft.html",
        "/link.html",
        "/../outside.html",
        "/%2e%2e/outside.html",
        "/posts/%2e%2e/%2e%2e/outside.html",
        "/..%2foutside.html",
        "//etc/passwd",
        "/%2fetc%2fpasswd",
        "/a%00b",
        "/" + "a" * 3000,
    ],
)
def test_what_is_not_of_the_site_is_its_own_404_page(built, path):
    answer = built.ask("GET", path)
    assert (answer.status_code, answer.text) == (404, "own 404")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


def test_without_a_build_the_page_says_what_to_run(publication):
    answer = publication.ask("GET", "/")
    assert answer.status_code == 404
    assert "briefingfeed build" in answer.text


def test_a_site_without_a_404_page_of_its_own_gets_ours(built):
    (built.output / "404.html").unlink()
    answer = built.ask("GET", "/nowhere")
    assert answer.status_code == 404
    assert "nothing at this address" in answer.text
    assert "briefingfeed build" not in answer.text


def test_the_site_can_be_served_below_a_path(built):
    below = built.at("https://harbour.example/mail")
    for path in ("/", "/mail/"):
        assert below.ask("GET", path).text == "home"


def test_the_path_itself_leads_to_the_site_without_naming_a_host(built):
    answer = built.at("https://harbour.example/mail").ask("GET", "/mail", headers={"host": "evil.example"})
    assert answer.status_code == 308
    assert answer.headers["location"] == "/mail/"

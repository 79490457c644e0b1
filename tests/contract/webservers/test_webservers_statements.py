"""Statements 33 to 36 of the feeds' checklist, about what goes over the wire: our own server, nginx, Apache, Caddy."""

from __future__ import annotations

import gzip
import re
import warnings
from urllib.parse import quote

import feedparser
import httpx
import pytest
from lxml import etree

from servers.web_servers import Server

FEEDS = {
    "/atom.xml": "application/atom+xml",
    "/rss.xml": "application/rss+xml",
    "/feed.json": "application/feed+json",
}
TEXTS = {
    **FEEDS,
    "/closing-dates.ics": "text/calendar",
    "/opml.xml": "text/x-opml",
    "/": "text/html",
    "/posts/mooring/": "text/html",
    "/assets/site.css": "text/css",
}

OPENED = ("/atom.xml", "/rss.xml", "/topics/water/rss.xml", "/archive/2026-10/atom.xml")
BY_BROWSER = {"sec_fetch_dest": "document"}


def picture(newsroom) -> str:
    (file,) = newsroom.public.rglob("quay*.png")
    return "/" + file.relative_to(newsroom.public).as_posix()


@pytest.mark.parametrize("path", TEXTS)
def test_33_media_type_and_charset(server, newsroom, path):
    answer = server.ask(path)
    kind, _, charset = answer.headers["content-type"].partition(";")
    assert (answer.status_code, kind, charset.strip().lower()) == (200, TEXTS[path], "charset=utf-8")
    file = newsroom.public / path.lstrip("/")
    assert answer.content == (file / "index.html" if path.endswith("/") else file).read_bytes()


def test_33_archive_documents_have_it_too(server):
    assert server.ask("/archive/2026-10/atom.xml").headers["content-type"].startswith("application/atom+xml;")


def test_33_images_have_no_charset(server, newsroom):
    assert server.ask(picture(newsroom)).headers["content-type"] == "image/png"


@pytest.mark.parametrize("path", FEEDS)
@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_34_what_is_known_already_is_304_without_body(server, path, coding):
    first = server.ask(path, accept_encoding=coding)
    etag, date = first.headers["etag"], first.headers["last-modified"]
    conditions = [
        {"if_none_match": etag},
        {"if_none_match": f'"other", {etag}, W/"another"'},
        {"if_none_match": "W/" + etag.removeprefix("W/")},
        {"if_none_match": "*"},
        {"if_modified_since": date},
        {"if_none_match": etag, "if_modified_since": date},
    ]
    if server.name in ("serve", "caddy"):  # the others want both to fit
        conditions.append({"if_none_match": etag, "if_modified_since": "Thu, 01 Jan 1970 00:00:00 GMT"})
    for condition in conditions:
        again = server.ask(path, accept_encoding=coding, **condition)
        assert (again.status_code, again.content) == (304, b""), condition
        assert again.headers["cache-control"] == first.headers["cache-control"]
        assert varies(again) == varies(first)
        assert strong(again.headers["etag"]) in (strong(etag), strong(etag).replace("-gzip", ""))
        assert again.headers.get("content-length", "0") == "0"


@pytest.mark.parametrize("path", FEEDS)
def test_34_what_is_not_known_is_sent_whole(server, path):
    first = server.ask(path)
    for condition in (
        {"if_none_match": '"other"'},
        {"if_modified_since": "Thu, 01 Jan 1970 00:00:00 GMT"},
        {"if_none_match": '"other"', "if_modified_since": first.headers["last-modified"]},
    ):
        again = server.ask(path, **condition)
        assert (again.status_code, again.content) == (200, first.content), condition


@pytest.mark.parametrize("path", [*TEXTS, "picture"])
@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_34_head_has_the_headers_of_get(server, newsroom, path, coding):
    path = picture(newsroom) if path == "picture" else path
    get, head = (comparable(server.ask(path, method, accept_encoding=coding)) for method in ("GET", "HEAD"))
    if server.name != "serve":
        # They compress while sending, and cannot know the length before.
        for name in ("content-length", "transfer-encoding"):
            get.pop(name, None)
            head.pop(name, None)
    assert head == get
    assert server.ask(path, "HEAD", accept_encoding=coding).content == b""


@pytest.mark.parametrize("path", TEXTS)
def test_34_gzip_is_another_variant(server, path):
    plain = server.ask(path)
    with httpx.stream("GET", server.address + path, headers={"accept-encoding": "gzip"}, timeout=60) as packed:
        raw = b"".join(packed.iter_raw())
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(raw) == plain.content
    assert len(raw) < len(plain.content)
    for answer in (plain, packed):
        assert "accept-encoding" in answer.headers["vary"].lower()
    if server.name != "caddy":  # 2.6 gives both the same one
        assert packed.headers["etag"] != plain.headers["etag"]
    assert "content-encoding" not in plain.headers


def test_34_images_are_not_compressed_again(server, newsroom):
    answer = server.ask(picture(newsroom), accept_encoding="gzip")
    assert "content-encoding" not in answer.headers


def test_34_the_etag_is_strong_for_the_plain_bytes(server):
    assert re.fullmatch(r'"[^"]+"', server.ask("/atom.xml").headers["etag"])


def test_34_cache_control_says_how_long(server, newsroom):
    style = re.search(r"assets/site\.css\?v=\w+", server.ask("/").text)
    expected = {
        **dict.fromkeys(FEEDS, "no-cache"),
        "/": "no-cache",
        "/posts/mooring/": "no-cache",
        "/" + style[0]: "public, max-age=31536000, immutable",
        picture(newsroom): "public, max-age=3600",
    }
    assert {path: server.ask(path).headers.get_list("cache-control") for path in expected} == {
        path: [value] for path, value in expected.items()
    }


@pytest.mark.parametrize("path", ["/atom.xml", "/rss.xml"])
def test_34_feedparser_is_told_that_nothing_changed(server, path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        first = feedparser.parse(server.address + path)
        assert (first.status, first.bozo, first.entries[0].title) == (200, False, "Mooring")
        by_etag = feedparser.parse(server.address + path, etag=first.etag)
        by_date = feedparser.parse(server.address + path, modified=first.modified)
    assert [(answer.status, answer.entries) for answer in (by_etag, by_date)] == [(304, []), (304, [])]


def test_34_a_build_is_seen_at_once_and_what_it_left_alone_is_304(server, newsroom):
    before = {path: server.ask(path).headers["etag"] for path in ("/atom.xml", "/assets/site.css")}
    post = next(newsroom.folder.glob("posts/*.md"))
    text = post.read_text()
    try:
        post.write_text(text.replace("The quay", f"In {server.name} the quay"))
        newsroom.build()
        after = server.ask("/atom.xml", if_none_match=before["/atom.xml"])
        assert after.status_code == 200
        assert f"In {server.name} the quay" in after.text
        assert server.ask("/assets/site.css", if_none_match=before["/assets/site.css"]).status_code == 304
    finally:
        post.write_text(text)
        newsroom.build()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/feed.xml", "/atom.xml"),
        ("/feed.xml?utm=1", "/atom.xml"),
        ("/feeds/posts/default", "/rss.xml"),
        ("/feeds/posts/default?alt=rss", "/rss.xml"),
        ("/old/address/", "/posts/mooring/"),
        ("/2019/%C3%BCber.html", "/posts/mooring/"),
    ],
)
def test_35_an_old_address_is_301(server, old, new):
    answer = server.ask(old)
    assert answer.status_code == 301
    assert httpx.URL(server.address + old).join(answer.headers["location"]) == httpx.URL(server.address + new)
    assert httpx.get(server.address + old, follow_redirects=True, timeout=60).status_code == 200


def test_35_an_old_address_may_lead_elsewhere(server):
    answer = server.ask("/" + "a-long-way-" * 20)
    assert (answer.status_code, answer.headers.get("location")) == (301, "https://elsewhere.example/x?a=1&b=2#top")


def test_35_feedparser_learns_the_new_address(server):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        feed = feedparser.parse(f"{server.address}/feed.xml")
    assert (feed.status, feed.href) == (301, f"{server.address}/atom.xml")


def test_35_the_list_of_old_addresses_is_not_shown(server):
    assert server.ask("/_redirects").status_code == 404


@pytest.mark.parametrize("path", FEEDS)
def test_36_the_link_header_names_hub_and_self_once(server, path):
    for coding in ("identity", "gzip"):
        links = server.ask(path, accept_encoding=coding).headers.get_list("link")
        assert links == [f'<https://hub.example/>; rel="hub", <https://briefings.example{path}>; rel="self"']


def test_36_header_and_document_say_the_same(server, newsroom):
    """Of each feed that the build made: everything, topics, months."""
    files = [file for name in FEEDS for file in newsroom.public.rglob(name[1:])]
    assert len(files) >= 12
    for file in files:
        path = file.relative_to(newsroom.public).as_posix()
        answer = server.ask("/" + quote(path))
        header = re.findall(r'<([^>]+)>; rel="(\w+)"', answer.headers.get("link", ""))
        assert sorted(header) == ([] if path.startswith("archive/") else sorted(links_in(answer)))
        assert [relation for _, relation in header] == ([] if path.startswith("archive/") else ["hub", "self"])


def links_in(answer: httpx.Response) -> list[tuple[str, str]]:
    if "json" in answer.headers["content-type"]:
        feed = answer.json()
        return [(feed["hubs"][0]["url"], "hub"), (feed["feed_url"], "self")]
    root = etree.fromstring(answer.content)
    found = (root if root.tag.startswith("{") else root[0]).findall("{http://www.w3.org/2005/Atom}link")
    return [(link.get("href"), link.get("rel")) for link in found if link.get("rel") in ("hub", "self")]


@pytest.mark.parametrize("path", ["/", "/assets/site.css", "/archive/2026-10/atom.xml", "/nowhere"])
def test_36_what_nobody_subscribes_to_names_no_hub(server, path):
    assert "link" not in server.ask(path).headers


def test_what_is_missing_is_the_sites_own_404_page(server, newsroom):
    for path in ("/nowhere", "/.secret", "/posts/nowhere/"):
        answer = server.ask(path)
        assert (answer.status_code, answer.content) == (404, (newsroom.public / "404.html").read_bytes())


def test_unsubscribe_links_reach_the_program_and_no_log(server, newsroom):
    answer = server.ask("/u/not-a-token-of-ours")
    assert (answer.status_code, answer.headers["briefingfeed-page"]) == (404, "unknown-link")
    assert answer.headers.get_list("cache-control") == ["no-store"]
    assert server.ask("/u/not-a-token-of-ours", "POST").headers["briefingfeed-page"] == "unknown-link"
    assert (server.ask("/healthz").text, server.ask("/healthz").status_code) == ("ok\n", 200)
    logs = [log for log in newsroom.folder.rglob("*log") if log.is_file()]
    assert logs
    assert not any("not-a-token" in log.read_text() for log in logs)


def test_what_providers_tell_reaches_the_program_even_if_it_is_long(server):
    answer = httpx.post(f"{server.address}/hooks/a-provider-without-settings", content=b" " * 3_000_000, timeout=30)
    assert (answer.status_code, answer.headers["briefingfeed-page"]) == (404, "not-found")


def test_without_a_hub_none_is_named(hubless):
    for path in FEEDS:
        answer = hubless.ask(path)
        assert "link" not in answer.headers
        assert answer.headers.get_list("cache-control") == ["public, max-age=300, must-revalidate"]


@pytest.mark.parametrize("path", OPENED)
@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_39_a_browser_that_opens_a_feed_gets_xml(server, path, coding):
    feed = server.ask(path, accept_encoding=coding)
    opened, head = (server.ask(path, method, accept_encoding=coding, **BY_BROWSER) for method in ("GET", "HEAD"))
    assert opened.headers["content-type"].lower() == "application/xml; charset=utf-8"
    assert (opened.status_code, opened.content) == (200, feed.content)
    assert feed.headers["content-type"].lower() == f"{FEEDS['/' + path.rpartition('/')[2]]}; charset=utf-8"
    assert varies(opened) == varies(head) == varies(feed) == {"accept-encoding", "sec-fetch-dest"}
    for name in ("content-type", "content-encoding", "etag", "cache-control", "link", "last-modified"):
        assert head.headers.get_list(name) == opened.headers.get_list(name)
        if name not in ("content-type", "etag"):
            assert opened.headers.get_list(name) == feed.headers.get_list(name)
    assert opened.headers.get("content-encoding", "identity") == coding


@pytest.mark.parametrize("path", OPENED)
@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_39_a_copy_of_the_feed_is_none_of_the_page(server, path, coding):
    """A cache may ask with the tag of a copy that does not fit, and keeps that copy's type after a 304 (RFC 9111)."""
    feed = server.ask(path, accept_encoding=coding)
    opened = server.ask(path, accept_encoding=coding, **BY_BROWSER)
    known, date = feed.headers["etag"], feed.headers["last-modified"]
    for condition in (
        {"if_none_match": known},
        {"if_none_match": known.replace("-gzip", "")},
        {"if_none_match": known, "if_modified_since": date},
    ):
        again = server.ask(path, accept_encoding=coding, **BY_BROWSER, **condition)
        assert (again.status_code, again.content) == (200, feed.content), condition
    if "etag" in opened.headers:
        page = opened.headers["etag"]
        again = server.ask(path, accept_encoding=coding, **BY_BROWSER, if_none_match=page)
        assert (again.status_code, again.content, varies(again)) == (304, b"", varies(opened))
        assert server.ask(path, accept_encoding=coding, if_none_match=page).status_code == 200
    else:
        assert server.name != "serve"


@pytest.mark.parametrize("destination", ["empty", "style", "image", "documents", ""])
def test_39_who_opens_no_document_gets_the_feed(server, destination):
    for path in FEEDS:
        answer = server.ask(path, sec_fetch_dest=destination)
        assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, FEEDS[path])


@pytest.mark.parametrize("path", [path for path in TEXTS if path not in OPENED])
def test_39_of_what_is_no_xml_feed_there_is_one_kind(server, path):
    usual, opened = comparable(server.ask(path)), comparable(server.ask(path, **BY_BROWSER))
    assert opened == usual
    assert "sec-fetch-dest" not in usual["vary"].lower()


def test_39_what_is_missing_is_missing_for_browsers_too(server, newsroom):
    for path in ("/nowhere/atom.xml", "/.opened/atom.xml", "/.secret/rss.xml"):
        answer = server.ask(path, **BY_BROWSER)
        assert (answer.status_code, answer.content) == (404, (newsroom.public / "404.html").read_bytes())
        assert answer.headers["content-type"].startswith("text/html")
    assert server.ask("/feed.xml", **BY_BROWSER).status_code == 301


def test_passing_everything_on_changes_nothing(proxy, newsroom):
    ours = Server("serve", newsroom.address)
    for path in (*TEXTS, picture(newsroom), "/u/not-a-token-of-ours", "/nowhere", "/feed.xml"):
        for asked in ({}, {"accept_encoding": "gzip"}, BY_BROWSER):
            through, direct = (server.ask(path, **asked) for server in (proxy, ours))
            assert (through.status_code, through.content) == (direct.status_code, direct.content)
            kept = comparable(direct)
            assert {name: comparable(through).get(name) for name in kept} == kept
    assert not any("not-a-token" in log.read_text() for log in newsroom.folder.rglob("*log") if log.is_file())


def comparable(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in ("date", "connection", "keep-alive")}


def varies(answer: httpx.Response) -> set[str]:
    return {name.strip() for line in answer.headers.get_list("vary") for name in line.lower().split(",")}


def strong(etag: str) -> str:
    return etag.removeprefix("W/")

"""What every answer carries, and what no log ever holds (S10, S16, S42)."""

from __future__ import annotations

import base64
import hashlib
import logging
import re
import sqlite3

import pytest

from briefingfeed.tokens import unsubscribe_token

REQUESTS = {
    "unsubscribe page": ("GET", "/u/{token}", 200),
    "head": ("HEAD", "/u/{token}", 200),
    "goodbye": ("POST", "/u/{token}", 200),
    "tampered": ("GET", "/u/{token}x", 404),
    "tampered post": ("POST", "/u/{token}x", 404),
    "about": ("GET", "/u/", 200),
    "health": ("GET", "/healthz", 200),
    "site": ("GET", "/", 200),
    "feed": ("GET", "/atom.xml", 200),
    "redirect": ("GET", "/posts", 308),
    "missing": ("GET", "/nowhere", 404),
    "wrong method": ("DELETE", "/u/{token}", 405),
    "wrong method on the site": ("POST", "/", 405),
}


@pytest.fixture
def built(publication):
    (publication.output / "posts").mkdir(parents=True)
    for name in ("index.html", "posts/index.html", "404.html", "atom.xml"):
        (publication.output / name).write_text(f"<p>{name}</p>")
    return publication


@pytest.mark.parametrize("what", REQUESTS)
def test_every_answer_is_safe_to_show(built, what):
    method, path, status = REQUESTS[what]
    answer = built.ask(method, path.format(token=built.token))
    assert answer.status_code == status
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["base-uri"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert "script-src" not in policy
    assert not any("unsafe" in sources for name, sources in policy.items() if name != "style-src-attr")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert "set-cookie" not in answer.headers
    if "/u/" in path or status >= 405:
        assert answer.headers["cache-control"] == "no-store"


def test_the_policy_names_the_style_of_the_page_by_its_hash(publication):
    answer = publication.ask("GET", f"/u/{publication.token}")
    style = re.search(r"<style>(.*?)</style>", answer.text, re.S).group(1)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in answer.headers["content-security-policy"]


def test_nothing_of_our_pages_comes_from_elsewhere(publication):
    for path in (f"/u/{publication.token}", "/u/", "/u/x", "/nowhere"):
        page = publication.ask("GET", path).text
        assert not re.search(r"\b(src|srcset|background)=|url\(|@import|<link|<script|<iframe", page)


def test_browsers_are_not_told_to_stay_on_https_where_there_is_none(publication):
    answer = publication.at("http://127.0.0.1:8090").ask("GET", "/u/")
    assert "strict-transport-security" not in answer.headers


def test_a_redirect_never_leads_to_another_host(built):
    for path in ("/posts?next=https://evil.example", "//posts", "/%5Cevil.example"):
        answer = built.ask("GET", path, headers={"host": "evil.example"})
        assert "evil" not in answer.headers.get("location", "")


def test_no_log_and_no_page_holds_a_token_or_an_address(built, caplog):
    caplog.set_level(logging.DEBUG)
    pages = [
        built.ask(method, path.format(token=built.token), headers={"x-forwarded-for": "198.51.100.7"}).text
        for method, path, _ in REQUESTS.values()
    ]
    pages.append(built.ask("GET", f"/nowhere?mail={built.address}&t={built.token}").text)
    other = sqlite3.connect(built.database.file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    pages.append(built.ask("POST", f"/u/{built.token}").text)
    other.close()
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("briefingfeed"))
    assert "POST unsubscribe 200" in ours
    assert "POST unsubscribe 503" in ours
    assert "the database is busy" in ours
    for secret in (built.address, built.token, built.subscriber_id, "198.51.100.7"):
        assert secret not in ours
        assert not any(secret in page for page in pages)


def test_an_error_that_nobody_foresaw_is_answered_and_logged_without_its_text(publication, caplog):
    with publication.database.write() as connection:
        connection.exec_driver_sql("CREATE TRIGGER trap BEFORE INSERT ON consent BEGIN SELECT RAISE(ABORT, 'x'); END")
    answer = publication.ask("POST", f"/u/{publication.token}")
    assert answer.status_code == 503
    assert publication.subscriber().state == "confirmed"
    assert publication.token not in caplog.text


def test_requests_to_unknown_words_are_logged_in_ours(publication, caplog):
    caplog.set_level(logging.INFO, "briefingfeed")
    publication.ask("X" * 30, f"/u/{unsubscribe_token(publication.keyring, 'x')}")
    assert re.fullmatch(r"\? other 405 \d+ ms", caplog.records[-1].getMessage())

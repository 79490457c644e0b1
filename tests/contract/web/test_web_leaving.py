"""Promise P4: nothing changes on GET; one POST without cookies is enough, for ever."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from briefingfeed.models.subscriber import ConsentKind, SubscriberState
from briefingfeed.services.readers.subscribers import erase
from briefingfeed.tokens import unsubscribe_token

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_at_the_page_five_times_changes_no_row(publication, method):
    before = publication.rows()
    for _ in range(5):
        answer = publication.ask(method, f"/u/{publication.token}")
        assert answer.status_code == 200
    assert publication.rows() == before
    assert publication.ask("POST", f"/u/{publication.token}").status_code == 200
    assert publication.subscriber().state is SubscriberState.UNSUBSCRIBED


def test_page_has_one_button_and_shows_nothing_of_the_subscriber(publication):
    page = publication.ask("GET", f"/u/{publication.token}").text
    assert len(re.findall(r"<button", page)) == 1
    assert re.search(r'<form method="post">\s*<button type="submit">Unsubscribe</button>\s*</form>', page)
    assert "<script" not in page
    assert "<input" not in page
    for secret in (publication.address, publication.token, publication.subscriber_id):
        assert secret not in page


@pytest.mark.parametrize("kind", [{"data": ONE_CLICK}, {"files": {"List-Unsubscribe": (None, "One-Click")}}])
def test_one_click_needs_nothing_but_the_post(publication, kind):
    answer = publication.ask("POST", f"/u/{publication.token}", **kind)
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    person = publication.subscriber()
    assert person.state is SubscriberState.UNSUBSCRIBED
    assert person.unsubscribed_at == NOW
    withdrawn = publication.consents()[-1]
    assert (withdrawn.kind, withdrawn.source) == (ConsentKind.WITHDRAWN, "one-click")


def test_one_click_twice_is_answered_alike_and_written_once(publication):
    answers = [publication.ask("POST", f"/u/{publication.token}", data=ONE_CLICK) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    assert [consent.kind for consent in publication.consents()] == [ConsentKind.ADDED, ConsentKind.WITHDRAWN]


@pytest.mark.parametrize(
    "request_with",
    [
        {},
        {"content": b"anything", "headers": {"content-type": "text/plain"}},
        {"content": b"--broken", "headers": {"content-type": "multipart/form-data; boundary=x"}},
        {"content": b"x", "headers": {"content-type": "multipart/form-data"}},
        {"headers": {"origin": "https://elsewhere.example", "cookie": "a=b"}},
    ],
    ids=["empty", "text", "broken multipart", "no boundary", "from another site"],
)
def test_whatever_the_body_says_a_post_leaves(publication, request_with):
    assert publication.ask("POST", f"/u/{publication.token}", **request_with).status_code == 200
    assert publication.subscriber().state is SubscriberState.UNSUBSCRIBED
    assert publication.consents()[-1].source == "page"


def test_a_token_of_an_older_key_works_for_ever(publication, make_ring):
    rotated = replace(publication, keyring=make_ring(b"o" * 32, b"n" * 32))
    assert rotated.token != publication.token
    assert rotated.ask("GET", f"/u/{publication.token}").status_code == 200
    assert rotated.ask("POST", f"/u/{publication.token}", data=ONE_CLICK).status_code == 200
    assert rotated.subscriber().state is SubscriberState.UNSUBSCRIBED


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_tampered_token_is_told_so_and_changes_nothing(publication, make_ring, method):
    before = publication.rows()
    stranger = unsubscribe_token(make_ring(b"x" * 32), publication.subscriber_id)
    token = publication.token
    for wrong in (
        token[:-1],
        token + "A",
        token.swapcase(),
        stranger,
        "x",
        "é",
        "a" * 5000,
        "%00",
        "..%2f..",
        f"{token}/x",
    ):
        answer = publication.ask(method, f"/u/{wrong}")
        assert answer.status_code == 404
        assert "link is not complete" in answer.text
    assert publication.rows() == before


def test_who_was_erased_meanwhile_gets_the_same_friendly_answer(publication):
    usual = publication.ask("POST", f"/u/{publication.token}")
    erase(publication.database, publication.address, now=NOW)
    before = publication.rows()
    answer = publication.ask("POST", f"/u/{publication.token}")
    assert (answer.status_code, answer.content) == (200, usual.content)
    assert publication.rows() == before


def test_token_that_nobody_has_shows_the_page_to_the_preflight(publication):
    answer = publication.ask("GET", f"/u/{unsubscribe_token(publication.keyring, 'preflight')}")
    assert answer.status_code == 200
    assert answer.headers["Briefingfeed-Page"] == "unsubscribe"


def test_goodbye_says_how_to_come_back_and_offers_nothing_else(publication):
    page = publication.ask("POST", f"/u/{publication.token}").text
    assert "You are unsubscribed" in page
    assert "mailto:briefings@briefings.example" in page
    assert "<form" not in page


def test_a_busy_database_asks_to_try_again_and_the_second_try_works(publication):
    other = sqlite3.connect(publication.database.file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    answer = publication.ask("POST", f"/u/{publication.token}", data=ONE_CLICK)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert "still subscribed" in answer.text
    assert publication.ask("GET", f"/u/{publication.token}").status_code == 200
    other.execute("ROLLBACK")
    other.close()
    assert publication.ask("POST", f"/u/{publication.token}", data=ONE_CLICK).status_code == 200
    assert publication.subscriber().state is SubscriberState.UNSUBSCRIBED


def test_a_body_larger_than_any_real_one_is_refused(publication):
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        headers = {"content-type": kind}
        answer = publication.ask("POST", f"/u/{publication.token}", content=b"--x\r\n" * 20_000, headers=headers)
        assert answer.status_code == 413
    assert publication.subscriber().state is SubscriberState.CONFIRMED


def test_a_form_that_never_comes_is_no_request_to_leave(publication):
    assert publication.ask_and_say_no_more("POST", f"/u/{publication.token}") == 408
    assert publication.subscriber().state is SubscriberState.CONFIRMED


def test_what_may_be_asked_is_told_whole(publication):
    answer = publication.ask("DELETE", f"/u/{publication.token}")
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "POST"}


@pytest.mark.parametrize("path", ["/u/", "/mail/u/"])
def test_the_bare_address_says_what_it_is_for(publication, path):
    answer = publication.at("https://harbour.example/mail").ask("GET", path)
    assert (answer.status_code, answer.headers["Briefingfeed-Page"]) == (200, "about")


@pytest.mark.parametrize("path", ["/u/", "/mail/u/"])
def test_a_proxy_may_leave_the_path_on_or_cut_it_off(publication, path):
    site = publication.at("https://harbour.example/mail/")
    assert site.ask("POST", f"{path}{publication.token}", data=ONE_CLICK).status_code == 200
    assert publication.subscriber().state is SubscriberState.UNSUBSCRIBED

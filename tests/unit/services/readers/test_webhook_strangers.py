"""Whoever knocks at a webhook without proof learns nothing and changes nothing."""

from __future__ import annotations

import logging
import sqlite3
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from briefingfeed.providers.postmark_webhook import PostmarkWebhook
from briefingfeed.tokens import Keyring, fingerprint, webhook_passwords
from briefingfeed.web.hooks import MOST_CALL
from publications import KEY

from .doors import Door, basic, mark_of

NEW_KEY = b"the key that came after the first"


@pytest.fixture
def door(house: Any) -> Door:
    house.subscribe("ann")
    house.mail()
    return Door(house, "postmark", PostmarkWebhook(webhook_passwords(house.keyring, "postmark")))


def complaint(house: Any) -> dict[str, object]:
    return {"RecordType": "SpamComplaint", "ID": 7, "Metadata": {"mark": mark_of(house.copy("ann"))}}


def password(house: Any) -> str:
    return webhook_passwords(house.keyring, "postmark")[0]


def rows(house: Any) -> list[str]:
    with house.database.read() as connection:
        raw: Any = connection.connection.driver_connection
        return list(raw.iterdump())


def test_no_proof_no_answer(house: Any, door: Door) -> None:
    before = rows(house)
    wrong = [
        {},
        basic(""),
        basic("guess"),
        basic(password(house)[:-1]),
        basic(webhook_passwords(house.keyring, "brevo")[0]),
        {"Authorization": "Bearer " + password(house)},
        {"Authorization": "Basic " + password(house)},
        {"Authorization": "Basic %%%"},
    ]
    for headers in wrong:
        assert door.tell(complaint(house), headers) == 401, headers
    assert rows(house) == before
    assert door.tell(complaint(house), basic(password(house))) == 200
    assert rows(house) != before


def test_what_cannot_be_read_is_refused_only_after_the_proof(house: Any, door: Door) -> None:
    for body in (b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000):
        assert door.tell(body, {}) == 401
        assert door.tell(body, basic(password(house))) == 400


def test_other_doors_are_none(house: Any, door: Door) -> None:
    assert door.knock("POST", "/hooks/mailgun", content=b"{}").status_code == 404
    assert door.knock("POST", "/hooks/", content=b"{}").status_code == 404
    assert door.knock("GET", "/hooks/postmark").status_code == 405
    assert door.knock("HEAD", "/hooks/postmark").status_code == 200


def test_a_call_that_is_too_long_is_not_read_to_its_end(house: Any, door: Door) -> None:
    answer = door.knock("POST", "/hooks/postmark", content=b" " * (MOST_CALL + 1), headers=basic(password(house)))
    assert answer.status_code == 413
    assert door.tell(b" " * (MOST_CALL - 2) + b"{}", basic(password(house))) == 200


def test_the_password_of_an_older_key_still_counts(house: Any, door: Door) -> None:
    old = password(house)
    both = Keyring({fingerprint(KEY): KEY, fingerprint(NEW_KEY): NEW_KEY})
    later = Door(house, "postmark", PostmarkWebhook(webhook_passwords(both, "postmark")))
    new = webhook_passwords(both, "postmark")[0]
    assert new != old
    assert [later.tell({}, basic(each)) for each in (old, new)] == [200, 200]
    assert door.tell({}, basic(new)) == 401


def test_while_the_database_is_busy_it_must_be_told_again(house: Any, door: Door) -> None:
    other = sqlite3.connect(house.folder / "var" / "test.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert door.tell(complaint(house), basic(password(house))) == 503
    other.execute("ROLLBACK")
    other.close()
    assert house.suppression("ann") is None
    assert door.tell(complaint(house), basic(password(house))) == 200
    assert house.suppression("ann")


def test_the_log_holds_neither_password_nor_address_nor_mark(
    house: Any, door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    said = complaint(house) | {"Email": "ann@readers.example", "Details": "ann@readers.example hates it"}
    door.tell(said, basic(password(house)))
    ours = "\n".join(each.getMessage() for each in caplog.records if each.name.startswith("briefingfeed"))
    assert "POST webhook 200" in ours
    for secret in ("ann@", password(house), mark_of(house.copy("ann"))):
        assert secret not in ours


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.sampled_from(["Type", "Details", "Metadata", "MessageID", "Email", "BouncedAt", "Recipient", "ID"])


@settings(suppress_health_check=list(HealthCheck), max_examples=60)
@given(
    kind=st.sampled_from(["Bounce", "SpamComplaint", "Delivery", "SubscriptionChange"]) | JSON,
    of=st.sampled_from(["HardBounce", "SoftBounce", "Unsubscribe"]) | JSON,
    record=st.dictionaries(FIELDS, JSON),
)
def test_whatever_else_the_provider_says_is_taken_and_suppresses_nobody(
    house: Any, door: Door, kind: object, of: object, record: dict[str, object]
) -> None:
    told = {"SuppressSending": True, "SuppressionReason": "ManualSuppression", "Type": of, "RecordType": kind} | record
    assert door.tell(told, basic(password(house))) == 200
    assert house.suppression("ann") is None

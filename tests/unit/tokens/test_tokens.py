from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import Signer

from briefingfeed.errors import SecretKeyError
from briefingfeed.tokens import (
    Keyring,
    TokenError,
    address_hash,
    fingerprint,
    message_id,
    read_unsubscribe_token,
    unsubscribe_token,
)

OLD, NEW = b"an old key of enough bytes......", b"a newer key of enough bytes....."
SUBSCRIBER = "3f2b8c1d9e4a4b6f8a7c5d1e2f3a4b5c"


def ring(*keys: bytes) -> Keyring:
    return Keyring({fingerprint(key): key for key in keys})


def test_token_gives_back_the_subscriber() -> None:
    keyring = ring(NEW)
    assert read_unsubscribe_token(keyring, unsubscribe_token(keyring, SUBSCRIBER)) == SUBSCRIBER


def test_token_is_the_same_each_time_and_fits_in_a_url() -> None:
    first, second = (unsubscribe_token(ring(NEW), SUBSCRIBER) for _ in range(2))
    assert first == second
    assert re.fullmatch(r"[A-Za-z0-9._-]{40,100}", first)


@given(st.binary(min_size=16, max_size=100), st.text(st.characters(codec="ascii"), min_size=1, max_size=80))
def test_token_is_the_one_that_itsdangerous_makes_and_accepts(key: bytes, subscriber: str) -> None:
    signer = Signer(key, salt=b"briefingfeed/unsubscribe", key_derivation="hmac", digest_method=hashlib.sha256)
    token = unsubscribe_token(ring(key), subscriber)
    assert token.encode() == signer.sign(subscriber)
    assert signer.unsign(token).decode() == subscriber


def test_a_key_that_could_be_guessed_is_refused() -> None:
    assert unsubscribe_token(ring(b"k" * 16), SUBSCRIBER)
    with pytest.raises(SecretKeyError, match="too short: 15 bytes, at least 16"):
        ring(b"k" * 15)


def test_token_of_an_old_key_still_verifies_after_a_new_key_came() -> None:
    token = unsubscribe_token(ring(OLD), SUBSCRIBER)
    assert read_unsubscribe_token(ring(OLD, NEW), token) == SUBSCRIBER


def test_an_edition_frozen_with_the_old_key_keeps_its_links() -> None:
    assert unsubscribe_token(ring(OLD, NEW), SUBSCRIBER, key=fingerprint(OLD)) == unsubscribe_token(
        ring(OLD), SUBSCRIBER
    )


def test_the_newest_key_signs() -> None:
    keyring = ring(OLD, NEW)
    assert keyring.current == fingerprint(NEW)
    assert unsubscribe_token(keyring, SUBSCRIBER) == unsubscribe_token(ring(NEW), SUBSCRIBER)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: token[:-2],
        lambda token: "0" + token[1:],
        lambda token: token.replace(".", ""),
        lambda token: "",
        lambda token: "é" + token,
        lambda token: token * 50,
        lambda token: token + "\n",
    ],
)
def test_damaged_token_is_refused_without_being_repeated(spoil) -> None:
    token = spoil(unsubscribe_token(ring(NEW), SUBSCRIBER))
    with pytest.raises(TokenError) as caught:
        read_unsubscribe_token(ring(NEW), token)
    assert not token or token not in str(caught.value)


def test_every_changed_character_of_the_id_is_noticed() -> None:
    token = unsubscribe_token(ring(NEW), SUBSCRIBER)
    for place in range(len(SUBSCRIBER)):
        changed = token[:place] + ("0" if token[place] != "0" else "1") + token[place + 1 :]
        with pytest.raises(TokenError):
            read_unsubscribe_token(ring(NEW), changed)


def test_token_of_an_unknown_key_is_refused() -> None:
    with pytest.raises(TokenError):
        read_unsubscribe_token(ring(NEW), unsubscribe_token(ring(OLD), SUBSCRIBER))


def test_token_made_for_another_purpose_is_refused() -> None:
    other = Signer(NEW, salt=b"briefingfeed/confirm", key_derivation="hmac").sign(SUBSCRIBER).decode()
    with pytest.raises(TokenError):
        read_unsubscribe_token(ring(NEW), other)


def test_message_id_is_derived_and_differs_by_edition_subscriber_and_key() -> None:
    keyring = ring(OLD, NEW)

    def made(key: bytes = NEW, edition: str = "weekly/2026-W48", subscriber: str = SUBSCRIBER) -> str:
        return message_id(keyring, fingerprint(key), edition, subscriber, "lists.example.org")

    assert made() == made()
    assert re.fullmatch(r"<[A-Za-z0-9_-]{32}@lists\.example\.org>", made())
    assert len({made(), made(key=OLD), made(edition="weekly/2026-W49"), made(subscriber="0" * 32)}) == 4


@given(st.binary(min_size=16, max_size=100), st.text(max_size=20), st.text(max_size=80))
def test_message_id_is_a_keyed_hash_that_every_later_version_must_make(
    key: bytes, edition: str, subscriber: str
) -> None:
    derived = hmac.digest(key, b"briefingfeed/message-id", "sha256")
    digest = hmac.digest(derived, f"{edition}\0{subscriber}".encode(), "sha256")
    made = message_id(ring(key), fingerprint(key), edition, subscriber, "b.example")
    assert made == f"<{urlsafe_b64encode(digest)[:32].decode()}@b.example>"


def test_address_hash_ignores_case_and_unicode_form() -> None:
    assert address_hash(OLD, "Zoë@Example.org ") == address_hash(OLD, "zoë@example.org")
    assert address_hash(OLD, "ann@example.org") != address_hash(NEW, "ann@example.org")
    assert "ann" not in address_hash(OLD, "ann@example.org")


def test_missing_key_names_the_backup() -> None:
    with pytest.raises(SecretKeyError, match="backup"):
        unsubscribe_token(ring(NEW), SUBSCRIBER, key=fingerprint(OLD))


@pytest.mark.parametrize("keys", [{}, {fingerprint(b"short"): b"short"}, {"0" * 16: NEW}])
def test_a_keyring_that_cannot_be_trusted_is_refused(keys) -> None:
    with pytest.raises(SecretKeyError):
        Keyring(keys)


def test_repr_shows_no_key() -> None:
    assert NEW.decode() not in repr(ring(NEW))
    assert str(NEW) not in repr(ring(NEW))

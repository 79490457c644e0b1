from __future__ import annotations

import hmac
import re
from base64 import b32encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefingfeed.tokens import (
    BOUNCE_MARK,
    Keyring,
    TokenError,
    bounce_row,
    bounce_token,
    fingerprint,
    is_bounce_token,
)

OLD, NEW = b"an old key of enough bytes......", b"a newer key of enough bytes....."
ANN, BOB = "3f2b8c1d9e4a4b6f8a7c5d1e2f3a4b5c", "9e4a4b6f8a7c5d1e2f3a4b5c3f2b8c1d"


def ring(*keys: bytes) -> Keyring:
    return Keyring({fingerprint(key): key for key in keys})


def mark(row: int = 7, subscriber: str = ANN, key: bytes = NEW) -> str:
    return bounce_token(ring(key), row, subscriber, key=fingerprint(key))


@given(st.integers(min_value=0, max_value=2**40 - 1))
def test_a_mark_names_its_row_and_is_known_again(row: int) -> None:
    token = mark(row)
    assert re.fullmatch(BOUNCE_MARK, token)
    assert bounce_row(token) == row
    assert is_bounce_token(ring(NEW), token, ANN)


@given(st.integers(min_value=0, max_value=2**40 - 1), st.text(max_size=40), st.binary(min_size=16, max_size=100))
def test_a_mark_is_a_row_and_a_keyed_hash_that_every_later_version_must_make(row: int, who: str, key: bytes) -> None:
    octets = row.to_bytes(5, "big")
    seal = hmac.digest(hmac.digest(key, b"briefingfeed/bounce", "sha256"), octets + who.encode(), "sha256")[:10]
    assert mark(row, who, key) == b32encode(octets + seal).decode().lower()


def test_a_mark_survives_a_relay_that_folds_case() -> None:
    assert is_bounce_token(ring(NEW), mark().upper(), ANN)
    assert bounce_row(mark(7).upper()) == 7


def test_the_local_part_with_its_mark_keeps_to_the_64_octets_of_rfc_5321() -> None:
    assert len(f"{'x' * 30}+{mark(2**40 - 1)}") <= 64


def test_a_mark_is_worth_nothing_for_another_subscriber() -> None:
    assert not is_bounce_token(ring(NEW), mark(7, ANN), BOB)


def test_a_row_cannot_be_swapped_under_its_seal() -> None:
    assert not is_bounce_token(ring(NEW), mark(8)[:8] + mark(7)[8:], ANN)


def test_marks_made_with_an_older_key_are_known_after_a_new_one_came() -> None:
    assert is_bounce_token(ring(OLD, NEW), mark(key=OLD), ANN)
    assert not is_bounce_token(ring(NEW), mark(key=OLD), ANN)


@pytest.mark.parametrize("token", ["", "x", "1" * 24, "a" * 23, "a" * 25, "ä" * 24, mark()[:-1] + "=", mark() + "\n"])
def test_what_is_no_mark_is_refused(token: str) -> None:
    with pytest.raises(TokenError):
        bounce_row(token)
    with pytest.raises(TokenError):
        is_bounce_token(ring(NEW), token, ANN)

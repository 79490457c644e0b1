"""Signature Version 4 by its rules. `realparts/test_amazon_signatures.py` holds it against botocore."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from briefingfeed.providers.sigv4 import Signature
from servers.sigv4_check import SECRET_KEY, check_signature

PATH = "/v2/email/outbound-emails"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
OURS = Signature(key_id="AKID", secret=SECRET_KEY, region="eu-west-1", service="ses")


@given(st.binary(max_size=200), st.none() | st.just("a-token"))
def test_the_other_side_finds_the_signature_right(content: bytes, token: str | None) -> None:
    signature = Signature(key_id="AKID", secret=SECRET_KEY, token=token, region="eu-west-1", service="ses")
    headers = signature.headers("email.eu-west-1.amazonaws.com", PATH, content, NOON)
    assert check_signature(PATH, headers, content)
    assert not check_signature(PATH, headers, content + b" ")
    assert not check_signature("/v2/other", headers, content)
    assert not check_signature(PATH, {**headers, "host": "elsewhere.example"}, content)
    assert not check_signature(PATH, headers, content, secret="another")


def test_what_is_secret_is_not_shown() -> None:
    assert SECRET_KEY not in repr(OURS)
    assert "canary" not in repr(Signature(key_id="A", secret="s", token="canary", region="r", service="ses"))

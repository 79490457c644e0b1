"""Signature Version 4 as Amazon's own library makes it.

`sigv4.json` holds 60 of 3,000 requests that hypothesis made and botocore 1.44.5 signed; all 3,000 were signed alike
here. botocore itself is no package of ours: it asks for an older python-dateutil than feedgen has.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefingfeed.providers.sigv4 import Signature
from servers.sigv4_check import SECRET_KEY, check_signature

PATH = "/v2/email/outbound-emails"
SIGNED = json.loads((Path(__file__).parents[2] / "data" / "providers" / "sigv4.json").read_text(encoding="utf-8"))
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
OURS = Signature(key_id="AKID", secret=SECRET_KEY, region="eu-west-1", service="ses")


@pytest.mark.parametrize("case", SIGNED)
def test_a_request_is_signed_as_botocore_signs_it(case: dict[str, Any]) -> None:
    signature = Signature(
        key_id=case["key_id"], secret=case["secret"], token=case["token"], region=case["region"], service="ses"
    )
    headers = signature.headers(case["host"], PATH, bytes.fromhex(case["content"]), datetime.fromisoformat(case["now"]))
    assert headers["authorization"] == case["authorization"]


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

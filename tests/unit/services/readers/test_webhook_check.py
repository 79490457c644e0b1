"""Whether services can call at the public address."""

from __future__ import annotations

from pathlib import Path

import pytest

from briefingfeed.models.problem import Severity
from briefingfeed.models.settings import WebSettings
from briefingfeed.services.readers.webhook_check import webhook_findings
from publications import harbour_in

BOTH = ("postmark", "resend")


@pytest.mark.parametrize(
    ("public_url", "said"),
    [
        ("http://www.harbour.example", "what postmark and resend would tell at http://www.harbour.example can be read"),
        ("http://localhost:8090", "postmark and resend can't call http://localhost:8090"),
        ("http://127.0.0.1:8090", "postmark and resend can't call http://127.0.0.1:8090"),
    ],
)
def test_an_address_without_tls_is_a_warning(tmp_path: Path, public_url: str, said: str) -> None:
    settings = harbour_in(tmp_path, web=WebSettings(public_url=public_url))
    (warning,) = webhook_findings(settings, BOTH)
    assert said in warning.message
    assert warning.severity is Severity.WARNING
    assert "https://" in warning.remedy


def test_nothing_is_said_where_nobody_calls_or_all_is_well(tmp_path: Path) -> None:
    plain = WebSettings(public_url="http://www.harbour.example")
    assert not list(webhook_findings(harbour_in(tmp_path, web=plain), ()))
    tls = WebSettings(public_url="https://www.harbour.example")
    assert not list(webhook_findings(harbour_in(tmp_path, web=tls), BOTH))
    assert not list(webhook_findings(harbour_in(tmp_path, web=WebSettings()), BOTH))

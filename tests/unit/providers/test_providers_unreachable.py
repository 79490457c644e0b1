"""A server that cannot be reached: what people are told to try."""

from __future__ import annotations

import errno
import os

import pytest

from briefingfeed.providers.smtp_settings import Security, SmtpSettings
from briefingfeed.providers.smtp_troubles import unreachable

BLOCKED = (
    TimeoutError(),
    *(OSError(number, os.strerror(number)) for number in (errno.ECONNREFUSED, errno.ENETUNREACH, errno.EHOSTUNREACH)),
)


@pytest.mark.parametrize("error", BLOCKED)
@pytest.mark.parametrize(
    ("security", "port", "named"),
    [(Security.STARTTLS, None, 587), (Security.TLS, None, 465), (Security.STARTTLS, 25, 25)],
)
def test_a_port_that_hosting_companies_like_to_block_is_called_one(
    error: OSError, security: Security, port: int | None, named: int
) -> None:
    remedy = str(unreachable(SmtpSettings(host="mail.example.org", security=security, port=port), error).remedy)
    assert f"block port {named}" in remedy
    for way_out in ("2525", "ask your hosting company", "HTTPS"):
        assert way_out in remedy


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        (SmtpSettings(host="mail.example.org", port=2525), TimeoutError()),
        (SmtpSettings(host="localhost", security=Security.NONE), OSError(errno.ECONNREFUSED, "Connection refused")),
        (SmtpSettings(host="127.0.0.1", port=587), TimeoutError()),
        (SmtpSettings(host="mail.example.org"), OSError("the name has no address")),
        (SmtpSettings(host="mail.example.org"), OSError(-2, "Name or service not known")),
    ],
)
def test_elsewhere_nobody_is_led_astray(settings: SmtpSettings, error: OSError) -> None:
    trouble = unreachable(settings, error)
    assert "block" not in str(trouble)
    assert "Check host and port" in str(trouble.remedy)
    assert "no answer in time" in str(trouble) or error.strerror is not None or str(error) in str(trouble)

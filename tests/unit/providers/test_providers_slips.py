"""A port and a `security` that are each right, and together probably a slip."""

from __future__ import annotations

import pytest

from briefingfeed.providers.smtp_settings import Security, SmtpSettings

HOST = "mail.example.org"


@pytest.mark.parametrize(
    ("port", "security", "remedy"),
    [
        (465, Security.STARTTLS, 'write security = "tls", or port = 587'),
        (587, Security.TLS, 'write security = "starttls", or port = 465'),
        (25, Security.TLS, 'write security = "starttls", or port = 465'),
    ],
)
def test_a_known_port_with_the_other_security_is_told(port: int, security: Security, remedy: str) -> None:
    slip = SmtpSettings(host=HOST, port=port, security=security).slip
    assert slip is not None
    assert f"port {port} goes with" in slip.message
    assert slip.remedy == remedy


@pytest.mark.parametrize(
    "settings",
    [
        SmtpSettings(host=HOST),
        SmtpSettings(host=HOST, security=Security.TLS),
        SmtpSettings(host=HOST, port=25),
        SmtpSettings(host=HOST, port=2525),
        SmtpSettings(host=HOST, port=2465, security=Security.TLS),
        SmtpSettings(host="localhost", security=Security.NONE),
        SmtpSettings(host="127.0.0.1", port=465),
    ],
)
def test_whatever_may_well_be_meant_is_not(settings: SmtpSettings) -> None:
    assert settings.slip is None

"""What `check` says about webhooks: an address at which no service can call, or none should."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from briefingfeed.hosts import is_loopback
from briefingfeed.models.problem import Problem, Severity
from briefingfeed.models.settings import Settings


def webhook_findings(settings: Settings, names: Sequence[str]) -> Iterator[Problem]:
    """Yield a warning if the providers named would call back at an address that doesn't begin with https://."""
    address = urlsplit(settings.public_url)
    if not names or address.scheme == "https":
        return
    if is_loopback(address.hostname or ""):
        message = f"{' and '.join(names)} can't call {settings.public_url}: that is this machine, to itself only"
    else:
        message = (
            f"what {' and '.join(names)} would tell at {settings.public_url} can be read on its way, passwords "
            "included; most services refuse such an address"
        )
    yield Problem(
        path=settings.file.name,
        message=f"[web] public_url: {message}",
        remedy="set it to the https:// address by which `briefingfeed serve` is reached: docs/web-servers.md",
        severity=Severity.WARNING,
    )

"""How a provider is set up: what its module declares as `SPEC`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from briefingfeed.models.dkim import DkimSettings
from briefingfeed.models.settings import PathSettings
from briefingfeed.providers.base import Provider
from briefingfeed.providers.capabilities import OURS, Capabilities
from briefingfeed.providers.webhook import Webhook


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that never stands in the settings: the environment's `variable`, or the content of the file that the
    settings' `key` names (relative to the publication's folder)."""

    variable: str
    key: str


Found = Mapping[Secret, str]
Clock = Callable[[], datetime]
"""Aware UTC."""


@dataclass(frozen=True, slots=True)
class Slip:
    """What is right by itself in a provider's table, and together probably a slip."""

    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Signing:
    """How a way out is told that we sign its mails ourselves (DKIM)."""

    wanted: Callable[[Any], DkimSettings | None]
    """Finds it in the settings; None: whoever takes the mails signs them."""
    key: Secret


@dataclass(frozen=True, slots=True)
class WebhookSpec:
    """How a service tells us what became of mails that it took: `web.hooks`."""

    build: Callable[[Any, Found, Sequence[str]], Webhook | None]
    """Gets the provider's settings, the secrets found, and the passwords that we hand out to services that sign
    nothing, newest first. Returns None as long as something is missing that proves who calls; raises
    ConfigurationError for what proves nothing."""
    events: str
    """Which events are to be chosen there, in the service's words."""
    needs: str = ""
    """What proves who calls: the setting or secret that has to be there. Empty: a password in the address."""


@dataclass(frozen=True, slots=True)
class ProviderSpec:
    """`settings` is the dataclass of the provider's table; it raises ValueError for values that don't go together.

    `build` gets an instance of it, those of the `secrets` that were found, the publication's paths, and the clock. It
    opens no connection and raises ConfigurationError.
    """

    settings: type[Any]
    build: Callable[[Any, Found, PathSettings, Clock], Provider]
    secrets: tuple[Secret, ...] = ()
    signing: Signing | None = None
    """None: it is never for us to sign, since the service writes the mail itself, or since there is none."""
    capabilities: Capabilities = OURS
    webhook: WebhookSpec | None = None
    """None: what comes back comes by mail."""
    slip: Callable[[Any], Slip | None] = lambda _settings: None
    """Finds what `check` warns of in the settings."""

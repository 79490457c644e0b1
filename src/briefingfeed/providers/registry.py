"""Every way out, one line each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from briefingfeed.models.settings import PathSettings
from briefingfeed.providers import outbox, smtp
from briefingfeed.providers.base import Provider


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that never stands in the settings: an environment variable, or the file that the settings' `key` names
    (relative to the publication's folder)."""

    variable: str
    key: str


@dataclass(frozen=True, slots=True)
class ProviderSpec:
    """How a provider is set up. `build` gets an instance of `settings`, the secret if there is one, and the paths; it
    raises ConfigurationError. It opens no connection."""

    settings: type[Any]
    build: Callable[[Any, str | None, PathSettings], Provider]
    secret: Secret | None = None


def _outbox(settings: outbox.OutboxSettings, secret: str | None, paths: PathSettings) -> Provider:
    del secret
    return outbox.OutboxProvider(paths.root / settings.folder if settings.folder else paths.state / "outbox")


def _smtp(settings: smtp.SmtpSettings, secret: str | None, paths: PathSettings) -> Provider:
    return smtp.SmtpProvider(settings.below(paths.root), secret)


PROVIDERS: Mapping[str, ProviderSpec] = MappingProxyType(
    {
        outbox.NAME: ProviderSpec(outbox.OutboxSettings, _outbox),
        smtp.NAME: ProviderSpec(smtp.SmtpSettings, _smtp, Secret(smtp.PASSWORD_VARIABLE, "password_file")),
    }
)

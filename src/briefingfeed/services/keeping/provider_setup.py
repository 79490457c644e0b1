"""How a provider is set up: its own table of settings, and its secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from briefingfeed import config
from briefingfeed.models.settings import Settings
from briefingfeed.providers.registry import provider_spec
from briefingfeed.providers.spec import Found, ProviderSpec, Secret
from briefingfeed.services.keeping.keys import read_secret


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSetup:
    name: str
    spec: ProviderSpec
    table: Any
    """Of the type `spec.settings`."""
    secrets: Found = field(repr=False)
    """Those that there are."""


def read_setup(settings: Settings, name: str, environ: Mapping[str, str]) -> ProviderSetup:
    """Read what the settings, the environment and files of secrets say about a provider.

    Raises ConfigurationError for a table that is wrong, SecretKeyError for a secret that can't be read.
    """
    table = read_provider_table(settings, name)
    found = {}
    for secret in provider_spec(name).secrets:
        if value := _find(secret, table, environ, settings.paths.root):
            found[secret] = value
    return ProviderSetup(name=name, spec=provider_spec(name), table=table, secrets=found)


def read_provider_table(settings: Settings, name: str) -> Any:
    """Return a provider's own settings, which may all be left out. Raises ConfigurationError."""
    given = settings.provider_tables.get(name, {})
    return config.read_table(provider_spec(name).settings, given, file=settings.file, name=name)


def _find(secret: Secret, table: Any, environ: Mapping[str, str], root: Path) -> str | None:
    """Return a secret from the environment, else from the file that the table names, below `root`."""
    file: Path | None = getattr(table, secret.key)
    return environ.get(secret.variable) or (read_secret(root / file) if file else None)

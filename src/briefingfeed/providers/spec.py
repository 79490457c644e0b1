"""How a provider is set up: what its module declares as `SPEC`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from briefingfeed.models.settings import PathSettings
from briefingfeed.providers.base import Provider


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that never stands in the settings: the environment's `variable`, or the content of the file that the
    settings' `key` names (relative to the publication's folder)."""

    variable: str
    key: str


Found = Mapping[Secret, str]


@dataclass(frozen=True, slots=True)
class ProviderSpec:
    """`settings` is the dataclass of the provider's table; it raises ValueError for values that don't go together.

    `build` gets an instance of it, those of the `secrets` that were found, and the publication's paths. It opens no
    connection and raises ConfigurationError.
    """

    settings: type[Any]
    build: Callable[[Any, Found, PathSettings], Provider]
    secrets: tuple[Secret, ...] = ()

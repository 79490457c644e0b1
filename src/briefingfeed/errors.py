"""Everything that can go wrong in a way the caller is expected to handle.

    BriefingfeedError                 exit code 1
    ├── UsageError                    2    the command line asks for something that does not exist
    ├── ConfigurationError            78   settings, environment, secrets
    │   ├── SecretKeyError                 a key is missing, unknown or readable by others
    │   ├── RestoredError                  the database is older than what was done here, or a copy
    │   └── TemplateError                  a template does not parse or names something unknown
    ├── ContentError                  1    posts or authors.toml need the editor; carries every problem
    ├── RefusedError                  1    the state of an edition or address does not allow this
    └── TemporaryError                75   the same command may succeed later
        ├── LockedError                    another run is at work
        ├── StorageError                   database busy, disk full
        │   ├── AccessError           78   the database's server lets nobody in by this address and password
        │   └── DamageError           1    the database's file needs its backup; no later run mends it
        └── ProviderError                  the way out cannot be reached now

The intended use:

    try:
        build(...)
    except BriefingfeedError as error:
        report(error)
        sys.exit(error.exit_code)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from briefingfeed.models.problem import Problem


class BriefingfeedError(Exception):
    """Base of every error of ours: what is wrong, where, and what to do about it."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, where: str | None = None, remedy: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text}\n  {self.remedy}" if self.remedy else text


class UsageError(BriefingfeedError):
    """The command line names something that does not exist or does not go together."""

    exit_code = 2


class ConfigurationError(BriefingfeedError):
    """briefingfeed.toml, the environment or a secret's file is wrong."""

    exit_code = 78


class SecretKeyError(ConfigurationError):
    """The key that signs links is missing, unknown to the database, or readable by others."""


class RestoredError(ConfigurationError):
    """The database was restored or copied. Until somebody has adopted it nobody is mailed: they may have it already."""


class TemplateError(ConfigurationError):
    """A template does not parse, or uses a name that is not there."""


class ContentError(BriefingfeedError):
    """Posts or authors.toml need the editor. `problems` holds every one of them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class RefusedError(BriefingfeedError):
    """What was asked is understood, but the state of the edition, delivery or address does not allow it."""


class TemporaryError(BriefingfeedError):
    """Nothing is lost; the same command may succeed later."""

    exit_code = 75


class LockedError(TemporaryError):
    """Another run holds the lock."""


class StorageError(TemporaryError):
    """The database could not be read or written: busy, disk full, damaged."""


class AccessError(StorageError):
    """The database's server is there, but refuses this user, password or database."""

    exit_code = 78


class DamageError(StorageError):
    """The database's file is damaged or none: it stays so until somebody restores it."""

    exit_code = 1


class ProviderError(TemporaryError):
    """The way out cannot be used now: no connection, no TLS, wrong password, told to wait.

    `retry_after`: the seconds that it asked to be left alone.
    """

    def __init__(
        self,
        message: str,
        *,
        where: str | None = None,
        remedy: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, where=where, remedy=remedy)
        self.retry_after = retry_after

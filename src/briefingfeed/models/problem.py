"""A problem in a file: what an editor or operator reads when something cannot be published."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    ERROR = "error"
    """The file is left out, or keeps its last good version."""
    WARNING = "warning"
    """Published all the same, but somebody should look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong at one place. `path` is relative to the publication's folder; `line` counts from 1."""

    path: str
    message: str
    remedy: str
    line: int | None = None
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place}: {self.severity}: {self.message}\n  {self.remedy}"

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR

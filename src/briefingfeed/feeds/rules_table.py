"""Rule and Breach: what every rule of the validator has, and what is said when one is broken."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from briefingfeed.feeds.rules_sheets import Item, Sheet
from briefingfeed.models.problem import Severity

ERROR = Severity.ERROR
WARNING = Severity.WARNING


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    """As the W3C validator calls it, where it knows the rule."""
    statement: str | None
    """Its numbers in our checklist of feeds."""
    severity: Severity
    """An error is never published."""
    source: str
    says: str
    """What is wrong when it is broken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What the documents must agree with."""

    url: str
    """Without a slash at its end."""
    hub: str | None
    entries: int
    """At most so many in a feed."""
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    rule: Rule
    path: str
    """Of the document."""
    detail: str = ""
    entry_id: str | None = None

    def __str__(self) -> str:
        return f"{self.rule.says}{f': {self.detail}' if self.detail else ''} ({self.rule.name})"


ItemTest = Callable[[Item, Sheet], str | None]
"""Returns what breaks the rule, empty if its name says all; None if nothing does."""

SheetTest = Callable[[Sheet, Site], Iterable[str]]

SetTest = Callable[[dict[str, Sheet], Site], Iterable[tuple[str, str]]]
"""Of the sheets by path; yields path and detail."""

"""What the settings say about signing mails (RFC 6376)."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_SELECTOR = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_DOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})+")


@dataclass(frozen=True, slots=True, kw_only=True)
class DkimSettings:
    """Raises ValueError for a name that the domain name system couldn't hold."""

    selector: str
    """Which of the domain's keys: its record stands at `SELECTOR._domainkey.DOMAIN`."""
    domain: str | None = None
    """In ASCII. None: that of the From address."""
    unsigned: Collection[str] = frozenset()
    """Names of header fields, in lower case, that the relay writes anew: a signature over them would break."""

    def __post_init__(self) -> None:
        if not _SELECTOR.fullmatch(self.selector):
            raise ValueError('dkim_selector must be a word such as "briefings1": letters, digits and hyphens')
        if self.domain is not None and not _DOMAIN.fullmatch(self.domain):
            raise ValueError('dkim_domain must be a domain such as "example.org"')

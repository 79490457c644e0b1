"""How the copies of a trial go out: as they are over one connection, or signed (DKIM) over several.

A test that is marked `IN_BOTH_WAYS` is played on both databases as they are, and signed on SQLite: what a database does
is the same whoever signs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pytest


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    connections: int
    """At least; some tests ask for more."""
    is_signed: bool


PLAIN: Final = Way(connections=1, is_signed=False)
SIGNED: Final = Way(connections=3, is_signed=True)
DATABASES: Final = ("sqlite", "postgresql")

_SIGNED = "signed-3-connections"
IN_BOTH_WAYS = pytest.mark.parametrize(
    ("fresh_url", "way"),
    [("sqlite", PLAIN), ("postgresql", PLAIN), ("sqlite", SIGNED)],
    ids=[*DATABASES, _SIGNED],
    indirect=True,
)
SIGNED_ON_SQLITE = pytest.mark.parametrize(("fresh_url", "way"), [("sqlite", SIGNED)], ids=[_SIGNED], indirect=True)
IN_BOTH_WAYS_ON_ONE = pytest.mark.parametrize("way", [PLAIN, SIGNED], ids=["plain", _SIGNED], indirect=True)
"""For tests that bring their own database."""
